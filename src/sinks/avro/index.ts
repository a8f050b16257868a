import type { SinkDeclaration } from '../../component/declaration.ts';
import { callOptions, compressionOptions, resetOptions } from '../../component/hop/options.ts';
import { optionTable } from '../../component/options/table.ts';
import { clientTlsOptions } from '../../component/tls/options.ts';

export const options = optionTable({
  hostname: {
    kind: 'string',
    required: true,
    help: 'Host of the avro source.',
    example: 'collector.example',
  },
  port: { kind: 'int', required: true, min: 1, max: 65535, help: 'Its TCP port.', example: '4141' },
  ...callOptions,
  ...resetOptions,
  ...compressionOptions,
  ...clientTlsOptions,
  'batches-in-flight': {
    kind: 'int',
    min: 1,
    max: 4,
    since: 'millrace',
    help:
      'Most batches that are sent and not answered; 1 in a sink group. Unless given it is 4 to a source of ' +
      'Millrace and 1 to one of Flume, which may execute them in another order. With 1, a batch that failed is ' +
      'sent again before any later one; otherwise up to three later ones may arrive before it.',
  },
  maxIoWorkers: {
    kind: 'int',
    since: '1.5',
    deprecated: 'it has no effect since Flume 1.10',
    help: 'Has no effect.',
  },
  'client.type': {
    kind: 'string',
    deprecated: 'the sink is always a single Avro client; use a sink group for failover and load balancing',
    help: 'Has no effect.',
  },
});

export default {
  kind: 'sink',
  aliases: ['avro'],
  classes: ['org.apache.flume.sink.AvroSink'],
  title: 'Sends events to the avro source of another agent',
  stability: 'stable',
  options,
  batchSizeOption: 'batch-size',
  registersCounters: true,
  blocking: false,
  example:
    'a1.sinks.k1.type = avro\na1.sinks.k1.channel = c1\na1.sinks.k1.hostname = collector.example\na1.sinks.k1.port = 4141',
  load: () => import('./sink.ts'),
} satisfies SinkDeclaration;
