import type { SourceDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  bind: { kind: 'string', required: true, help: 'Host or address to listen on.', example: '0.0.0.0' },
  port: {
    kind: 'int',
    required: true,
    min: 0,
    max: 65535,
    help: 'TCP port; 0 picks a free one.',
    example: '44444',
  },
  'max-line-length': {
    kind: 'int',
    unit: 'characters',
    default: 512,
    min: 1,
    max: 8388608,
    help: 'Longest line, its line end included. A longer one is answered with an error and ends the connection.',
    example: '65536',
  },
  'ack-every-event': {
    kind: 'boolean',
    default: true,
    since: '1.3',
    help: 'Answers OK for each accepted event.',
  },
  encoding: {
    kind: 'string',
    default: 'utf-8',
    since: '1.7',
    help: 'Charset of what clients send and are answered.',
  },
  maxConnections: {
    kind: 'int',
    default: 0,
    min: 0,
    since: 'millrace',
    help: 'Most open connections; 0 is without a limit. Further ones are closed at once.',
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
  aliases: ['netcat'],
  classes: ['org.apache.flume.source.NetcatSource'],
  title: 'Lines over TCP',
  stability: 'stable',
  options,
  registersCounters: false,
  example: 'a1.sources.r1.type = netcat\na1.sources.r1.bind = 0.0.0.0\na1.sources.r1.port = 44444',
  load: () => import('./source.ts'),
} satisfies SourceDeclaration;
