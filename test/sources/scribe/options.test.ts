import declaration from '../../../src/sources/scribe/index.ts';
import { optionRules } from '../option-rules.ts';

optionRules({
  declaration,
  required: {},
  defaults: {
    port: 1499,
    bind: '0.0.0.0',
    workerThreads: 5,
    maxReadBufferBytes: 16_384_000,
    ssl: false,
    maxConnections: 10_000,
    frameTimeout: 60,
  },
  good: [
    ['port', '1463', 'port', 1463],
    ['workerThreads', '-1', 'workerThreads', -1],
    ['maxReadBufferBytes', '4MiB', 'maxReadBufferBytes', 4 * 1024 * 1024],
  ],
  bad: [
    ['port', 'scribe', 'a whole number from 0 to 65535'],
    ['maxConnections', '-1', 'a whole number, at least 0'],
  ],
  misspelt: [['workerthreads', 'workerThreads']],
});
