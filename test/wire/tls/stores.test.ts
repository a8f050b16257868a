/** Key and trust stores of every format and tool, and what is said of those that cannot be used. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DER, derValues, inside } from '../../../src/wire/pkcs12/der.ts';
import type { StoreType } from '../../../src/wire/tls/entries.ts';
import { openStore } from '../../../src/wire/tls/store.ts';
import { StoreError } from '../../../src/wire/tls/store-error.ts';

const PASSWORD = 'changeit';
const AUTHORITY = 'CN=Millrace test authority';

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url));
}

const typeOf = (name: string): StoreType =>
  name.endsWith('.pem') ? 'PEM' : name.endsWith('.jks') ? 'JKS' : 'PKCS12';

function keysOf(name: string, keyPassword = PASSWORD, password: string | null = PASSWORD): string[] {
  const keys = openStore(fixture(name), typeOf(name), password).keys(keyPassword);
  return keys.map(({ alias, key, chain }) => {
    assert.equal(chain[0]!.checkPrivateKey(key), true, 'the first certificate is the key’s');
    return [alias, key.asymmetricKeyType, ...chain.map((one) => one.subject)].join(' ');
  });
}

const refused = (name: string, open: () => unknown, message: RegExp, remedy: RegExp) =>
  assert.throws(open, (error: unknown) => {
    assert.ok(error instanceof StoreError, `${name}: ${error}`);
    assert.match(error.message, message);
    assert.match(error.remedy, remedy);
    return true;
  });

/** The same PKCS #12 store without the MAC that tells of changes. */
function withoutMac(bytes: Buffer): Buffer {
  const values = inside(derValues(bytes)[0], DER.sequence).slice(0, 2);
  const open = values.map(({ tag, content }) => {
    const head = Buffer.from([tag, 0x84, 0, 0, 0, 0]);
    head.writeUInt32BE(content.length, 2);
    return Buffer.concat([head, content]);
  });
  return Buffer.concat([Buffer.from([DER.sequence, 0x80]), ...open, Buffer.alloc(2)]);
}

