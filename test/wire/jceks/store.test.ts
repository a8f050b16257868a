import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '../../../src/base/errors.ts';
import { JceksStore } from '../../../src/wire/jceks/store.ts';

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/jceks/${name}.jceks`, import.meta.url));
}

/** The same store with other content, closed with the digest that belongs to it. */
function sealed(body: Buffer, password: string): Buffer {
  const digest = createHash('sha1')
    .update(Buffer.from(password, 'utf16le').swap16())
    .update('Mighty Aphrodite')
    .update(body)
    .digest();
  return Buffer.concat([body, digest]);
}

describe('a JCEKS store', () => {
  test('gives the secrets that were put into it, and knows no others', () => {
    const store = JceksStore.open(fixture('default'), 'none', 'default');
    assert.deepEqual(store.aliases(), ['password', 'umlauts']);
    assert.equal(store.secret('password', 'none')?.toString(), 'filtered_default');
    assert.equal(store.secret('nobody', 'none'), null);
  });

  test('private keys and certificates of keytool are passed over, its passwords are read', () => {
    const store = JceksStore.open(fixture('keytool'), 'changeit', 'keytool');
    assert.deepEqual(store.aliases(), ['password']);
    assert.equal(store.secret('password', 'changeit')?.toString(), 'filtered_keytool');
  });

  test('a wrong password, and one changed byte, do not open it', () => {
    const bytes = fixture('env');
    assert.throws(
      () => JceksStore.open(bytes, 'wrong', 'env'),
      /env cannot be opened: the password is wrong/,
    );
    bytes[40]! ^= 1;
    assert.throws(() => JceksStore.open(bytes, 'envSecret', 'env'), /or the file was changed/);
  });

  const notStores: readonly (readonly [string, Buffer])[] = [
    ['an empty file', Buffer.alloc(0)],
    ['a text', Buffer.from('a1.sources = r1\n'.repeat(10))],
    ['a JKS store', Buffer.concat([Buffer.from('feedfeed', 'hex'), Buffer.alloc(60)])],
  ];
  for (const [name, bytes] of notStores) {
    test(`${name} is none`, () => {
      const error = { code: 'CONF_OPTION_VALUE', message: /is not a JCEKS key store/ };
      assert.throws(() => JceksStore.open(bytes, 'none', 'x'), error);
    });
  }

  test('a store that is cut short at any place, with a right digest, is refused with an error of its own', () => {
    const whole = fixture('keytool');
    const body = whole.subarray(0, whole.length - 20);
    fc.assert(
      fc.property(fc.integer({ min: 12, max: body.length - 1 }), (length) => {
        const cut = sealed(body.subarray(0, length), 'changeit');
        assert.throws(() => JceksStore.open(cut, 'changeit', 'cut'), MillraceError);
      }),
      { numRuns: 100 },
    );
  });
});
