import type { SourceDeclaration } from '../../component/declaration.ts';
import { frameOptions } from '../../component/hop/options.ts';
import { optionTable } from '../../component/options/table.ts';
import { serverTlsOptions } from '../../component/tls/options.ts';

export const options = optionTable({
  bind: { kind: 'string', required: true, help: 'Host or address to listen on.', example: '0.0.0.0' },
  port: {
    kind: 'int',
    required: true,
    min: 0,
    max: 65535,
    help: 'TCP port; 0 picks a free one.',
    example: '4353',
  },
  threads: {
    kind: 'int',
    default: 0,
    help: 'Taken and without effect: one thread serves all connections, and the channel works in another.',
  },
  protocol: {
    kind: 'enum',
    values: ['compact', 'binary'],
    default: 'compact',
    since: '1.6',
    help: 'Thrift protocol, over framed transport. Senders must use the same.',
  },
  ...serverTlsOptions,
  kerberos: {
    kind: 'boolean',
    default: false,
    since: '1.6',
    help: 'Kerberos is not available in this version: true is refused.',
  },
  'agent-principal': {
    kind: 'string',
    since: '1.6',
    help: 'Principal of the agent, with kerberos.',
    example: 'flume/_HOST@EXAMPLE.COM',
  },
  'agent-keytab': {
    kind: 'string',
    since: '1.6',
    help: 'Key table of the agent, with kerberos.',
    example: '/etc/flume/flume.keytab',
  },
  maxFrameBytes: {
    kind: 'size',
    unit: 'bytes',
    default: 16_384_000,
    min: 1024,
    max: 2_147_483_647,
    since: 'millrace',
    help: 'Largest frame; a larger one ends the connection before anything is read of it.',
    example: '4MiB',
  },
  maxHeaders: {
    kind: 'int',
    default: 10_000,
    min: 1,
    since: 'millrace',
    help: 'Most headers of one event; a call with more is answered with an exception.',
  },
  ...frameOptions,
});

export default {
  kind: 'source',
  aliases: ['thrift'],
  classes: ['org.apache.flume.source.ThriftSource'],
  title: 'Events from Thrift clients and agents',
  stability: 'stable',
  options,
  registersCounters: true,
  example: 'a1.sources.r1.type = thrift\na1.sources.r1.bind = 0.0.0.0\na1.sources.r1.port = 4353',
  load: () => import('./source.ts'),
} satisfies SourceDeclaration;
