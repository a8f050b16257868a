import { LOG_COUNTERS } from '../../component/counters.ts';
import type { ChannelDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';
import { logOptions } from '../../transaction/log-channel/options.ts';

export const options = optionTable({
  capacity: {
    kind: 'int',
    unit: 'events',
    default: 1_000_000,
    min: 1,
    onBad: 'default',
    help: 'Most events that the channel holds. It may be changed at any time.',
  },
  'keep-alive': {
    kind: 'duration',
    unit: 's',
    default: 3,
    min: 0,
    help: 'How long a put waits for room before it is refused.',
  },
  ...logOptions,
});

export default {
  kind: 'channel',
  aliases: ['file'],
  classes: ['org.apache.flume.channel.file.FileChannel'],
  title: 'Events on disk: what was acknowledged survives a crash',
  stability: 'experimental',
  durable: true,
  numbersEvents: true,
  options,
  counters: LOG_COUNTERS,
  capacityOption: 'capacity',
  transactionCapacityOption: 'transactionCapacity',
  example: `a1.channels.c1.type = file
a1.channels.c1.checkpointDir = /var/lib/millrace/c1/checkpoint
a1.channels.c1.dataDirs = /var/lib/millrace/c1/data`,
  load: () => import('./channel.ts'),
} satisfies ChannelDeclaration;
