/**
 * Every built-in component: its names and where its declaration is. The only file that names a component; a
 * look-up imports one declaration, and a declaration imports the code when a worker runs it.
 */
import type { ComponentKind, RegistryEntry, RegistryEntryOf } from './component/declaration.ts';

const FLUME = 'org.apache.flume';

function entry<K extends ComponentKind>(
  kind: K,
  aliases: readonly string[],
  classes: readonly string[],
  declare: RegistryEntryOf<K>['declare'],
): RegistryEntryOf<K> {
  return { kind, aliases, classes, declare };
}

/** Flume wants the Builder of these; the class itself is taken, too. */
function builder(name: string): readonly string[] {
  return [`${FLUME}.${name}$Builder`, `${FLUME}.${name}`];
}

export const registry: readonly RegistryEntry[] = [
  entry('source', ['avro'], [`${FLUME}.source.AvroSource`], () => import('./sources/avro/index.ts')),
  entry('source', ['netcat'], [`${FLUME}.source.NetcatSource`], () => import('./sources/netcat/index.ts')),
  entry(
    'source',
    ['netcatudp'],
    [`${FLUME}.source.NetcatUdpSource`],
    () => import('./sources/netcatudp/index.ts'),
  ),
  entry('source', ['exec'], [`${FLUME}.source.ExecSource`], () => import('./sources/exec/index.ts')),
  entry(
    'source',
    ['spooldir'],
    [`${FLUME}.source.SpoolDirectorySource`],
    () => import('./sources/spooldir/index.ts'),
  ),
  entry(
    'source',
    ['taildir'],
    [`${FLUME}.source.taildir.TaildirSource`],
    () => import('./sources/taildir/index.ts'),
  ),
  entry('source', ['http'], [`${FLUME}.source.http.HTTPSource`], () => import('./sources/http/index.ts')),
  entry(
    'source',
    ['seq'],
    [`${FLUME}.source.SequenceGeneratorSource`],
    () => import('./sources/seq/index.ts'),
  ),
  entry('source', [], [`${FLUME}.source.StressSource`], () => import('./sources/stress/index.ts')),
  entry('source', ['thrift'], [`${FLUME}.source.ThriftSource`], () => import('./sources/thrift/index.ts')),
  entry('source', [], [`${FLUME}.source.scribe.ScribeSource`], () => import('./sources/scribe/index.ts')),
  entry(
    'source',
    [],
    [`${FLUME}.source.thriftLegacy.ThriftLegacySource`],
    () => import('./sources/thrift_legacy/index.ts'),
  ),
  entry(
    'source',
    [],
    [`${FLUME}.source.avroLegacy.AvroLegacySource`],
    () => import('./sources/avro_legacy/index.ts'),
  ),

  entry(
    'channel',
    ['memory'],
    [`${FLUME}.channel.MemoryChannel`],
    () => import('./channels/memory/index.ts'),
  ),
  entry('channel', ['file'], [`${FLUME}.channel.file.FileChannel`], () => import('./channels/file/index.ts')),
  entry(
    'channel',
    ['spillablememory'],
    [`${FLUME}.channel.SpillableMemoryChannel`],
    () => import('./channels/spillable_memory/index.ts'),
  ),
  entry('channel', ['jdbc'], [`${FLUME}.channel.jdbc.JdbcChannel`], () => import('./channels/jdbc/index.ts')),
  entry(
    'channel',
    [],
    [`${FLUME}.channel.PseudoTxnMemoryChannel`],
    () => import('./channels/pseudo_txn_memory/index.ts'),
  ),

  entry('sink', ['avro'], [`${FLUME}.sink.AvroSink`], () => import('./sinks/avro/index.ts')),
  entry('sink', ['logger'], [`${FLUME}.sink.LoggerSink`], () => import('./sinks/logger/index.ts')),
  entry('sink', ['null'], [`${FLUME}.sink.NullSink`], () => import('./sinks/null/index.ts')),
  entry('sink', ['thrift'], [`${FLUME}.sink.ThriftSink`], () => import('./sinks/thrift/index.ts')),
  entry('sink', ['file_roll'], [`${FLUME}.sink.RollingFileSink`], () => import('./sinks/file_roll/index.ts')),
  entry('sink', ['hdfs'], [`${FLUME}.sink.hdfs.HDFSEventSink`], () => import('./sinks/hdfs/index.ts')),

  entry(
    'interceptor',
    ['timestamp'],
    builder('interceptor.TimestampInterceptor'),
    () => import('./interceptors/timestamp/index.ts'),
  ),
  entry(
    'interceptor',
    ['host'],
    builder('interceptor.HostInterceptor'),
    () => import('./interceptors/host/index.ts'),
  ),
  entry(
    'interceptor',
    ['static'],
    builder('interceptor.StaticInterceptor'),
    () => import('./interceptors/static/index.ts'),
  ),
  entry(
    'interceptor',
    ['regex_filter'],
    builder('interceptor.RegexFilteringInterceptor'),
    () => import('./interceptors/regex_filter/index.ts'),
  ),
  entry(
    'interceptor',
    ['regex_extractor'],
    builder('interceptor.RegexExtractorInterceptor'),
    () => import('./interceptors/regex_extractor/index.ts'),
  ),
  entry(
    'interceptor',
    ['search_replace'],
    builder('interceptor.SearchAndReplaceInterceptor'),
    () => import('./interceptors/search_replace/index.ts'),
  ),
  entry(
    'interceptor',
    ['remove_header'],
    builder('interceptor.RemoveHeaderInterceptor'),
    () => import('./interceptors/remove_header/index.ts'),
  ),
  entry(
    'interceptor',
    [],
    builder('sink.solr.morphline.UUIDInterceptor'),
    () => import('./interceptors/uuid/index.ts'),
  ),

  entry(
    'selector',
    ['replicating'],
    [`${FLUME}.channel.ReplicatingChannelSelector`],
    () => import('./selectors/replicating/index.ts'),
  ),
  entry(
    'selector',
    ['multiplexing'],
    [`${FLUME}.channel.MultiplexingChannelSelector`],
    () => import('./selectors/multiplexing/index.ts'),
  ),
  entry(
    'selector',
    ['load_balancing'],
    [`${FLUME}.channel.LoadBalancingChannelSelector`],
    () => import('./selectors/load_balancing/index.ts'),
  ),

  entry(
    'processor',
    ['default'],
    [`${FLUME}.sink.DefaultSinkProcessor`],
    () => import('./processors/default/index.ts'),
  ),
  entry(
    'processor',
    ['failover'],
    [`${FLUME}.sink.FailoverSinkProcessor`],
    () => import('./processors/failover/index.ts'),
  ),
  entry(
    'processor',
    ['load_balance'],
    [`${FLUME}.sink.LoadBalancingSinkProcessor`],
    () => import('./processors/load_balance/index.ts'),
  ),

  entry(
    'serializer',
    ['text'],
    builder('serialization.BodyTextEventSerializer'),
    () => import('./serializers/text/index.ts'),
  ),
  entry(
    'serializer',
    ['header_and_text'],
    builder('serialization.HeaderAndBodyTextEventSerializer'),
    () => import('./serializers/header_and_text/index.ts'),
  ),
  entry(
    'serializer',
    ['avro_event'],
    builder('serialization.FlumeEventAvroEventSerializer'),
    () => import('./serializers/avro_event/index.ts'),
  ),
  entry(
    'serializer',
    [],
    builder('sink.hdfs.AvroEventSerializer'),
    () => import('./serializers/avro_event_schema/index.ts'),
  ),
];
