import type { SourceDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';
import { serverTlsOptions } from '../../component/tls/options.ts';

const MIB = 1024 * 1024;

export const options = optionTable({
  bind: { kind: 'string', required: true, help: 'Host or address to listen on.', example: '0.0.0.0' },
  port: {
    kind: 'int',
    required: true,
    min: 0,
    max: 65535,
    help: 'TCP port; 0 picks a free one.',
    example: '4141',
  },
  threads: {
    kind: 'int',
    default: 0,
    help: 'Has no effect, as in Flume since 1.10: one thread serves all connections.',
  },
  'compression-type': {
    kind: 'enum',
    values: ['none', 'deflate'],
    default: 'none',
    since: '1.4',
    help: 'How both directions are compressed; clients must be set to the same.',
  },
  ...serverTlsOptions,
  ipFilter: {
    kind: 'boolean',
    default: false,
    since: '1.5',
    help: 'Lets clients connect by ipFilterRules.',
  },
  ipFilterRules: {
    kind: 'string',
    since: '1.5',
    help:
      'Rules <allow or deny>:<ip or name>:<pattern>, separated by commas. * stands for any run, ? for one ' +
      'character. The first rule that matches decides; without a match a client may connect.',
    example: 'allow:ip:127.*,allow:name:localhost,deny:ip:*',
  },
  maxRequestBytes: {
    kind: 'size',
    unit: 'bytes',
    default: 64 * MIB,
    min: 1024,
    max: 1024 * MIB,
    since: 'millrace',
    help: 'Largest request; a larger one ends its connection before it is read.',
  },
  maxUnfinishedBytes: {
    kind: 'size',
    unit: 'bytes',
    default: 256 * MIB,
    min: 65536,
    since: 'millrace',
    help: 'Most memory for requests of all clients that have come in part; who would exceed it is disconnected.',
  },
  maxConnections: {
    kind: 'int',
    default: 0,
    min: 0,
    since: 'millrace',
    help: 'Most open connections; 0 is without a limit. Further ones are closed at once.',
  },
  requestTimeout: {
    kind: 'duration',
    unit: 'ms',
    default: 60000,
    min: 0,
    since: 'millrace',
    help: 'Time in which a request that has begun must have come whole; 0 waits for ever.',
  },
  idleTimeout: {
    kind: 'duration',
    unit: 's',
    default: 0,
    min: 0,
    since: 'millrace',
    help: 'Closes a connection on which nothing came for so long; 0 never does.',
  },
});

export default {
  kind: 'source',
  aliases: ['avro'],
  classes: ['org.apache.flume.source.AvroSource'],
  title: 'Events of Avro clients and of other agents',
  stability: 'stable',
  options,
  registersCounters: true,
  example: 'a1.sources.r1.type = avro\na1.sources.r1.bind = 0.0.0.0\na1.sources.r1.port = 4141',
  load: () => import('./source.ts'),
} satisfies SourceDeclaration;
