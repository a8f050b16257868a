import declaration from '../../../src/sources/netcatudp/index.ts';
import { optionRules } from '../option-rules.ts';

optionRules({
  declaration,
  required: { port: '6666' },
  defaults: { bind: undefined, port: 6666, remoteAddress: undefined },
  good: [
    ['bind', '::1', 'bind', '::1'],
    ['port', '0', 'port', 0],
    ['remoteAddress', 'from', 'remoteAddress', 'from'],
    // The user guide's name of the option; Flume's code reads the other one.
    ['remoteAddressHeader', 'from', 'remoteAddress', 'from'],
  ],
  bad: [
    ['port', 'syslog', 'a whole number from 0 to 65535', '6666'],
    ['port', '65536', 'a whole number from 0 to 65535', '6666'],
    ['port', '-1', 'a whole number from 0 to 65535', '6666'],
  ],
  misspelt: [
    ['prot', 'port'],
    ['remoteAdress', 'remoteAddress'],
  ],
});
