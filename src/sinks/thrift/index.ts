import type { SinkDeclaration } from '../../component/declaration.ts';
import { callOptions, resetOptions } from '../../component/hop/options.ts';
import { optionTable } from '../../component/options/table.ts';
import { clientTlsOptions } from '../../component/tls/options.ts';

export const options = optionTable({
  hostname: { kind: 'string', required: true, help: 'Host to send to.', example: 'collector.example.com' },
  port: {
    kind: 'int',
    required: true,
    min: 1,
    max: 65535,
    help: 'Port of the Thrift source there.',
    example: '4353',
  },
  ...callOptions,
  ...resetOptions,
  protocol: {
    kind: 'enum',
    values: ['compact', 'binary'],
    default: 'compact',
    onBad: 'default',
    since: '1.6',
    help: 'Thrift protocol, over framed transport. The source must use the same.',
  },
  ...clientTlsOptions,
  'batches-in-flight': {
    kind: 'int',
    default: 4,
    min: 1,
    max: 4,
    since: 'millrace',
    help:
      'Most batches that are sent and not answered; 1 in a sink group. With 1, a batch that failed is sent ' +
      'again before any later one; otherwise up to three later ones may arrive before it.',
  },
  kerberos: {
    kind: 'boolean',
    default: false,
    since: '1.6',
    help: 'Kerberos is not available in this version: true is refused.',
  },
  'client-principal': {
    kind: 'string',
    since: '1.6',
    help: 'Principal of this agent, with kerberos.',
    example: 'flume/_HOST@EXAMPLE.COM',
  },
  'client-keytab': {
    kind: 'string',
    since: '1.6',
    help: 'Key table of this agent, with kerberos.',
    example: '/etc/flume/flume.keytab',
  },
  'server-principal': {
    kind: 'string',
    since: '1.6',
    help: 'Principal of the server, with kerberos.',
    example: 'flume/collector.example.com@EXAMPLE.COM',
  },
  maxFrameBytes: {
    kind: 'size',
    unit: 'bytes',
    default: 16_384_000,
    min: 1024,
    max: 2_147_483_647,
    since: 'millrace',
    help:
      'Largest frame that the receiver takes: a batch that needs more is sent in several calls, and an event ' +
      'that needs more cannot be delivered.',
    example: '4MiB',
  },
});

export default {
  kind: 'sink',
  aliases: ['thrift'],
  classes: ['org.apache.flume.sink.ThriftSink'],
  title: 'Sends events to a Thrift source of the next agent',
  stability: 'stable',
  options,
  batchSizeOption: 'batch-size',
  registersCounters: true,
  blocking: false,
  example:
    'a1.sinks.k1.type = thrift\na1.sinks.k1.channel = c1\na1.sinks.k1.hostname = collector.example.com\na1.sinks.k1.port = 4353',
  load: () => import('./sink.ts'),
} satisfies SinkDeclaration;
