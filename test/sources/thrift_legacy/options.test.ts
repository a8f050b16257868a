import declaration from '../../../src/sources/thrift_legacy/index.ts';
import { optionRules } from '../option-rules.ts';

optionRules({
  declaration,
  required: { host: '127.0.0.1', port: '35861' },
  defaults: {
    host: '127.0.0.1',
    port: 35861,
    ssl: false,
    maxMessageBytes: 4 * 1024 * 1024,
    maxConnections: 10_000,
    messageTimeout: 60,
  },
  good: [['maxMessageBytes', '1MiB', 'maxMessageBytes', 1024 * 1024]],
  bad: [
    ['port', '65536', 'a whole number from 0 to 65535', '35861'],
    ['messageTimeout', '-1', 'a number of seconds or a duration such as 10s, at least 0'],
  ],
  misspelt: [['maxMesageBytes', 'maxMessageBytes']],
});
