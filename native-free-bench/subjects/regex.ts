/** Java regular expressions: translated, searched for, replaced. */
import '../native-off.ts';
import assert from 'node:assert/strict';
import { type JavaPattern, javaPattern } from '../../src/base/java/regex.ts';
import { BODY_BYTES, type Case, lineText, type Subject } from '../kit.ts';

/** Patterns as configurations have them: source, a text that has it, a text that has it not. */
const PATTERNS: readonly (readonly [string, string, string])[] = [
  ['^ERROR', 'ERROR x', 'INFO ERROR'],
  ['^(\\w+) request (\\d+)', 'INFO request 7', 'request'],
  ['(?i)warn(?:ing)?', 'WARNING', 'info'],
  ['\\d{4}-\\d{2}-\\d{2} \\d{2}:\\d{2}', '2024-01-02 03:04', '2024'],
  ['(?<ip>(?:\\d{1,3}\\.){3}\\d{1,3})', 'from 192.0.2.1', 'from host'],
  ['\\p{Alpha}+\\Q.log\\E$', 'app.log', 'app-log'],
  ['[a-z&&[^aeiou]]{3}', 'xyz', 'aei'],
  ['\\bkey=(["\']?)(.*?)\\1(?=[,;]|$)', "key='a b';", 'keys'],
];

function translating(size: number): Case {
  const made: JavaPattern[] = [];
  return {
    name: 'translate',
    items: size,
    bytes: 0,
    pass: () => {
      for (let i = 0; i < size; i++) {
        const n = i % PATTERNS.length;
        made[n] = javaPattern(PATTERNS[n]![0]);
      }
    },
    check: () => {
      assert.equal(made.length, Math.min(size, PATTERNS.length));
      made.forEach((pattern, n) => {
        const [source, has, hasNot] = PATTERNS[n]!;
        assert.equal(pattern.find(has), true, `${source} is in ${has}`);
        assert.equal(pattern.find(hasNot), false, `${source} is not in ${hasNot}`);
      });
    },
  };
}

/** A pass over `size` lines; `work` returns a number that `expected` gives for each line, summed. */
function overLines(
  name: string,
  size: number,
  work: (text: string) => number,
  expected: (index: number) => number,
): Case {
  const texts = Array.from({ length: size }, (_, i) => lineText(i));
  let sum = -1;
  return {
    name,
    items: size,
    bytes: size * BODY_BYTES,
    pass: () => {
      sum = 0;
      for (const text of texts) sum += work(text);
    },
    check: () =>
      assert.equal(
        sum,
        texts.reduce((total, _, i) => total + expected(i), 0),
      ),
  };
}

export const regex: Subject = {
  name: 'regex',
  title: 'Java regular expressions over 200 byte lines',
  size: 1000,
  cases: async (size) => {
    const anchored = javaPattern('^ERROR');
    const groups = javaPattern('^(\\w+) request (\\d+)');
    const card = javaPattern('([0-9]{4})[0-9]{12}');
    const replacement = card.replacement('$1-****');
    return [
      translating(size),
      overLines(
        'find',
        size,
        (text) => Number(anchored.find(text)),
        (i) => Number(i % 4 === 0),
      ),
      overLines(
        'match two groups',
        size,
        (text) => Number(groups.match(text)!.groups[2]),
        (i) => i,
      ),
      overLines(
        'replace, matches in a tenth',
        size,
        (text) => card.replaceAll(text, replacement).length,
        (i) => lineText(i).replace(/([0-9]{4})[0-9]{12}/, '$1-****').length,
      ),
    ];
  },
};
