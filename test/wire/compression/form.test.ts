import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type CompressionForm, compressNow } from '../../../src/wire/compression/form.ts';
import { decompress } from '../../kit/decompress.ts';

const FORMS: readonly CompressionForm[] = [
  'raw-deflate',
  'zlib',
  'gzip',
  'zstd',
  'bzip2',
  'snappy-crc32',
  'hadoop-snappy',
  'hadoop-lz4',
];
/** Of those that follow each other in a file. */
const JOINED = FORMS.filter((form) => form !== 'raw-deflate' && form !== 'snappy-crc32');

/** Numbers that look random and are the same each time. */
function noise(length: number, values = 256): Buffer {
  let state = 12345;
  return Buffer.from(
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 16) % values;
    }),
  );
}

const lines = Buffer.from(
  Array.from({ length: 20_000 }, (_, i) => `2026-01-02 host${i % 7} GET /${(i * 7919) % 1000} 200\n`).join(
    '',
  ),
);

/** Lengths around the limits of runs, literals, copies and blocks. */
const CASES: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  'one byte': Buffer.from('x'),
  'too short to repeat': Buffer.from('abcdabcdabcd'),
  'twice the same': Buffer.from('abab'.repeat(8)),
  'a run of zeros': Buffer.alloc(100_000),
  'runs of 3 to 6': Buffer.from([3, 4, 5, 6].map((n) => 'r'.repeat(n)).join('-')),
  'runs around 255': Buffer.from([254, 255, 256, 259, 510].map((n) => 'r'.repeat(n)).join('-')),
  'copies of 4 to 80 bytes': Buffer.from(
    Array.from({ length: 77 }, (_, n) => `${n}:${'abcdefghij'.repeat(8).slice(0, n + 4)};`).join(''),
  ),
  'noise, longer than a block': noise(400_000),
  'two values': noise(60_000, 2),
  'repeats farther apart than 64 KiB': Buffer.concat([noise(3000), noise(70_000, 255), noise(3000)]),
  'lines, longer than two blocks': lines,
  'all bytes': Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
};

describe('compression forms', () => {
  for (const form of FORMS) {
    for (const [name, bytes] of Object.entries(CASES)) {
      test(`${form}: ${name}`, () => {
        const before = Buffer.from(bytes);
        assert.ok(decompress(form, compressNow(form, bytes)).equals(before));
        assert.ok(bytes.equals(before), 'the bytes themselves are as they were');
      });
    }

    test(`${form}: any bytes come back`, () =>
      fc.assert(
        fc.property(
          fc.array(
            fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 40 })),
            { maxLength: 12 },
          ),
          (parts) => {
            const bytes = Buffer.concat(
              parts.flatMap(([piece, times]) => Array.from({ length: times }, () => piece)),
            );
            assert.ok(decompress(form, compressNow(form, bytes)).equals(bytes));
          },
        ),
        { numRuns: 100 },
      ));

    test(`${form}: what repeats gets smaller, what does not hardly larger`, () => {
      assert.ok(compressNow(form, lines).length < lines.length / 3);
      assert.ok(compressNow(form, CASES['noise, longer than a block']!).length < 400_000 * 1.02);
    });
  }

  for (const form of JOINED) {
    test(`${form}: one behind the other is read as one`, () => {
      const parts = [lines, Buffer.from('and more')].map((part) => compressNow(form, part));
      assert.ok(
        decompress(form, Buffer.concat(parts)).equals(Buffer.concat([lines, Buffer.from('and more')])),
      );
    });
  }

  test('levels are the defaults of zlib, which Hadoop and Avro take', () => {
    assert.deepEqual(compressNow('gzip', lines), gzipSync(lines, { level: 6 }));
    assert.deepEqual(compressNow('zlib', lines), deflateSync(lines, { level: 6 }));
    assert.deepEqual(compressNow('raw-deflate', lines), deflateRawSync(lines, { level: 6 }));
  });
});
