import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '../../../src/base/errors.ts';
import { type JavaPattern, javaPattern } from '../../../src/base/java/regex.ts';
import { facts } from './facts.ts';

type Find = readonly [start: number, end: number, ...groups: (string | null)[]];
type Result = readonly [input: string, matches: boolean, finds: readonly Find[]];
type Fact = readonly [pattern: string, result: string | readonly Result[]];

/** The generator keeps so many finds of an input. */
const FINDS_MAX = 8;

/** Patterns of regex.json that Java takes and Millrace refuses, with what the error says. */
const REFUSED: Readonly<Record<string, string>> = {
  '(?<=a+c+)b': 'no obvious maximum length',
  '(?>(a+)(b)?)\\2': 'took no part',
  '(a\\1)': 'took no part',
  '(a)?\\1b': 'took no part',
  '(?:(a)|b)\\1': 'took no part',
  '(?i)(a)\\1': 'under (?i)',
  '(?:|a)*': 'may match nothing',
  '(?:a*?)*': 'may match nothing',
  'x{1,2}{3}': 'A second {…}',
  '[a&&]b': 'Nothing stands behind &&',
  '\\G': 'end of the previous match',
  '\\X': '\\X',
  '\\N{LATIN SMALL LETTER A}': '\\N{…}',
  '\\b{g}': '\\b{…}',
  '(?U)\\w': 'Flag U',
  '(?c)a': 'Flag c',
  '[a&&]': 'Nothing stands behind &&',
  '[a&&&b]': 'Nothing stands behind &&',
  '[a&&[ab]&c]': 'A single & stands behind an intersection',
  '(?x)[a& b]': 'a blank behind &',
  '{2}a': 'nothing to repeat',
  '\\p{InArmenian}': 'Unknown character property name {InArmenian}',
  '(?<=a++)b': 'in a look-behind',
  '(?iu)ß': 'ß and ẞ',
  '\\ud83d': 'Half a surrogate pair',
  '(?i)(é)\\1': 'under (?i)',
};

/** Java looks at the halves of a surrogate pair, too. */
const KNOWN_DIFFERENCES = new Set(['x*', '(?<![a-z]).']);

function tryPattern(source: string): JavaPattern | MillraceError {
  try {
    return javaPattern(source);
  } catch (error) {
    assert.ok(error instanceof MillraceError, `${source}: ${error}`);
    return error;
  }
}

function sureGroups(pattern: JavaPattern): readonly number[] {
  return Array.from({ length: pattern.groupCount }, (_, i) => i + 1).filter((group) => {
    try {
      pattern.requireGroups([group]);
      return true;
    } catch {
      return false;
    }
  });
}

/** What our pattern gives in the form of a fact; groups that are not certain are left out of both. */
function differences(pattern: JavaPattern, results: readonly Result[]): readonly string[] {
  const sure = sureGroups(pattern);
  return results.flatMap(([input, matches, finds]) => {
    const ours = [...pattern.matchAll(input)]
      .slice(0, FINDS_MAX)
      .map(({ start, end, groups }) => [start, end, ...sure.map((group) => groups[group] ?? null)]);
    const java = finds.map(([start, end, ...groups]) => [
      start,
      end,
      ...sure.map((group) => groups[group - 1]),
    ]);
    const texts = [ours, java].map((list) => JSON.stringify(list));
    const found: string[] = [];
    if (texts[0] !== texts[1]) found.push(`${JSON.stringify(input)}: finds ${texts[0]}, Java ${texts[1]}`);
    if (pattern.matches(input) !== matches)
      found.push(`${JSON.stringify(input)}: matches() is not ${matches}`);
    if (pattern.find(input) !== finds.length > 0) found.push(`${JSON.stringify(input)}: find() is wrong`);
    return found.map((one) => `${pattern.source} on ${one}`);
  });
}

