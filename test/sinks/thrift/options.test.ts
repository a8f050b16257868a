import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/sinks/thrift/index.ts';
import { badValue, missing, optionsContract } from '../../kit/options.ts';
import { refusalOf } from '../../kit/part.ts';
import { SinkRig } from '../../kit/sink.ts';

const required = { hostname: 'collector.example.com', port: '4353' };

optionsContract({
  declaration,
  required,
  defaults: {
    'batch-size': 100,
    'connect-timeout': 20_000,
    'request-timeout': 20_000,
    'reset-connection-interval': 0,
    protocol: 'compact',
    ssl: false,
    'trust-all-certs': false,
    truststore: undefined,
    'truststore-password': undefined,
    'truststore-type': undefined,
    'exclude-protocols': [],
    'include-protocols': [],
    'exclude-cipher-suites': [],
    'include-cipher-suites': [],
    'verify-hostname': false,
    keystore: undefined,
    'keystore-password': undefined,
    'keystore-type': undefined,
    'key-password': undefined,
    kerberos: false,
    'client-principal': undefined,
    'client-keytab': undefined,
    'server-principal': undefined,
    'batches-in-flight': 4,
    maxFrameBytes: 16_384_000,
  },
  good: [
    [{ 'batch-size': '1000' }, { 'batch-size': 1000 }],
    [{ 'connect-timeout': '5s' }, { 'connect-timeout': 5000 }],
    [{ 'reset-connection-interval': '10m' }, { 'reset-connection-interval': 600 }],
    [{ protocol: 'binary' }, { protocol: 'binary' }],
  ],
  bad: [
    { ...missing('hostname'), properties: {} },
    { ...missing('port'), properties: {} },
    badValue('port', '70000', /a whole number from 1 to 65535/),
    badValue('batch-size', '0', /a whole number of events, at least 1/, 'warning'),
    badValue('connect-timeout', '999', /at least 1000/, 'warning'),
    badValue('request-timeout', 'soon', /a number of milliseconds or a duration/, 'warning'),
    badValue('protocol', 'json', /one of compact, binary/, 'warning'),
  ],
  slip: ['batchsize', 'batch-size'],
});

describe('sink thrift: kerberos', () => {
  test('it is refused with sink, option and remedy', async () => {
    const error = await refusalOf(() => SinkRig.create(declaration, { ...required, kerberos: 'true' }));
    assert.equal(error.code, 'CONF_OPTION_VALUE');
    assert.equal(error.message, 'sink k1: kerberos = true is not available in this version');
    const { component, option, value, remedy } = error.detail;
    assert.deepEqual([component, option, value], ['sink k1', 'kerberos', 'true']);
    assert.match(remedy!, /use ssl/);
  });
});
