import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { median, short, spreadOf } from '../../benchmarks/statistics.ts';

describe('benchmarks: statistics', () => {
  const medians: readonly (readonly [readonly number[], number])[] = [
    [[5], 5],
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[10, 9, 100], 10],
    [[-1, -3], -2],
  ];
  for (const [values, expected] of medians) {
    test(`the median of ${values.join(', ')} is ${expected}`, () => assert.equal(median(values), expected));
  }

  test('a spread is ordered, made of what is there, and leaves its input alone', () => {
    const numbers = fc.array(fc.integer({ min: -1e9, max: 1e9 }), { minLength: 1, maxLength: 20 });
    const property = fc.property(numbers, (values) => {
      const before = [...values];
      const spread = spreadOf(values);
      assert.deepEqual(values, before);
      assert.ok(values.includes(spread.min) && values.includes(spread.max));
      assert.ok(values.every((value) => value >= spread.min && value <= spread.max));
      const below = values.filter((value) => value < spread.median).length;
      const above = values.filter((value) => value > spread.median).length;
      assert.ok(below <= values.length / 2 && above <= values.length / 2);
    });
    fc.assert(property, { numRuns: 100 });
  });

  const texts: readonly (readonly [number, string])[] = [
    [0, '0.00'],
    [1.234, '1.23'],
    [12.6, '13'],
    [999, '999'],
    [1000, '1.0 k'],
    [45_678, '45.7 k'],
    [999_949, '999.9 k'],
    [999_950, '1.00 M'],
    [1_234_567, '1.23 M'],
    [12_345_678_901, '12345.68 M'],
  ];
  for (const [value, text] of texts) {
    test(`${value} is shown as ${text}`, () => assert.equal(short(value), text));
  }
});
