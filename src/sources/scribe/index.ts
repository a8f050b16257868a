import type { SourceDeclaration } from '../../component/declaration.ts';
import { frameOptions } from '../../component/hop/options.ts';
import { optionTable } from '../../component/options/table.ts';
import { serverTlsOptions } from '../../component/tls/options.ts';

export const options = optionTable({
  port: { kind: 'int', default: 1499, min: 0, max: 65535, help: 'TCP port; 0 picks a free one.' },
  bind: {
    kind: 'string',
    default: '0.0.0.0',
    since: 'millrace',
    help: 'Host or address to listen on; Flume listens on all.',
    example: '127.0.0.1',
  },
  workerThreads: {
    kind: 'int',
    default: 5,
    help: 'Taken and without effect: one thread serves all connections, and the channel works in another.',
  },
  maxReadBufferBytes: {
    kind: 'size',
    unit: 'bytes',
    default: 16_384_000,
    min: 1,
    max: 2_147_483_647,
    onBad: 'default',
    since: '1.6',
    help: 'Largest frame; a larger one ends the connection before anything is read of it.',
    example: '4MiB',
  },
  ...serverTlsOptions,
  ...frameOptions,
});

export default {
  kind: 'source',
  aliases: [],
  classes: ['org.apache.flume.source.scribe.ScribeSource'],
  title: 'Log entries from Scribe clients',
  stability: 'stable',
  options,
  registersCounters: true,
  example: 'a1.sources.r1.type = org.apache.flume.source.scribe.ScribeSource\na1.sources.r1.port = 1463',
  load: () => import('./source.ts'),
} satisfies SourceDeclaration;
