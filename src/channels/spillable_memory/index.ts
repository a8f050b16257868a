import { LOG_COUNTERS } from '../../component/counters.ts';
import type { ChannelDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';
import { logOptions } from '../../transaction/log-channel/options.ts';

export const options = optionTable({
  memoryCapacity: {
    kind: 'int',
    unit: 'events',
    default: 10_000,
    min: 0,
    onBad: 'default',
    help: 'Most events that stay in memory; 0: all go to the log.',
  },
  overflowCapacity: {
    kind: 'int',
    unit: 'events',
    default: 100_000_000,
    onBad: 'default',
    help: 'Most events that wait in the log; below 1: none, the channel is full when its memory is.',
  },
  byteCapacity: {
    kind: 'size',
    unit: 'bytes',
    min: 1,
    flumeDefault: '80 % of the heap',
    help: 'Bytes of the memory part; 80 % of -Xmx, else of a quarter of the machine’s memory.',
  },
  byteCapacityBufferPercentage: {
    kind: 'int',
    unit: '%',
    default: 20,
    min: 0,
    max: 100,
    onBad: 'default',
    help: 'Share of byteCapacity that is kept for headers.',
  },
  overflowTimeout: {
    kind: 'duration',
    unit: 's',
    default: 3,
    deprecated: 'it has no effect: a put that finds no room in memory goes to the log at once',
    help: 'Accepted for old configurations.',
  },
  overflowDeactivationThreshold: {
    kind: 'int',
    unit: '%',
    default: 5,
    deprecated: 'it has no effect: memory is used again when everything in the log has had its turn',
    help: 'Accepted for old configurations.',
  },
  avgEventSize: {
    kind: 'int',
    unit: 'bytes',
    default: 500,
    deprecated: 'it has no effect: bytes are counted as they are',
    help: 'Accepted for old configurations.',
  },
  'keep-alive': {
    kind: 'duration',
    unit: 's',
    default: 3,
    min: 0,
    help: 'How long a put waits for room in the log before it is refused.',
  },
  ...logOptions,
});

export default {
  kind: 'channel',
  aliases: ['spillablememory'],
  classes: ['org.apache.flume.channel.SpillableMemoryChannel'],
  title: 'Events in memory, and on disk when there are too many',
  stability: 'experimental',
  options,
  counters: LOG_COUNTERS,
  transactionCapacityOption: 'transactionCapacity',
  example: `a1.channels.c1.type = spillablememory
a1.channels.c1.memoryCapacity = 100000
a1.channels.c1.checkpointDir = /var/lib/millrace/c1/checkpoint
a1.channels.c1.dataDirs = /var/lib/millrace/c1/data`,
  load: () => import('./channel.ts'),
} satisfies ChannelDeclaration;
