/** The key of a record: what was written is read, what was changed is none. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { decodeKey, encodeKey, type RecordKey } from '../../../src/storage/log/record.ts';

const KEY: RecordKey = { first: 2 ** 40 + 7, count: 3, crc: 1, low: 2, durable: 2 ** 40, isEncrypted: false };

describe('the key of a record', () => {
  for (const isEncrypted of [true, false]) {
    test(`comes back as it was, ${isEncrypted ? '' : 'not '}encrypted`, () => {
      const key = { ...KEY, isEncrypted };
      assert.deepEqual(decodeKey(encodeKey(key)), key);
    });
  }

  test('with any bit flipped is none: a wrong mark would make events look taken', () => {
    for (let bit = 0; bit < encodeKey(KEY).length * 8; bit++) {
      const bytes = encodeKey(KEY);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(decodeKey(bytes), null, `bit ${bit}`);
    }
  });

  test('of version 1 is read, which had no checksum', () => {
    const bytes = encodeKey(KEY).subarray(0, 32);
    bytes.writeUInt16BE(1, 28);
    assert.deepEqual(decodeKey(bytes), KEY);
  });

  test('of a later version is an error that names both', () => {
    const bytes = encodeKey(KEY);
    bytes.writeUInt16BE(3, 28);
    bytes.writeUInt32BE(crc32(bytes.subarray(0, 32)), 32);
    assert.throws(() => decodeKey(bytes), { message: /format version 3; .* reads 1 and 2/ });
  });

  test('of another length is none', () => {
    for (const length of [0, 5, 31, 33, 35])
      assert.equal(decodeKey(encodeKey(KEY).subarray(0, length)), null);
  });
});
