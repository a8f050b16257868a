import type { SourceDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';
import { serverTlsOptions } from '../../component/tls/options.ts';

export const options = optionTable({
  host: { kind: 'string', required: true, help: 'Host or address to listen on.', example: '0.0.0.0' },
  port: {
    kind: 'int',
    required: true,
    min: 0,
    max: 65535,
    help: 'TCP port; 0 picks a free one.',
    example: '35862',
  },
  ...serverTlsOptions,
  maxRequestBytes: {
    kind: 'size',
    unit: 'bytes',
    default: 4_194_304,
    min: 1024,
    max: 8_388_608,
    since: 'millrace',
    help: 'Largest request; a larger one is answered with 413.',
    example: '1MiB',
  },
  maxConnections: {
    kind: 'int',
    default: 10_000,
    min: 0,
    since: 'millrace',
    help: 'Most open connections; 0 is without a limit. Further ones are closed at once.',
  },
  requestTimeout: {
    kind: 'duration',
    unit: 's',
    default: 60,
    min: 0,
    since: 'millrace',
    help: 'Longest time from the first byte of a request to its last; 0 is without a limit.',
  },
});

export default {
  kind: 'source',
  aliases: [],
  classes: ['org.apache.flume.source.avroLegacy.AvroLegacySource'],
  title: 'Events from Avro sinks of Flume 0.9',
  stability: 'deprecated',
  options,
  registersCounters: false,
  example:
    'a1.sources.r1.type = org.apache.flume.source.avroLegacy.AvroLegacySource\na1.sources.r1.host = 0.0.0.0\na1.sources.r1.port = 35862',
  load: () => import('./source.ts'),
} satisfies SourceDeclaration;
