import declaration from '../../../src/sources/stress/index.ts';
import { optionRules } from '../option-rules.ts';

const SIZE = 'a whole number of bytes from 0 to 16776192';

optionRules({
  declaration,
  required: {},
  defaults: {
    size: 500,
    maxTotalEvents: -1,
    maxSuccessfulEvents: -1,
    batchSize: 1,
    maxEventsPerSecond: 0,
  },
  good: [
    ['size', '0', 'size', 0],
    ['maxTotalEvents', '10', 'maxTotalEvents', 10],
    ['maxSuccessfulEvents', '10', 'maxSuccessfulEvents', 10],
    ['maxEventsPerSecond', '1000', 'maxEventsPerSecond', 1000],
  ],
  bad: [
    ['size', '-1', SIZE],
    ['size', '16776193', SIZE],
    ['size', 'large', SIZE],
    ['maxTotalEvents', 'all', 'a whole number of events'],
    ['maxSuccessfulEvents', 'all', 'a whole number of events'],
    ['batchSize', '0', 'a whole number of events, at least 1', '1000'],
    ['maxEventsPerSecond', '-1', 'a whole number of events, at least 0'],
  ],
  misspelt: [
    ['maxTotalEvent', 'maxTotalEvents'],
    ['maxEventPerSecond', 'maxEventsPerSecond'],
  ],
});
