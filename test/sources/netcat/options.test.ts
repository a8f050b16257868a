import declaration from '../../../src/sources/netcat/index.ts';
import { optionRules } from '../option-rules.ts';

optionRules({
  declaration,
  required: { bind: '127.0.0.1', port: '44444' },
  defaults: {
    bind: '127.0.0.1',
    port: 44444,
    'max-line-length': 512,
    'ack-every-event': true,
    encoding: 'utf-8',
    maxConnections: 0,
    idleTimeout: 0,
  },
  good: [
    ['port', '0', 'port', 0],
    ['port', '65535', 'port', 65535],
    ['max-line-length', '1', 'max-line-length', 1],
    ['ack-every-event', 'false', 'ack-every-event', false],
    ['ack-every-event', 'TRUE', 'ack-every-event', true],
    // Java's Boolean.parseBoolean: whatever is not "true" is false.
    ['ack-every-event', 'no', 'ack-every-event', false],
    ['encoding', 'UTF-16LE', 'encoding', 'UTF-16LE'],
    ['idleTimeout', '30', 'idleTimeout', 30],
    ['idleTimeout', '1500ms', 'idleTimeout', 1.5],
    ['idleTimeout', '2m', 'idleTimeout', 120],
  ],
  bad: [
    ['port', 'ssh', 'a whole number from 0 to 65535', '44444'],
    ['port', '65536', 'a whole number from 0 to 65535', '44444'],
    ['port', '-1', 'a whole number from 0 to 65535', '44444'],
    ['port', '80.5', 'a whole number from 0 to 65535', '44444'],
    ['max-line-length', '0', 'a whole number of characters from 1 to 8388608', '65536'],
    ['max-line-length', '8388609', 'a whole number of characters from 1 to 8388608', '65536'],
    ['max-line-length', 'long', 'a whole number of characters from 1 to 8388608', '65536'],
    ['maxConnections', '-1', 'a whole number, at least 0'],
    ['idleTimeout', '-1', 'a number of seconds or a duration such as 10s, at least 0'],
    ['idleTimeout', 'never', 'a number of seconds or a duration such as 10s, at least 0'],
  ],
  misspelt: [
    ['max-line-lenght', 'max-line-length'],
    ['ack-every-events', 'ack-every-event'],
    ['maxConnection', 'maxConnections'],
  ],
});