describe('patterns', () => {
  const all = facts<Fact>('regex').filter(([pattern]) => !KNOWN_DIFFERENCES.has(pattern));

  test('find and match what Java finds and matches, with the same groups', () => {
    const wrong: string[] = [];
    let compared = 0;
    for (const [source, result] of all) {
      const pattern = tryPattern(source);
      if (pattern instanceof MillraceError || typeof result === 'string') continue;
      compared++;
      wrong.push(...differences(pattern, result));
    }
    assert.equal(wrong.join('\n'), '');
    assert.ok(compared > 500, `${compared} patterns`);
  });

  test('are refused where Java refuses them', () => {
    const refused = all.filter(([, result]) => typeof result === 'string');
    const taken = refused.filter(([source]) => !(tryPattern(source) instanceof MillraceError));
    assert.deepEqual(taken, []);
    assert.ok(refused.length > 60, `${refused.length} patterns`);
  });

  test('that Java takes are refused only when they cannot be had, and the error says why', () => {
    const refused = all.flatMap(([source, result]) => {
      const error = tryPattern(source);
      return typeof result !== 'string' && error instanceof MillraceError ? [{ source, error }] : [];
    });
    assert.deepEqual(refused.map(({ source }) => source).sort(), Object.keys(REFUSED).sort());
    for (const { source, error } of refused)
      assert.ok(error.message.includes(REFUSED[source]!), error.message);
  });

  test('made by chance find and match what Java finds and matches, or are refused', () => {
    const wrong: string[] = [];
    let compared = 0;
    for (const [source, result] of facts<Fact>('regex-random')) {
      const pattern = tryPattern(source);
      if (pattern instanceof MillraceError || typeof result === 'string') continue;
      compared++;
      wrong.push(...differences(pattern, result));
    }
    assert.equal(wrong.join('\n'), '');
    assert.ok(compared > 250, `${compared} patterns`);
  });

  test('of one character take the members that Java takes', () => {
    const [sample, ...sets] = facts<readonly [string, string] | string>('regex-members');
    const points = [...(sample as string)];
    const wrong: string[] = [];
    for (const [source, digits] of sets as readonly (readonly [string, string])[]) {
      const pattern = javaPattern(source);
      points.forEach((point, i) => {
        const java = (Number.parseInt(digits[i >> 2]!, 16) >> (3 - (i % 4))) & 1;
        if (pattern.matches(point) !== (java === 1))
          wrong.push(`${source}: U+${point.codePointAt(0)!.toString(16)} is ${java} in Java`);
      });
    }
    assert.equal(wrong.join('\n'), '');
    assert.ok(sets.length > 200, `${sets.length} sets`);
  });

  test('never split a surrogate pair, where Java may', () => {
    assert.deepEqual(
      [...javaPattern('x*').matchAll('😀')].map(({ start, end }) => [start, end]),
      [
        [0, 0],
        [2, 2],
      ],
    );
    assert.deepEqual(
      [...javaPattern('(?<![a-z]).').matchAll('a😀')].map(({ start, end }) => [start, end]),
      [[0, 1]],
    );
    const dash = javaPattern('').replacement('-');
    assert.equal(javaPattern('').replaceAll('a😀', dash), '-a-😀-');
  });
});

describe('errors of patterns', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['a(b', 'Unclosed group near index 3', 'close it'],
    ['a)b', "Unmatched closing ')' near index 1", 'escape it'],
    ['[a-z', 'Unclosed character class near index 4', 'close it'],
    ['*.log', "Dangling meta character '*' near index 0", 'escape it: \\*'],
    ['a{x', 'Illegal repetition near index 1', 'escape the brace'],
    ['\\Qa.b\\E(', 'Unclosed group near index 8', 'close it'],
    ['\\Gx', '\\G (end of the previous match) is not available near index 0', 'without it'],
    ['x\\', 'Unexpected end: a backslash stands last near index 1', 'double it'],
    ['\\y', 'Illegal/unsupported escape sequence near index 0', 'escape only'],
    ['(?U)a', 'Flag U is not available', '\\p{L}'],
    ['(a)|\\1', 'The back reference to group 1 may be reached', 'behind its group'],
    ['(?<=a*b*)c', 'A look-behind has no obvious maximum length', 'upper end'],
  ];
  for (const [source, message, remedy] of cases) {
    test(`${source} is refused with the place, the pattern and a remedy`, () => {
      const error = tryPattern(source);
      assert.ok(error instanceof MillraceError);
      assert.equal(error.code, 'CONF_OPTION_VALUE');
      assert.ok(error.message.startsWith(message), error.message);
      assert.ok(error.message.endsWith(`in the pattern ${source}`), error.message);
      assert.equal(error.detail.value, source);
      assert.ok(error.detail.remedy!.includes(remedy), error.detail.remedy);
    });
  }
});

