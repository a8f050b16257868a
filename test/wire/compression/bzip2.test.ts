import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { sortBlock } from '../../../src/wire/compression/bzip2/block-sort.ts';
import { compressBzip2 } from '../../../src/wire/compression/bzip2/compressor.ts';
import { codesOf, lengthsOf } from '../../../src/wire/compression/bzip2/huffman.ts';
import { suffixArray } from '../../../src/wire/compression/bzip2/suffix-array.ts';
import { bunzip2 } from '../../kit/bunzip2.ts';

/** Few letters, so that much repeats. */
const text = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.array(fc.nat(255), { minLength: 1, maxLength: 80 }))
  .map(([letters, bytes]) => Uint8Array.from(bytes, (byte) => byte % letters));

const periodic = fc
  .tuple(text, fc.integer({ min: 1, max: 5 }))
  .map(([piece, times]) =>
    Uint8Array.from({ length: piece.length * times }, (_, i) => piece[i % piece.length]!),
  );

describe('bzip2', () => {
  test('suffixes are in order, a shorter one before one that it begins', () =>
    fc.assert(
      fc.property(fc.oneof(text, periodic), (bytes) => {
        const wanted = Array.from(bytes.keys()).sort((a, b) =>
          Buffer.compare(bytes.subarray(a), bytes.subarray(b)),
        );
        assert.deepEqual([...suffixArray(bytes, 255)], wanted);
      }),
      { numRuns: 500 },
    ));

  test('rotations are in order, and the block is where it is said to be', () =>
    fc.assert(
      fc.property(fc.oneof(text, periodic), (block) => {
        const rotations = Array.from(block.keys(), (i) =>
          Buffer.concat([block.subarray(i), block.subarray(0, i)]),
        );
        rotations.sort(Buffer.compare);
        const { lasts, origin } = sortBlock(block);
        assert.deepEqual(
          [...lasts],
          rotations.map((rotation) => rotation.at(-1)),
        );
        assert.ok(rotations[origin]!.equals(block));
      }),
      { numRuns: 500 },
    ));

  test('codes are bounded in length and none begins another, however uneven the counts are', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 258 }),
        fc.float({ min: 1, max: 2, noNaN: true }),
        (kinds, base) => {
          const counts = Uint32Array.from({ length: kinds }, (_, i) => Math.min(900_000, base ** i));
          const lengths = lengthsOf(counts);
          const codes = codesOf(lengths);
          let room = 0;
          for (let i = 0; i < kinds; i++) {
            assert.ok(lengths[i]! >= 1 && lengths[i]! <= 17);
            assert.ok(codes[i]! < 2 ** lengths[i]!);
            room += 2 ** -lengths[i]!;
          }
          assert.ok(room <= 1, `Kraft's sum is ${room}`);
        },
      ),
    ));

  test('a block ends at 900 000 bytes with its runs cut, also within a run', () => {
    for (const length of [899_990, 899_995, 900_000, 900_003]) {
      const bytes = Buffer.from(
        Uint8Array.from({ length: length + 300 }, (_, i) => (i < length ? i % 251 : 7)),
      );
      assert.ok(bunzip2(compressBzip2(bytes)).equals(bytes), `${length}`);
    }
  });

  test('four equal bytes grow to five', () => {
    const bytes = Buffer.from('aaaabbbbccccdddd'.repeat(1000));
    assert.ok(bunzip2(compressBzip2(bytes)).equals(bytes));
  });
});
