import declaration from '../../../src/sinks/null/index.ts';
import { badValue, optionsContract } from '../../kit/options.ts';

const ofEvents =
  /^give a whole number of events, at least 1, e\.g\. 1000$|^give a whole number of events, at least 1$/;

optionsContract({
  declaration,
  defaults: { batchSize: 100, logEveryNEvents: 10000 },
  good: [
    [
      { batchSize: '1', logEveryNEvents: '5' },
      { batchSize: 1, logEveryNEvents: 5 },
    ],
  ],
  bad: [
    badValue('batchSize', '0', ofEvents),
    badValue('batchSize', 'x', ofEvents),
    badValue('logEveryNEvents', '-1', ofEvents),
  ],
  slip: ['batchsize', 'batchSize'],
});
