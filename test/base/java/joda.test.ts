import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { jodaMillisParser } from '../../../src/base/java/joda.ts';
import { facts } from './facts.ts';

type Line =
  | readonly [pattern: string, refused: null]
  | readonly [pattern: string, zone: string, text: string, ms: string | null];

const lines = facts<Line>('joda');

function read(pattern: string, zone: string, text: string): string | null {
  const parse = jodaMillisParser(pattern, zone);
  try {
    return String(parse(text));
  } catch {
    return null;
  }
}

describe('Joda patterns', () => {
  test('give the time that Joda gives, and refuse the texts that Joda refuses', () => {
    const wrong: string[] = [];
    let count = 0;
    for (const line of lines) {
      if (line.length === 2) continue;
      const [pattern, zone, text, wanted] = line;
      const ms = read(pattern, zone, text);
      if (ms !== wanted)
        wrong.push(`${pattern} in ${zone} on ${JSON.stringify(text)}: ${ms}, Joda ${wanted}`);
      count++;
    }
    assert.deepEqual(wrong, []);
    assert.ok(count > 200, `${count} texts`);
  });

  test('are refused when they are made where Joda refuses them', () => {
    const refused = lines.filter((line) => line.length === 2);
    for (const [pattern] of refused)
      assert.throws(() => jodaMillisParser(pattern, 'UTC'), { code: 'CONF_OPTION_VALUE' }, pattern);
    assert.ok(refused.length > 5, `${refused.length} patterns`);
  });

  test('that are refused name the letters and what can be used', () => {
    assert.throws(() => jodaMillisParser('yyyy-QQ'), {
      code: 'CONF_OPTION_VALUE',
      message: 'Illegal pattern component: QQ in yyyy-QQ',
      detail: {
        value: 'yyyy-QQ',
        remedy: 'use the letters GCYxweEyDMdaKhHkmsSzZ and put other text into single quotes',
      },
    });
    assert.throws(() => jodaMillisParser(''), { message: 'The pattern of the time is empty' });
  });

  test('say in the error what does not fit', () => {
    const parse = jodaMillisParser('yyyy-MM-dd', 'UTC');
    const cases: readonly (readonly [string, string])[] = [
      ['2024-xx-01', 'Invalid format: "2024-xx-01" does not fit the pattern yyyy-MM-dd at index 5'],
      ['2024-01-01Z', 'Invalid format: "2024-01-01Z" goes on behind the pattern yyyy-MM-dd'],
      ['2024-13-01', 'Cannot parse "2024-13-01": Value 13 for monthOfYear must be in the range [1,12]'],
      ['2023-02-29', 'Cannot parse "2023-02-29": Value 29 for dayOfMonth must be in the range [1,28]'],
    ];
    for (const [text, message] of cases) assert.throws(() => parse(text), { message });
    const berlin = jodaMillisParser('yyyy-MM-dd HH:mm', 'Europe/Berlin');
    assert.throws(() => berlin('2024-03-31 02:30'), /the clock of the zone was set forward over that time/);
  });

  test('take two digits for the year that lies within fifty years around thirty years ago', () => {
    const parse = jodaMillisParser('yy', 'UTC');
    const middle = new Date().getFullYear() - 30;
    for (let year = middle - 50; year < middle + 50; year++) {
      const digits = String(year % 100).padStart(2, '0');
      assert.equal(new Date(parse(digits)).getUTCFullYear(), year);
    }
  });

  test("read texts without a zone in the process's own", () => {
    const ms = jodaMillisParser('yyyy-MM-dd HH:mm:ss.SSS')('2024-07-02 03:04:05.678');
    assert.equal(ms, new Date(2024, 6, 2, 3, 4, 5, 678).getTime());
  });

  test('read any time that ISO 8601 writes', () => {
    const parse = jodaMillisParser("yyyy-MM-dd'T'HH:mm:ss.SSSZ");
    const times = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(times, (time) => {
        assert.equal(parse(time.toISOString()), time.getTime());
      }),
      { numRuns: 300 },
    );
  });

  test('read day of year and week date as the same day as month and day', () => {
    const ordinal = jodaMillisParser('yyyy-DDD', 'UTC');
    const week = jodaMillisParser("xxxx-'W'ww-e", 'UTC');
    const thursday = (at: number) => at + (4 - (new Date(at).getUTCDay() || 7)) * 86_400_000;
    fc.assert(
      fc.property(fc.integer({ min: -70_000, max: 70_000 }), (day) => {
        const at = day * 86_400_000;
        const startOfYear = (time: number) => Date.UTC(new Date(time).getUTCFullYear(), 0, 1);
        const year = new Date(at).getUTCFullYear();
        assert.equal(ordinal(`${year}-${(at - startOfYear(at)) / 86_400_000 + 1}`), at);
        const middle = thursday(at);
        const number = Math.floor((middle - startOfYear(middle)) / (7 * 86_400_000)) + 1;
        assert.equal(
          week(`${new Date(middle).getUTCFullYear()}-W${number}-${new Date(at).getUTCDay() || 7}`),
          at,
        );
      }),
      { numRuns: 300 },
    );
  });
});
