import type { ProcessorDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  selector: {
    kind: 'string',
    default: 'round_robin',
    builtIn: ['round_robin', 'random'],
    help: 'round_robin, random, or the file of a plug-in that exports `createSinkSelector`.',
  },
  backoff: { kind: 'boolean', default: false, help: 'Leaves failed sinks alone for a while.' },
  'selector.maxTimeOut': {
    kind: 'duration',
    unit: 'ms',
    default: 30000,
    min: 0,
    help: 'Longest time that a failed sink is left alone.',
  },
  'selector.*': { kind: 'map', help: 'Options of a plug-in selector.' },
});

export default {
  kind: 'processor',
  aliases: ['load_balance'],
  classes: ['org.apache.flume.sink.LoadBalancingSinkProcessor'],
  title: 'Batches to the sinks of the group in turn or at random',
  stability: 'stable',
  options,
  example:
    'a1.sinkgroups.g1.sinks = k1 k2\na1.sinkgroups.g1.processor.type = load_balance\n' +
    'a1.sinkgroups.g1.processor.backoff = true',
  load: () => import('./processor.ts'),
} satisfies ProcessorDeclaration;
