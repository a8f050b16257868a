import declaration from '../../../src/sources/avro_legacy/index.ts';
import { optionRules } from '../option-rules.ts';

optionRules({
  declaration,
  required: { host: '127.0.0.1', port: '35862' },
  defaults: {
    host: '127.0.0.1',
    port: 35862,
    ssl: false,
    maxRequestBytes: 4 * 1024 * 1024,
    maxConnections: 10_000,
    requestTimeout: 60,
  },
  good: [['requestTimeout', '2m', 'requestTimeout', 120]],
  bad: [
    ['port', 'avro', 'a whole number from 0 to 65535', '35862'],
    ['maxConnections', 'many', 'a whole number, at least 0'],
  ],
  misspelt: [['maxRequestByte', 'maxRequestBytes']],
});
