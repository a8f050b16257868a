import type { SinkDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  maxBytesToLog: {
    kind: 'int',
    unit: 'bytes',
    default: 16,
    min: 0,
    max: 1048576,
    onBad: 'default',
    since: '1.6',
    help: 'Bytes of each body that the line shows.',
    example: '256',
  },
});

export default {
  kind: 'sink',
  aliases: ['logger'],
  classes: ['org.apache.flume.sink.LoggerSink'],
  title: 'Writes each event to the log',
  stability: 'stable',
  options,
  registersCounters: false,
  blocking: true,
  example: 'a1.sinks.k1.type = logger\na1.sinks.k1.channel = c1',
  load: () => import('./sink.ts'),
} satisfies SinkDeclaration;
