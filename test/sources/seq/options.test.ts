import declaration from '../../../src/sources/seq/index.ts';
import { optionRules } from '../option-rules.ts';

optionRules({
  declaration,
  required: {},
  defaults: { batchSize: 1, totalEvents: Number.MAX_SAFE_INTEGER },
  good: [
    ['batchSize', '100', 'batchSize', 100],
    ['totalEvents', '0', 'totalEvents', 0],
    ['totalEvents', '10000000000', 'totalEvents', 10_000_000_000],
  ],
  bad: [
    ['batchSize', '0', 'a whole number of events, at least 1', '1000'],
    ['batchSize', 'ten', 'a whole number of events, at least 1', '1000'],
    ['totalEvents', '-1', 'a whole number of events, at least 0'],
    ['totalEvents', '1e3', 'a whole number of events, at least 0'],
  ],
  misspelt: [
    ['batchsize', 'batchSize'],
    ['totalEvent', 'totalEvents'],
  ],
});
