import type { SelectorDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  optional: {
    kind: 'list',
    help: 'Channels whose refusals are only logged. Names that are no channels of the source are ignored with a warning.',
    example: 'c2',
  },
});

export default {
  kind: 'selector',
  aliases: ['replicating'],
  classes: ['org.apache.flume.channel.ReplicatingChannelSelector'],
  title: 'Every event to every channel',
  stability: 'stable',
  options,
  example: 'a1.sources.r1.selector.type = replicating\na1.sources.r1.selector.optional = c2',
  load: () => import('./selector.ts'),
} satisfies SelectorDeclaration;