describe('groups', () => {
  test('that may differ from Java are refused where they are read, not where the pattern only matches', () => {
    const cases: readonly (readonly [string, readonly number[]])[] = [
      ['^(?!(foo|bar))(\\w+)', [1]],
      ['(?:(\\w+)=(\\d+),?)+(.*)', [1, 2]],
      ['(?:(a)|b)*', [1]],
      ['(?<=(\\d{1,3}))(x)', [1]],
      ['(?=(a))ab|ac', [1]],
      ['(?>(a))b|ac', [1]],
      ['(a)++b|ac', [1]],
      ['(a*)*', [1]],
      ['((a)b)+', [2]],
      ['(a|b)+', []],
      ['(?=(a))(?>(a)b)(c)?', []],
      ['(a)|(b)', []],
    ];
    for (const [source, uncertain] of cases) {
      const pattern = javaPattern(source);
      const sure = sureGroups(pattern);
      const rest = Array.from({ length: pattern.groupCount }, (_, i) => i + 1).filter(
        (i) => !sure.includes(i),
      );
      assert.deepEqual(rest, uncertain, source);
    }
  });

  test('that may differ from Java are refused in a replacement that puts them in', () => {
    const pattern = javaPattern('(x)(?:(a)|b)*');
    assert.throws(() => pattern.replacement('$2'), {
      code: 'CONF_OPTION_VALUE',
      message: /^Group 2 of the pattern/,
    });
    assert.equal(pattern.replaceAll('xab', pattern.replacement('<$1>')), '<x>');
  });

  test('the whole match is group 0, and an absent group is undefined', () => {
    assert.deepEqual(javaPattern('(a)|(b)').match('xb'), { start: 1, end: 2, groups: ['b', undefined, 'b'] });
    assert.equal(javaPattern('a').match('b'), null);
  });

  test('a match begins at or after the given place, and knows what stands before it', () => {
    assert.equal(javaPattern('a').match('aba', 1)!.start, 2);
    assert.equal(javaPattern('^a').match('aa', 1), null);
    assert.equal(javaPattern('(?<=a)b').match('ab', 1)!.start, 1);
  });
});

describe('replacements and splitting', () => {
  type Line =
    | readonly ['replace', string, string, string, string | null]
    | readonly ['split', string, string, readonly string[]];
  const lines = facts<Line>('regex-replace');

  test('put in what Java puts in, and are refused where Java refuses them', () => {
    let count = 0;
    for (const line of lines) {
      if (line[0] !== 'replace') continue;
      const [, source, input, text, wanted] = line;
      const pattern = javaPattern(source);
      if (wanted === null) {
        assert.throws(() => pattern.replacement(text), { code: 'CONF_OPTION_VALUE' }, text);
      } else {
        assert.equal(pattern.replaceAll(input, pattern.replacement(text)), wanted, `${source} ${text}`);
      }
      count++;
    }
    assert.ok(count > 30, `${count} replacements`);
  });

  test('give the parts that String.split gives', () => {
    let count = 0;
    for (const line of lines) {
      if (line[0] !== 'split') continue;
      const [, source, input, wanted] = line;
      assert.deepEqual(javaPattern(source).split(input), wanted, JSON.stringify([source, input]));
      count++;
    }
    assert.ok(count > 90, `${count} texts`);
  });

  test('the error of a replacement says what is wrong with it', () => {
    const pattern = javaPattern('(?<n>a)');
    for (const [text, message] of [
      ['$', 'Illegal group reference in the replacement $'],
      ['$2', 'No group 2 in the replacement $2'],
      [`\${m}`, `No group with name {m} in the replacement \${m}`],
      ['a\\', 'Character to be escaped is missing in the replacement a\\'],
    ] as const) {
      assert.throws(() => pattern.replacement(text), { code: 'CONF_OPTION_VALUE', message });
    }
  });
});

describe('properties of any text', () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 });
  const settings = { numRuns: 200 };

  test('a quoted text matches itself and nothing else', () => {
    fc.assert(
      fc.property(
        text.filter((one) => !one.includes('\\E')),
        text,
        (quoted, other) => {
          const pattern = javaPattern(`\\Q${quoted}\\E`);
          assert.equal(pattern.matches(quoted), true);
          assert.equal(pattern.matches(other), other === quoted);
          assert.deepEqual(pattern.match(`${other}${quoted}`)?.groups, [quoted]);
        },
      ),
      settings,
    );
  });

  test('a text in a class, each character escaped, matches its characters and no others', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), text, (members, other) => {
        const escaped = [...members].map((one) => `\\x{${one.codePointAt(0)!.toString(16)}}`).join('');
        const inside = javaPattern(`[${escaped}]*`);
        const outside = javaPattern(`[^${escaped}]*`);
        const set = new Set(members);
        assert.equal(
          inside.matches(other),
          [...other].every((one) => set.has(one)),
        );
        assert.equal(
          outside.matches(other),
          [...other].every((one) => !set.has(one)),
        );
      }),
      settings,
    );
  });

  test('an escaped replacement puts itself in, and the matches and what lies between make the text', () => {
    const source = fc.constantFrom('', 'a*', '[^a]', '\\b', '.', '(?=a)', '\\s+');
    fc.assert(
      fc.property(source, text, text, (pattern, input, replacement) => {
        const made = javaPattern(pattern);
        const escaped = made.replacement(replacement.replace(/[\\$]/g, '\\$&'));
        const between = [...made.matchAll(input)];
        let wanted = '';
        let last = 0;
        for (const { start, end } of between) {
          assert.ok(start >= last && end >= start);
          wanted += input.slice(last, start) + replacement;
          last = end;
        }
        assert.equal(made.replaceAll(input, escaped), wanted + input.slice(last));
        assert.equal(made.replaceAll(input, made.replacement('$0')), input);
      }),
      settings,
    );
  });
});
