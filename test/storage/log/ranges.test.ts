import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TakenOffsets } from '../../../src/storage/log/ranges.ts';

const END = 60;
const range = fc
  .tuple(fc.nat(END), fc.nat(12))
  .map(([from, length]) => [from, Math.min(from + length, END)] as const);

describe('taken offsets', () => {
  test('are a set of numbers, whatever the order of taking', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 30 }), range, (taken, [from, to]) => {
        const model = new Set<number>();
        const offsets = new TakenOffsets();
        for (const [first, end] of taken) {
          offsets.add(first, end);
          for (let n = first; n < end; n++) model.add(n);
        }
        let low = 0;
        while (model.has(low)) low++;
        assert.equal(offsets.low, low);
        const left = offsets
          .untaken(from, to)
          .flatMap(([a, b]) => Array.from({ length: b - a }, (_, n) => a + n));
        const wanted = Array.from({ length: to - from }, (_, n) => from + n).filter((n) => !model.has(n));
        assert.deepEqual(left, wanted);
        assert.equal(offsets.untakenCount(END), END - model.size);
        let before = offsets.low;
        for (const [a, b] of offsets.ranges) {
          assert.ok(a > before && b > a, 'ranges are sorted and do not touch');
          before = b;
        }
        assert.deepEqual(new TakenOffsets(offsets.low, offsets.ranges).ranges, offsets.ranges);
      }),
    );
  });

  test('that come as many ranges at once are what they are one by one', () => {
    const many = fc.uniqueArray(fc.nat(80), { maxLength: 60 }).map((list) => {
      const offsets = list.sort((a, b) => a - b);
      return offsets.map((from) => [from, from + 1] as const);
    });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), many, (before, taken) => {
        const together = new TakenOffsets();
        const alone = new TakenOffsets();
        for (const offsets of [together, alone]) for (const [from, to] of before) offsets.add(from, to);
        together.addAll(taken);
        for (const [from, to] of taken) alone.add(from, to);
        assert.equal(together.low, alone.low);
        assert.deepEqual(together.ranges, alone.ranges);
      }),
    );
  });
});
