import type { SourceDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  batchSize: { kind: 'int', unit: 'events', default: 1, min: 1, help: 'Events of one put.', example: '1000' },
  totalEvents: {
    kind: 'int',
    unit: 'events',
    default: Number.MAX_SAFE_INTEGER,
    flumeDefault: '9223372036854775807',
    min: 0,
    since: '1.4',
    help: 'The source stops counting after this many events.',
  },
});

export default {
  kind: 'source',
  aliases: ['seq'],
  classes: ['org.apache.flume.source.SequenceGeneratorSource'],
  title: 'Counting events for tests: 0, 1, 2 …',
  stability: 'stable',
  options,
  batchSizeOption: 'batchSize',
  registersCounters: true,
  example: 'a1.sources.r1.type = seq\na1.sources.r1.batchSize = 100',
  load: () => import('./source.ts'),
} satisfies SourceDeclaration;
