import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { nearest } from '../../../src/component/options/suggest.ts';

const NAMES = ['netcat', 'netcatudp', 'exec', 'http', 'seq', 'max-line-length'];

describe('the name that was probably meant', () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ['netcat', 'netcat'],
    ['NetCat', 'netcat'],
    ['netkat', 'netcat'],
    ['netact', 'netcat'],
    ['nectat', 'netcat'],
    ['netcatudpp', 'netcatudp'],
    ['exce', 'exec'],
    ['htpt', 'http'],
    ['sqe', 'seq'],
    ['maxLineLength', 'max-line-length'],
    ['kafka', null],
    ['x', null],
    // Two letters: another name rather than a slip.
    ['se', null],
    ['', null],
  ];
  for (const [name, meant] of cases) {
    test(`${JSON.stringify(name)}: ${meant}`, () => assert.equal(nearest(name, NAMES), meant));
  }

  test('nothing is near when there are no names', () => assert.equal(nearest('a', []), null));

  test('one letter too few, too many, or two swapped still find a name of four letters and more', () => {
    const name = fc.string({ unit: fc.constantFrom(...'abcdefgh'), minLength: 4, maxLength: 12 });
    const place = fc.nat(11);
    fc.assert(
      fc.property(name, place, fc.constantFrom('drop', 'add', 'swap'), (right, at, slip) => {
        const i = at % (right.length - 1);
        const wrong = {
          drop: right.slice(0, i) + right.slice(i + 1),
          add: `${right.slice(0, i)}z${right.slice(i)}`,
          swap: right.slice(0, i) + right[i + 1] + right[i] + right.slice(i + 2),
        }[slip];
        assert.equal(nearest(wrong, [right, '0123456789']), right);
      }),
      { numRuns: 200 },
    );
  });
});
