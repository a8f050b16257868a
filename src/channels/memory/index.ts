import type { ChannelDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  capacity: {
    kind: 'int',
    unit: 'events',
    default: 100,
    min: 1,
    max: 2147483647,
    onBad: 'default',
    reloadable: true,
    help: 'Most events that the channel holds, those handed to sinks and not committed included.',
    example: '10000',
  },
  transactionCapacity: {
    kind: 'int',
    unit: 'events',
    default: 100,
    min: 1,
    max: 2147483647,
    onBad: 'default',
    help: 'Most events of one put or take; at most `capacity`. Batch sizes of sources and sinks must not exceed it.',
    example: '1000',
  },
  'keep-alive': {
    kind: 'duration',
    unit: 's',
    default: 3,
    onBad: 'default',
    help: 'How long a put waits for room before it is refused; 0 or less: not at all.',
  },
  byteCapacityBufferPercentage: {
    kind: 'int',
    unit: '%',
    default: 20,
    min: 0,
    max: 100,
    onBad: 'default',
    since: '1.3',
    help: 'Share of byteCapacity that is left for headers and bookkeeping.',
  },
  byteCapacity: {
    kind: 'size',
    unit: 'bytes',
    onBad: 'default',
    since: '1.3',
    flumeDefault: '80 % of the JVM heap',
    help:
      'Most bytes of event bodies, counted as Flume does in slots of 100 bytes, at least one an event; 0 or less is unlimited. ' +
      'Default: 80 % of -Xmx when that is given, else of a quarter of the machine’s memory.',
    example: '512MiB',
  },
});

export default {
  kind: 'channel',
  aliases: ['memory'],
  classes: ['org.apache.flume.channel.MemoryChannel'],
  title: 'Events in memory: fast, and lost when the process ends',
  stability: 'stable',
  options,
  capacityOption: 'capacity',
  transactionCapacityOption: 'transactionCapacity',
  example:
    'a1.channels.c1.type = memory\na1.channels.c1.capacity = 10000\na1.channels.c1.transactionCapacity = 1000',
  load: () => import('./channel.ts'),
} satisfies ChannelDeclaration;
