import type { ProcessorDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  'priority.*': {
    kind: 'map',
    help: 'Priority of a sink, a whole number: the largest is used first. Must differ.',
  },
  maxpenalty: {
    kind: 'duration',
    unit: 'ms',
    default: 30000,
    min: 0,
    onBad: 'default',
    help: 'Longest time that a failed sink is left alone.',
  },
});

export default {
  kind: 'processor',
  aliases: ['failover'],
  classes: ['org.apache.flume.sink.FailoverSinkProcessor'],
  title: 'The sink of highest priority that works',
  stability: 'stable',
  options,
  example:
    'a1.sinkgroups.g1.sinks = k1 k2\na1.sinkgroups.g1.processor.type = failover\n' +
    'a1.sinkgroups.g1.processor.priority.k1 = 5\na1.sinkgroups.g1.processor.priority.k2 = 10',
  load: () => import('./processor.ts'),
} satisfies ProcessorDeclaration;
