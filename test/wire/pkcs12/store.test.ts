import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '../../../src/base/errors.ts';
import { JceksStore } from '../../../src/wire/jceks/store.ts';
import { Pkcs12Store } from '../../../src/wire/pkcs12/store.ts';

const PASSWORD = 'storePassword';

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/channel-keys/${name}`, import.meta.url));
}

describe('a PKCS #12 store', () => {
  test('gives the same keys as the JCEKS store that keytool copied them from', () => {
    const jceks = JceksStore.open(fixture('keys.jceks'), PASSWORD, 'keys.jceks');
    const store = Pkcs12Store.open(fixture('keys.p12'), PASSWORD, 'keys.p12');
    assert.deepEqual(store.aliases(), ['key-0', 'key-1'], 'private keys and certificates are passed over');
    const keys = ['key-0', 'key-1'].map((alias) => store.secret(alias, PASSWORD));
    assert.deepEqual(keys[0], jceks.secret('key-0', 'keyZeroPassword'));
    assert.deepEqual(keys[1], jceks.secret('key-1', PASSWORD));
    assert.deepEqual(
      keys.map((key) => key?.length),
      [16, 32],
    );
    assert.equal(store.secret('key-2', PASSWORD), null);
  });

  test('aliases are found in any letter case, as in Java', () => {
    const store = Pkcs12Store.open(fixture('keys.p12'), PASSWORD, 'keys.p12');
    assert.deepEqual(store.secret('Key-1', PASSWORD), store.secret('key-1', PASSWORD));
    const jceks = JceksStore.open(fixture('keys.jceks'), PASSWORD, 'keys.jceks');
    assert.deepEqual(jceks.secret('KEY-1', PASSWORD), store.secret('key-1', PASSWORD));
  });

  test('a wrong password does not open it, whether by a digest of SHA-256 or SHA-1', () => {
    for (const name of ['keys.p12', 'legacy.p12']) {
      const error = { code: 'CONF_OPTION_VALUE', message: /12 cannot be opened: the password is wrong/ };
      assert.throws(() => Pkcs12Store.open(fixture(name), 'wrong', name), error);
    }
  });

  test('a wrong password of a single key is told', () => {
    const store = Pkcs12Store.open(fixture('keys.p12'), PASSWORD, 'keys.p12');
    const error = { code: 'CONF_OPTION_VALUE', message: /keys\.p12 cannot be opened: the password is wrong/ };
    assert.throws(() => store.secret('key-1', 'wrong'), error);
  });

  test('the encryption of Java 8 is read, too', () => {
    const store = Pkcs12Store.open(fixture('legacy.p12'), PASSWORD, 'legacy.p12');
    const jceks = JceksStore.open(fixture('keys.jceks'), PASSWORD, 'keys.jceks');
    assert.deepEqual(store.secret('key-1', PASSWORD), jceks.secret('key-1', PASSWORD));
  });

  test('a store that is cut short, or has a changed byte, gives the right key or is refused', () => {
    const whole = fixture('keys.p12');
    const right = Pkcs12Store.open(whole, PASSWORD, 'x').secret('key-0', PASSWORD)!;
    const damaged = fc.oneof(
      fc.integer({ min: 0, max: whole.length - 1 }).map((length) => whole.subarray(0, length)),
      fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => {
        const bytes = Buffer.from(whole);
        bytes[at]! ^= flip;
        return bytes;
      }),
    );
    fc.assert(
      fc.property(damaged, (bytes) => {
        try {
          const key = Pkcs12Store.open(bytes, PASSWORD, 'x').secret('key-0', PASSWORD);
          assert.deepEqual(key, right);
        } catch (error) {
          assert.ok(error instanceof MillraceError, String(error));
        }
      }),
      { numRuns: 150 },
    );
  });
});
