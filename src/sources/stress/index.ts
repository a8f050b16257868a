import type { SourceDeclaration } from '../../component/declaration.ts';
import { optionTable } from '../../component/options/table.ts';

export const options = optionTable({
  size: {
    kind: 'int',
    unit: 'bytes',
    default: 500,
    min: 0,
    max: 16 * 1024 * 1024 - 1024,
    help: 'Bytes of each body, all 0x7F.',
  },
  maxTotalEvents: {
    kind: 'int',
    unit: 'events',
    default: -1,
    help: 'Stop after this many attempts; -1 is without end.',
  },
  maxSuccessfulEvents: {
    kind: 'int',
    unit: 'events',
    default: -1,
    help: 'Stop after this many accepted events; -1 is without end.',
  },
  batchSize: {
    kind: 'int',
    unit: 'events',
    default: 1,
    min: 1,
    since: '1.4',
    help: 'Events of one put.',
    example: '1000',
  },
  maxEventsPerSecond: {
    kind: 'int',
    unit: 'events',
    default: 0,
    min: 0,
    since: '1.9',
    help: 'Rate limit; 0 is none.',
  },
});

export default {
  kind: 'source',
  aliases: [],
  classes: ['org.apache.flume.source.StressSource'],
  title: 'A load generator: equal events as fast as the channel takes them',
  stability: 'stable',
  options,
  batchSizeOption: 'batchSize',
  registersCounters: false,
  example: 'a1.sources.r1.type = org.apache.flume.source.StressSource\na1.sources.r1.batchSize = 1000',
  load: () => import('./source.ts'),
} satisfies SourceDeclaration;