describe('key stores', () => {
  const RSA = `rsa CN=server-rsa ${AUTHORITY}`;
  const EC = `ec CN=server-ec ${AUTHORITY}`;
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['rsa.jks', [`server-rsa ${RSA}`]],
    ['openssl.p12', [`server-rsa ${RSA}`]],
    ['openssl-legacy.p12', [`server-rsa ${RSA}`]],
    ['openssl-rc2-128.p12', [`server-rsa ${RSA}`]],
    ['openssl-des.p12', [`server-rsa ${RSA}`]],
    ['openssl-ec.p12', [`server-ec ${EC}`]],
    ['keytool.p12', [`server-rsa ${RSA}`, `server-ec ${EC}`]],
    ['keytool-legacy.p12', [`server-rsa ${RSA}`]],
    ['server-rsa.pem', [` ${RSA}`]],
    ['encrypted.pem', [` ${RSA}`]],
    ['pkcs1.pem', [` ${RSA}`]],
    ['sec1.pem', [` ${EC}`]],
  ];
  for (const [name, wanted] of rows) {
    test(`${name}: keys with their chains`, () => assert.deepEqual(keysOf(name), wanted));
  }

  test('two entries whose keys have a password of their own', () => {
    assert.deepEqual(keysOf('two.jks', 'keypass').sort(), [`server-ec ${EC}`, `server-rsa ${RSA}`]);
    refused(
      'two.jks',
      () => keysOf('two.jks'),
      /the password of the private key server-\w+ is wrong/,
      /key-password/,
    );
  });

  test('an empty password', () => {
    assert.deepEqual(keysOf('empty-password.p12', '', ''), [` ec CN=client ${AUTHORITY}`]);
    assert.deepEqual(keysOf('empty-password.p12', '', null), [` ec CN=client ${AUTHORITY}`]);
  });

  test('JKS and PKCS12 name each other’s files, as in Java', () => {
    assert.equal(openStore(fixture('keytool.p12'), 'JKS', PASSWORD).keys(PASSWORD).length, 2);
    assert.equal(openStore(fixture('rsa.jks'), 'PKCS12', PASSWORD).keys(PASSWORD).length, 1);
  });

  test('a wrong password of the store', () => {
    for (const name of [
      'rsa.jks',
      'keytool.p12',
      'openssl.p12',
      'openssl-legacy.p12',
      'keytool-legacy.p12',
    ]) {
      refused(
        name,
        () => keysOf(name, 'wrong', 'wrong'),
        /cannot be opened: the password is wrong/,
        /password/,
      );
    }
    refused(
      'encrypted.pem',
      () => keysOf('encrypted.pem', 'wrong'),
      /password of its private key/,
      /key-password/,
    );
  });

  test('content that is of another type says which, and what to set', () => {
    const rows: readonly (readonly [string, StoreType, RegExp, RegExp])[] = [
      ['server-rsa.pem', 'JKS', /is not of the type JKS: it is PEM text/, /set the type to PEM/],
      ['rsa.jks', 'PEM', /is not of the type PEM: it is a JKS store/, /set the type to JKS/],
      ['openssl.p12', 'PEM', /it is a PKCS #12 store/, /set the type to PKCS12/],
      ['store.jceks', 'JKS', /it is a JCEKS store, which TLS does not read/, /keytool -importkeystore/],
      ['make.sh', 'PKCS12', /its content is of no known format/, /give a JKS or PKCS #12 store/],
    ];
    for (const [name, type, message, remedy] of rows) {
      refused(name, () => openStore(fixture(name), type, PASSWORD), message, remedy);
    }
    refused('nothing', () => openStore(Buffer.alloc(0), 'JKS', PASSWORD), /the file is empty/, /give/);
  });

  test('an encryption that is not known', () => {
    const bytes = Buffer.from(fixture('openssl-legacy.p12'));
    const schemes = Buffer.from('2a864886f70d010c01', 'hex');
    // The byte behind says which scheme: 1 is RC4.
    for (let at = bytes.indexOf(schemes); at >= 0; at = bytes.indexOf(schemes, at + 1)) {
      bytes[at + schemes.length] = 1;
    }
    const open = () => openStore(withoutMac(bytes), 'PKCS12', PASSWORD);
    refused('RC4', open, /is encrypted in a way that is not supported/, /keytool -importkeystore/);
  });

  test('a certificate without a key, and a key without its certificate', () => {
    assert.deepEqual(keysOf('ca.pem'), []);
    const text = fixture('server-ec.pem').toString();
    const key = text.slice(0, text.indexOf('-----BEGIN CERTIFICATE'));
    const other = Buffer.from(key + fixture('ca.pem').toString());
    const [entry] = openStore(other, 'PEM', null).keys('');
    assert.deepEqual(entry!.chain, []);
  });
});

describe('trust stores', () => {
  for (const name of [
    'trust.jks',
    'trust.p12',
    'trust-legacy.p12',
    'trust-openssl.p12',
    'trust-openssl-legacy.p12',
    'ca.pem',
  ]) {
    test(`${name}: its certificates`, () => {
      const trusted = openStore(fixture(name), typeOf(name), PASSWORD).trusted();
      assert.deepEqual(
        trusted.map((one) => one.subject),
        [AUTHORITY],
      );
    });
  }

  test('of entries with a key its own certificate is trusted, not who signed it, as in Java', () => {
    for (const name of ['rsa.jks', 'keytool-legacy.p12', 'openssl.p12']) {
      const trusted = openStore(fixture(name), typeOf(name), PASSWORD).trusted();
      assert.deepEqual(
        trusted.map((one) => one.subject),
        ['CN=server-rsa'],
        name,
      );
    }
  });

  test('JKS opens without a password, unchecked, as in Java; an encrypted PKCS #12 does not', () => {
    assert.equal(openStore(fixture('trust.jks'), 'JKS', null).trusted().length, 1);
    refused(
      'trust.p12',
      () => openStore(fixture('trust.p12'), 'JKS', null),
      /the password is wrong/,
      /password/,
    );
  });
});

describe('stores that are damaged', () => {
  for (const name of ['two.jks', 'openssl.p12', 'openssl-legacy.p12', 'sec1.pem']) {
    test(`${name}: cut short anywhere, or with changed bytes, it is refused or gives the right key`, () => {
      const whole = fixture(name);
      const keyPassword = name === 'two.jks' ? 'keypass' : PASSWORD;
      const open = (bytes: Buffer) => {
        try {
          const opened = openStore(bytes, typeOf(name), PASSWORD);
          for (const { key, chain } of opened.keys(keyPassword)) {
            assert.ok(chain.length === 0 || chain[0]!.checkPrivateKey(key));
          }
          opened.trusted();
        } catch (error) {
          assert.ok(error instanceof StoreError, `${error instanceof Error ? error.stack : error}`);
        }
      };
      fc.assert(
        fc.property(fc.nat(whole.length - 1), (length) => open(Buffer.from(whole.subarray(0, length)))),
        { numRuns: 40 },
      );
      fc.assert(
        fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
          const bytes = Buffer.from(whole);
          bytes[at]! ^= change;
          open(bytes);
        }),
        { numRuns: 60 },
      );
    });
  }

  test('counts and lengths that announce more than there is', () => {
    const bytes = Buffer.from(fixture('rsa.jks'));
    bytes.writeUInt32BE(0xffffffff, 8);
    refused(
      'count',
      () => openStore(bytes, 'JKS', null),
      /is damaged: 4294967295 entries/,
      /write the file anew/,
    );
    const long = Buffer.from(fixture('rsa.jks'));
    const aliasBytes = long.readUInt16BE(16);
    long.writeUInt32BE(0x7fffffff, 18 + aliasBytes + 8);
    refused(
      'length',
      () => openStore(long, 'JKS', null),
      /is damaged: it is cut short/,
      /write the file anew/,
    );
    const deep = Buffer.alloc(100_000, Buffer.from([0x30, 0x80]));
    refused(
      'nesting',
      () => openStore(deep, 'PKCS12', PASSWORD),
      /is damaged: a length is not valid/,
      /anew/,
    );
  });
});
