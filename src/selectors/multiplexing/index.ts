import type { SelectorDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  header: {
    kind: 'string',
    default: 'flume.selector.header',
    help: 'The header that decides.',
    example: 'level',
  },
  'mapping.*': {
    kind: 'map',
    help: 'Channels of the events whose header has this value, separated by one blank.',
  },
  default: {
    kind: 'string',
    help: 'Channels of events without the header, or with a value that is not mapped.',
  },
  'optional.*': {
    kind: 'map',
    help: 'Optional channels for a value; those that are required for it are left out.',
  },
});

export default {
  kind: 'selector',
  aliases: ['multiplexing'],
  classes: ['org.apache.flume.channel.MultiplexingChannelSelector'],
  title: 'Channels by the value of a header',
  stability: 'stable',
  options,
  example:
    'a1.sources.r1.selector.type = multiplexing\na1.sources.r1.selector.header = level\n' +
    'a1.sources.r1.selector.mapping.ERROR = c1\na1.sources.r1.selector.default = c2',
  load: () => import('./selector.ts'),
} satisfies SelectorDeclaration;
