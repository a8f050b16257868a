import { parseOptions } from '../../../src/component/options/parse.ts';
import type { OptionTable } from '../../../src/component/options/table.ts';
import { clientTlsOptions } from '../../../src/component/tls/options.ts';
import declaration from '../../../src/sinks/avro/index.ts';
import { badValue, missing, optionsContract } from '../../kit/options.ts';

const tls = parseOptions(clientTlsOptions as OptionTable, {}, { component: 'sink x1' }).values;

optionsContract({
  declaration,
  required: { hostname: 'collector', port: '4141' },
  defaults: {
    'batch-size': 100,
    'connect-timeout': 20_000,
    'request-timeout': 20_000,
    'reset-connection-interval': 0,
    'compression-type': 'none',
    'compression-level': 6,
    ...tls,
    'batches-in-flight': undefined,
    maxIoWorkers: undefined,
    'client.type': undefined,
  },
  good: [
    [{ 'request-timeout': '5s' }, { 'request-timeout': 5000 }],
    [{ 'reset-connection-interval': '60' }, { 'reset-connection-interval': 60 }],
    [
      { 'compression-type': 'Deflate', 'compression-level': '0' },
      { 'compression-type': 'deflate', 'compression-level': 0 },
    ],
    [{ maxIoWorkers: '4' }, { maxIoWorkers: 4 }],
  ],
  bad: [
    missing('hostname'),
    missing('port'),
    badValue('port', '0', /a whole number from 1 to 65535/),
    badValue('compression-type', 'gzip', /one of none, deflate/),
    badValue('compression-level', '10', /a whole number from 0 to 9/),
    // Flume takes its default for these.
    badValue('batch-size', '0', /a whole number of events, at least 1/, 'warning'),
    badValue('connect-timeout', '999', /at least 1000/, 'warning'),
    badValue('request-timeout', 'x', /a number of milliseconds/, 'warning'),
  ],
  slip: ['batchSize', 'batch-size'],
});
