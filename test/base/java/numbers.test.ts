import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  javaDoubleText,
  parseJavaBoolean,
  parseJavaDouble,
  parseJavaLong,
} from '../../../src/base/java/numbers.ts';
import { facts } from './facts.ts';

type Line =
  | readonly [bits: string, text: string]
  | readonly [text: string, long: string | null, int: string | null, double: string | null, boolean: boolean];

const lines = facts<Line>('numbers');
const texts = lines.filter((line) => line.length === 5);

/** Java takes them, Millrace refuses them: digits of other scripts, doubles without decimal digits. */
const REFUSED = { long: ['\u0661\u0662'], double: ['NaN', 'Infinity'] };

function doubleOf(bits: string): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${bits}`));
  return view.getFloat64(0);
}

describe('numbers as Java reads and prints them', () => {
  test('whole numbers are read or refused as by Long.parseLong behind trim()', () => {
    for (const [text, long] of texts) {
      const wanted = long === null || REFUSED.long.includes(text) ? null : Number(long);
      assert.ok(Object.is(parseJavaLong(text), wanted) || (wanted === 0 && parseJavaLong(text) === 0), text);
    }
    assert.ok(texts.length > 40, `${texts.length} texts`);
  });

  test('doubles in decimal form are read or refused as by Double.parseDouble', () => {
    for (const [text, , , double] of texts) {
      const wanted = double === null || REFUSED.double.includes(text) ? null : Number(double);
      assert.equal(parseJavaDouble(text), wanted, JSON.stringify(text));
    }
  });

  test('booleans are true for true in any letter case only', () => {
    for (const [text, , , , boolean] of texts)
      assert.equal(parseJavaBoolean(text), boolean, JSON.stringify(text));
    assert.ok(texts.some((line) => line[4]) && texts.some((line) => !line[4]));
  });

  test('doubles are printed as by Double.toString', () => {
    let count = 0;
    for (const line of lines) {
      if (line.length !== 2) continue;
      assert.equal(javaDoubleText(doubleOf(line[0])), line[1]);
      count++;
    }
    assert.ok(count > 20, `${count} doubles`);
  });

  test('what is printed is read as the same number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        assert.ok(Object.is(parseJavaDouble(javaDoubleText(value)), value), javaDoubleText(value));
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        assert.equal(parseJavaLong(` ${value}\n`), value);
      }),
    );
  });
});
