import declaration from '../../../src/sinks/logger/index.ts';
import { badValue, optionsContract } from '../../kit/options.ts';

optionsContract({
  declaration,
  defaults: { maxBytesToLog: 16 },
  good: [
    [{ maxBytesToLog: '256' }, { maxBytesToLog: 256 }],
    [{ maxBytesToLog: '0' }, { maxBytesToLog: 0 }],
  ],
  bad: [
    badValue('maxBytesToLog', 'all', /a whole number of bytes from 0 to 1048576/, 'warning'),
    badValue('maxBytesToLog', '-1', /a whole number of bytes from 0 to 1048576/, 'warning'),
  ],
  slip: ['maxBytestoLog', 'maxBytesToLog'],
});
