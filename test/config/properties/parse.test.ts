import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeProperties, parseProperties } from '../../../src/config/properties/parse.ts';
import { only } from '../planning.ts';

function read(text: string): Record<string, string> {
  const { properties } = parseProperties(text, 'x.conf');
  return Object.fromEntries([...properties].map(([key, property]) => [key, property.value]));
}

describe('the grammar of java.util.Properties', () => {
  const cases: readonly (readonly [string, string, Record<string, string>])[] = [
    ['= : and a blank separate alike', 'a=1\nb:2\nc 3', { a: '1', b: '2', c: '3' }],
    ['blanks around the separator are dropped', 'a = 1\nb\t:\f2\nc   3', { a: '1', b: '2', c: '3' }],
    ['only the first separator counts', 'a = b = c:d e', { a: 'b = c:d e' }],
    ['one sign of separation is taken, the next is data', 'a == 1\nb:= 2', { a: '= 1', b: '= 2' }],
    ['a command keeps its options', 'k = tail -F /x --pid=3', { k: 'tail -F /x --pid=3' }],
    ['leading blanks of a line are skipped', ' \t\fa = 1', { a: '1' }],
    ['trailing blanks are kept by the loader', 'a = 1  ', { a: '1  ' }],
    ['# and ! begin a comment line', '# x = 1\n ! y = 2\nz = 3', { z: '3' }],
    ['# later in a line is data', 'a = 1 # one', { a: '1 # one' }],
    ['a comment is not continued', '# no \\\na = 1', { a: '1' }],
    ['an odd number of backslashes continues', 'a = 1,\\\n    2,\\\n\t3', { a: '1,2,3' }],
    ['an even number of backslashes does not', 'a = 1\\\\\nb = 2', { a: '1\\', b: '2' }],
    ['three backslashes are one and a continuation', 'a = 1\\\\\\\n2', { a: '1\\2' }],
    ['a continuation may hold what looks like a comment', 'a = 1 \\\n# 2', { a: '1 # 2' }],
    ['a continuation may be empty', 'a = 1\\\n\nb = 2', { a: '1', b: '2' }],
    ['a key may be continued', 'a.\\\n  b = 1', { 'a.b': '1' }],
    ['a backslash at the end of the file is dropped', 'a = 1\\', { a: '1' }],
    ['lines end at \\n, \\r and \\r\\n', 'a=1\rb=2\r\nc=3\nd=4', { a: '1', b: '2', c: '3', d: '4' }],
    ['escapes of control characters', 'a = \\t\\n\\r\\fx', { a: '\t\n\r\fx' }],
    ['escaped separators belong to the key', 'a\\=b\\:c\\ d = 1', { 'a=b:c d': '1' }],
    ['escaped comment signs', '\\#a = \\!1', { '#a': '!1' }],
    ['a backslash before any other letter is dropped', 'a = \\d+\\q', { a: 'd+q' }],
    ['a doubled backslash is one', 'a = \\\\d+', { a: '\\d+' }],
    ['\\u takes four digits in any letter case', 'a = \\u00e9\\u00E9\\u4F60x', { a: 'éé你x' }],
    ['\\u makes a surrogate pair', 'a = \\uD83D\\uDE00', { a: '😀' }],
    ['an escaped \\u is none', 'a = \\\\u0041', { a: '\\u0041' }],
    ['a key without a value is empty', 'a\nb =\nc:', { a: '', b: '', c: '' }],
    ['blank lines are ignored', '\n  \n\t\na = 1\n\n', { a: '1' }],
    ['the last of equal keys wins', 'a = 1\na = 2', { a: '2' }],
  ];
  for (const [name, text, expected] of cases) {
    test(name, () => assert.deepEqual(read(text), expected));
  }

  test('a property knows its file and the line of its key, continued lines counted', () => {
    const { properties } = parseProperties('# head\na = 1 \\\n  2\n\nb = 3', 'x.conf');
    assert.deepEqual([properties.get('a')?.line, properties.get('b')?.line], [2, 5]);
    assert.equal(properties.get('b')?.file, 'x.conf');
  });

  test('a key that is defined again is a warning at the second line that names the first', () => {
    const { findings } = parseProperties('a = 1\nb = 2\na = 3', 'x.conf');
    const finding = only(findings, 'CONF_DUPLICATE');
    assert.equal(finding.severity, 'warning');
    assert.deepEqual([finding.file, finding.line, finding.key], ['x.conf', 3, 'a']);
    assert.match(finding.text, /line 1/);
  });

  for (const bad of ['a = \\u12', 'a = \\uzzzz', 'a = \\u12 34', '\\u1 = a']) {
    test(`${bad} is malformed: an error with its line, and the other lines are read`, () => {
      const { properties, findings } = parseProperties(`x = 1\n${bad}\ny = 2`, 'x.conf');
      const finding = only(findings, 'CONF_SYNTAX');
      assert.deepEqual([finding.severity, finding.line, finding.value], ['error', 2, bad]);
      assert.match(finding.remedy!, /four hexadecimal digits/);
      assert.deepEqual([...properties.keys()], ['x', 'y']);
    });
  }

  test('any key and value that are written with escapes are read as they were', () => {
    const escaped = (text: string) =>
      text
        .replace(
          /[\\=:#! \t\n\r\f]/g,
          (sign) => ({ '\t': '\\t', '\n': '\\n', '\r': '\\r', '\f': '\\f' })[sign] ?? `\\${sign}`,
        )
        .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    const text = fc.string({ unit: fc.constantFrom(...'aé\\=:#! \t\n\r\fu0'), maxLength: 12 });
    const entries = fc.uniqueArray(
      fc.tuple(
        text.filter((key) => key !== ''),
        text,
      ),
      {
        selector: ([key]) => key,
        maxLength: 8,
      },
    );
    const lineEnd = fc.constantFrom('\n', '\r', '\r\n');
    fc.assert(
      fc.property(entries, lineEnd, (pairs, end) => {
        const lines = pairs.map(([key, value]) => `${escaped(key)} = ${escaped(value)}${end}`);
        assert.deepEqual(read(lines.join('')), Object.fromEntries(pairs));
      }),
      { numRuns: 200 },
    );
  });
});

describe('the encoding of a properties file', () => {
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ['well-formed UTF-8 is read as such', Buffer.from('a = grün 你'), 'a = grün 你'],
    ['other bytes are ISO-8859-1', Buffer.from('a = grün', 'latin1'), 'a = grün'],
    ['a byte order mark is dropped', Buffer.from('\ufeffa = 1'), 'a = 1'],
    ['UTF-16 as Windows writes it', Buffer.from('\ufeffa = 你', 'utf16le'), 'a = 你'],
    ['UTF-16 the other way round', Buffer.from('\ufeffa = 你', 'utf16le').swap16(), 'a = 你'],
    ['an empty file is empty', Buffer.alloc(0), ''],
  ];
  for (const [name, bytes, expected] of cases) {
    test(name, () => assert.equal(decodeProperties(bytes), expected));
  }

  test('NUL is data', () => assert.deepEqual(read('a = 1\0 2'), { a: '1\0 2' }));
});
