import type { SinkDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  batchSize: {
    kind: 'int',
    unit: 'events',
    default: 100,
    min: 1,
    help: 'Most events of one take.',
    example: '1000',
  },
  logEveryNEvents: {
    kind: 'int',
    unit: 'events',
    default: 10000,
    min: 1,
    since: '1.3',
    help: 'Logs a line each time that this many events were discarded; at most one line a second.',
  },
});

export default {
  kind: 'sink',
  aliases: ['null'],
  classes: ['org.apache.flume.sink.NullSink'],
  title: 'Discards events',
  stability: 'stable',
  options,
  batchSizeOption: 'batchSize',
  registersCounters: false,
  blocking: true,
  example: 'a1.sinks.k1.type = null\na1.sinks.k1.channel = c1',
  load: () => import('./sink.ts'),
} satisfies SinkDeclaration;
