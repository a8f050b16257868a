/** Options with the global parameters below them, and what is said of those that cannot work. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { MillraceError } from '../../../src/base/errors.ts';
import { setSystemProperties } from '../../../src/base/system-properties.ts';
import { parseOptions } from '../../../src/component/options/parse.ts';
import { createDialer } from '../../../src/component/tls/client.ts';
import {
  TLS_GLOBALS,
  type TlsGlobal,
  type TlsGlobalList,
  tlsGlobal,
  tlsGlobalList,
} from '../../../src/component/tls/globals.ts';
import { clientTlsOptions, serverTlsOptions } from '../../../src/component/tls/options.ts';
import { createListener } from '../../../src/component/tls/server.ts';
import { clientSettings, serverSettings } from '../../../src/component/tls/settings.ts';
import { type Properties, RecordedLog } from '../../kit/part.ts';
import { contextOf, fixture, PASSWORD } from './kit.ts';

const kept: Record<string, string | undefined> = {};
const variables = Object.values(TLS_GLOBALS).map(({ variable }) => variable);

beforeEach(() => {
  for (const name of variables) {
    kept[name] = process.env[name];
    delete process.env[name];
  }
});
afterEach(() => {
  setSystemProperties({});
  for (const name of variables) {
    if (kept[name] === undefined) delete process.env[name];
    else process.env[name] = kept[name];
  }
});

const server = (properties: Properties, log = new RecordedLog()) =>
  serverSettings('source r1', parseOptions(serverTlsOptions, properties, { component: 'x' }).values, log);
const client = (properties: Properties, log = new RecordedLog()) =>
  clientSettings('sink k1', parseOptions(clientTlsOptions, properties, { component: 'x' }).values, log);

describe('global parameters', () => {
  // The rows of Flume's own tests (SSLUtil*Test): each parameter, set nowhere, in one place, in both.
  for (const [name, { property, variable }] of Object.entries(TLS_GLOBALS)) {
    const isList = /^(include|exclude)-/.test(name);
    for (const system of [null, 'sysprop', ...(isList ? ['sysprop,sysprop'] : [])]) {
      for (const environment of [null, 'envvar', ...(isList ? ['envvar,envvar'] : [])]) {
        test(`${name}: -D${property} ${system ?? 'not set'}, ${variable} ${environment ?? 'not set'}`, () => {
          setSystemProperties(system === null ? {} : { [property]: system });
          if (environment !== null) process.env[variable] = environment;
          const wanted = system ?? environment;
          if (isList) assert.deepEqual(tlsGlobalList(name as TlsGlobalList), wanted?.split(',') ?? []);
          else assert.equal(tlsGlobal(name as TlsGlobal), wanted ?? undefined);
        });
      }
    }
  }

  test('component before system property before environment, each option for itself', () => {
    process.env.FLUME_SSL_KEYSTORE_PATH = '/env.jks';
    process.env.FLUME_SSL_KEYSTORE_PASSWORD = 'env';
    process.env.FLUME_SSL_KEYSTORE_TYPE = 'pkcs12';
    assert.deepEqual(server({}).keystore, {
      option: 'keystore',
      path: '/env.jks',
      type: 'PKCS12',
      password: 'env',
    });
    setSystemProperties({ 'javax.net.ssl.keyStorePassword': 'sys' });
    assert.deepEqual(server({ keystore: '/own.pem', 'keystore-type': 'PEM' }).keystore, {
      option: 'keystore',
      path: '/own.pem',
      type: 'PEM',
      password: 'sys',
    });
    assert.equal(server({ 'keystore-password': 'own' }).keystore!.password, 'own');
  });

  test('JKS unless something says otherwise', () => {
    assert.equal(server({ keystore: '/x', 'keystore-password': 'x' }).keystore!.type, 'JKS');
    assert.equal(client({ truststore: '/x' }).truststore!.type, 'JKS');
    setSystemProperties({ 'javax.net.ssl.trustStoreType': 'PKCS12', 'javax.net.ssl.trustStore': '/t' });
    assert.deepEqual(client({}).truststore, {
      option: 'truststore',
      path: '/t',
      type: 'PKCS12',
      password: null,
    });
  });

  test('a client shows no global certificate, and reads no trust store when all are trusted', () => {
    setSystemProperties({ 'javax.net.ssl.keyStore': '/k', 'javax.net.ssl.trustStore': '/t' });
    assert.equal(client({}).keystore, null);
    assert.equal(client({ keystore: '/own' }).keystore!.path, '/own');
    assert.equal(client({ 'trust-all-certs': 'true' }).truststore, null);
  });

  test('global lists of versions and suites count where the component has none', () => {
    setSystemProperties({
      'flume.ssl.include.protocols': 'TLSv1.2,TLSv1.3',
      'flume.ssl.exclude.protocols': 'TLSv1.3',
      'flume.ssl.include.cipherSuites': 'TLS_RSA_WITH_AES_128_CBC_SHA',
    });
    const { limits } = client({});
    assert.deepEqual(
      [limits.minVersion, limits.maxVersion, limits.ciphers],
      ['TLSv1.2', 'TLSv1.2', 'AES128-SHA'],
    );
    const own = client({
      'exclude-protocols': 'SSLv3',
      'include-cipher-suites': 'TLS_AES_128_GCM_SHA256',
    }).limits;
    assert.deepEqual(
      [own.minVersion, own.maxVersion, own.ciphers],
      ['TLSv1.3', 'TLSv1.3', 'TLS_AES_128_GCM_SHA256'],
    );
  });

  test('a global type that is not known names where it stands', () => {
    process.env.FLUME_SSL_KEYSTORE_TYPE = 'BKS';
    assert.throws(() => server({ keystore: '/x', 'keystore-password': 'x' }), {
      code: 'CONF_OPTION_VALUE',
      message: /source r1: .*FLUME_SSL_KEYSTORE_TYPE = BKS is not one of JKS, PKCS12, PEM/,
    });
  });
});

describe('options that cannot work', () => {
  test('a server without key store or password: Flume’s text', () => {
    const code = 'CONF_OPTION_REQUIRED';
    assert.throws(() => server({}), {
      code,
      message: 'source r1: keystore must be specified when SSL is enabled',
    });
    const message = 'source r1: keystore-password must be specified when SSL is enabled';
    assert.throws(() => server({ keystore: '/x.jks' }), { code, message });
    assert.equal(server({ keystore: '/x.pem', 'keystore-type': 'PEM' }).keystore!.password, null);
  });

  test('client certificates that nothing could be checked against', () => {
    const properties = { keystore: '/x', 'keystore-password': 'x', 'client-auth': 'need' };
    const message = 'source r1: truststore must be specified when client-auth is need';
    assert.throws(() => server(properties), { code: 'CONF_OPTION_REQUIRED', message });
    setSystemProperties({ 'javax.net.ssl.trustStore': '/t' });
    assert.equal(server(properties).truststore!.path, '/t');
  });

  test('no version, or no suite for the versions, is left', () => {
    const code = 'CONF_OPTION_VALUE';
    assert.throws(() => client({ 'include-protocols': 'TLSv1.2', 'exclude-protocols': 'TLSv1.2' }), {
      code,
      message: 'sink k1: include-protocols and exclude-protocols leave no version of TLS',
    });
    const properties = {
      'include-protocols': 'TLSv1.3',
      'include-cipher-suites': 'TLS_RSA_WITH_AES_128_CBC_SHA',
    };
    assert.throws(() => client(properties), {
      code,
      message: 'sink k1: include-cipher-suites and exclude-cipher-suites leave no cipher suite for TLSv1.3',
    });
  });

  test('warnings name the component', () => {
    const log = new RecordedLog();
    client({ 'include-protocols': 'TLS1.2 TLSv1.1 TLSv1.3', 'exclude-cipher-suites': 'NOPE' }, log);
    const warnings = log.texts('warn');
    assert.equal(warnings.length, 4, warnings.join('\n'));
    for (const warning of warnings) assert.match(warning, /^sink k1: /);
  });
});

describe('files that cannot be used', () => {
  const listening = async (properties: Properties): Promise<MillraceError> => {
    const all = { ssl: 'true', 'keystore-password': PASSWORD, ...properties };
    const { values } = parseOptions(serverTlsOptions, all, { component: 'x' });
    return await createListener(contextOf('r1'), values, { onConnection() {} }).then(
      () => assert.fail('it listens'),
      (error: MillraceError) => error,
    );
  };
  const rows: readonly (readonly [string, Properties, RegExp, RegExp])[] = [
    ['nowhere', { keystore: '/no/such/file' }, /cannot be read: ENOENT/, /may read/],
    ['a folder', { keystore: '/' }, /is no file/, /path of a file/],
    [
      'another type',
      { keystore: fixture('server-ec.pem') },
      /is not of the type JKS/,
      /set keystore-type = PEM/,
    ],
    [
      'a wrong password',
      { keystore: fixture('rsa.jks'), 'keystore-password': 'x' },
      /password is wrong/,
      /password/,
    ],
    [
      'a wrong key password',
      { keystore: fixture('two.jks') },
      /private key server-\w+ is wrong/,
      /key-password/,
    ],
    ['no key', { keystore: fixture('trust.jks') }, /has no private key/, /with a private key/],
  ];
  for (const [name, properties, message, remedy] of rows) {
    test(`${name}: option, path, type, reason and remedy`, async () => {
      const error = await listening(properties);
      assert.ok(error instanceof MillraceError);
      assert.equal(error.code, 'SOURCE_FAILED');
      assert.match(error.message, /^source r1 configured with invalid keystore: \/.* \(keystore-type JKS\) /);
      assert.match(error.message, message);
      assert.match(error.detail.remedy!, remedy);
      assert.equal(error.detail.option, 'keystore');
      assert.equal(error.detail.value, properties.keystore);
    });
  }

  test('a trust store of a client without a certificate', async () => {
    const all = { ssl: 'true', truststore: fixture('make.sh'), 'truststore-type': 'PKCS12' };
    const { values } = parseOptions(clientTlsOptions, all, { component: 'x' });
    await assert.rejects(createDialer(contextOf('k1'), values), {
      code: 'SINK_FAILED',
      message:
        /^sink k1 configured with invalid truststore: .* \(truststore-type PKCS12\) is not of the type PKCS12/,
    });
  });
});
