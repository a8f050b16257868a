import { ThriftListener } from '../../component/hop/thrift-listener.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { Source, SourceContext } from '../../component/source.ts';
import { BinaryReader } from '../../wire/thrift/binary-reader.ts';
import { BinaryWriter } from '../../wire/thrift/binary-writer.ts';
import { LegacyCalls } from './calls.ts';
import type { options } from './index.ts';

export function create(context: SourceContext): Source {
  const o = context.options as OptionsOf<typeof options>;
  const { counters } = context;
  const calls = new LegacyCalls(context);
  const listener = new ThriftListener(context, {
    title: 'Legacy Thrift source',
    logger: 'org.apache.flume.source.thriftLegacy.ThriftLegacySource',
    bind: o.host,
    port: o.port,
    tls: o,
    service: calls,
    reader: new BinaryReader(),
    writer: new BinaryWriter(),
    framed: false,
    messageBytesMax: o.maxMessageBytes,
    connectionsMax: o.maxConnections,
    messageTimeout: o.messageTimeout,
    onBadInput: () => counters.add('EventReadFail', 1),
    onConnections: (count) => counters.set('OpenConnectionCount', count),
  });
  return {
    start: () => listener.start(),
    stop: () => {
      calls.stop();
      return listener.stop();
    },
  };
}
