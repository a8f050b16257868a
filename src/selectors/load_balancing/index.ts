import type { SelectorDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  policy: {
    kind: 'enum',
    values: ['round_robin', 'random'],
    default: 'round_robin',
    since: '1.10',
    help: 'How the channel of an event is picked.',
  },
});

export default {
  kind: 'selector',
  aliases: ['load_balancing'],
  classes: ['org.apache.flume.channel.LoadBalancingChannelSelector'],
  title: 'Each event to one channel, in turn or at random',
  stability: 'stable',
  options,
  example: 'a1.sources.r1.selector.type = load_balancing',
  load: () => import('./selector.ts'),
} satisfies SelectorDeclaration;
