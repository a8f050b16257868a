import type { ChannelDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  capacity: {
    kind: 'int',
    unit: 'events',
    default: 50,
    min: 1,
    max: 2147483647,
    help: 'Most events that the channel holds.',
  },
  'keep-alive': {
    kind: 'duration',
    unit: 's',
    default: 3,
    min: 0,
    deprecated: 'it has no effect: a put waits until there is room, as in Flume',
    help: 'Accepted for old configurations.',
  },
});

export default {
  kind: 'channel',
  aliases: [],
  classes: ['org.apache.flume.channel.PseudoTxnMemoryChannel'],
  title: 'Flume’s memory channel for tests: a put waits for room for ever',
  stability: 'test-only',
  options,
  example: 'a1.channels.c1.type = org.apache.flume.channel.PseudoTxnMemoryChannel',
  load: () => import('./channel.ts'),
} satisfies ChannelDeclaration;
