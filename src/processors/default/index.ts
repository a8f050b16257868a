import type { ProcessorDeclaration } from '../../component/declaration.ts';

export default {
  kind: 'processor',
  aliases: ['default'],
  classes: ['org.apache.flume.sink.DefaultSinkProcessor'],
  title: 'One sink',
  stability: 'stable',
  options: {},
  example: 'a1.sinkgroups.g1.sinks = k1\na1.sinkgroups.g1.processor.type = default',
  load: () => import('./processor.ts'),
} satisfies ProcessorDeclaration;
