import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { javaCharset } from '../../../src/base/java/charset.ts';
import { facts } from './facts.ts';

type Line =
  | readonly ['decode', charset: string, hex: string, text: string]
  | readonly ['encode', charset: string, text: string, hex: string]
  | readonly ['name', name: string, javaName: string | null];

const lines = facts<Line>('charsets');

/** Charsets of Java that are refused: TextDecoder does not know them, or they cannot be encoded. */
const REFUSED = ['IBM437', 'IBM850', 'ISO-2022-JP', 'x-MacRoman'];

/** Malformed bytes and rare characters of two bytes, of which ICU thinks otherwise than Java. */
const KNOWN_DIFFERENCES = new Set([
  'encode Big5 a日本語 中あア가b',
  'decode Big5 61a4e9a5bbbb7920a4a4c6a6c6f93f62',
  'decode Big5 41ff42',
  'decode EUC-JP 4181',
  'decode EUC-JP 41ff42',
  'decode EUC-KR 4181',
]);

function compared(kind: 'decode' | 'encode'): readonly (readonly [string, string, string, string])[] {
  return lines
    .filter((line) => line[0] === kind)
    .filter(
      ([, charset, input]) =>
        !REFUSED.includes(charset) && !KNOWN_DIFFERENCES.has(`${kind} ${charset} ${input}`),
    ) as never;
}

function chunksOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.subarray(i, i + size));
  return chunks;
}

describe('charsets', () => {
  test('decode bytes as Java does, malformed ones among them', () => {
    const wrong = compared('decode').flatMap(([, charset, hex, wanted]) => {
      const text = javaCharset(charset).decode(Buffer.from(hex, 'hex'));
      return text === wanted
        ? []
        : [`${charset} ${hex}: ${JSON.stringify(text)}, Java ${JSON.stringify(wanted)}`];
    });
    assert.deepEqual(wrong, []);
    assert.ok(compared('decode').length > 180, String(compared('decode').length));
  });

  test('encode text as Java does, with a question mark for what a charset does not have', () => {
    const wrong = compared('encode').flatMap(([, charset, text, wanted]) => {
      const hex = javaCharset(charset).encode(text).toString('hex');
      return hex === wanted ? [] : [`${charset} ${JSON.stringify(text)}: ${hex}, Java ${wanted}`];
    });
    assert.deepEqual(wrong, []);
    assert.ok(compared('encode').length > 60, String(compared('encode').length));
  });

  test('decode a stream in pieces of any size as they decode it at once', () => {
    for (const [, charset, hex, wanted] of compared('decode')) {
      for (const size of [1, 2, 3]) {
        const decode = javaCharset(charset).decoder();
        const chunks = chunksOf(Buffer.from(hex, 'hex'), size);
        const text = chunks.map((chunk) => decode(chunk, false)).join('') + decode(new Uint8Array(0), true);
        assert.equal(text, wanted, `${charset} ${hex} by ${size}`);
      }
    }
  });

  test('are refused by an error that names the charset and what to use, when they are unknown or cannot be had', () => {
    for (const name of [
      ...REFUSED,
      'nonsense',
      '',
      'x-user-defined',
      'utf-17',
      'utf-16xe',
      'ucs-2',
      'replacement',
    ]) {
      assert.throws(() => javaCharset(name), {
        code: 'CONF_OPTION_VALUE',
        message: `charset ${name} is unknown`,
        detail: {
          value: name,
          remedy: 'use a charset such as UTF-8, UTF-16, ISO-8859-1, windows-1252, GBK, Shift_JIS',
        },
      });
    }
  });

  test('are known by the names of Java', () => {
    for (const line of lines) {
      if (line[0] !== 'name' || line[2] === null) continue;
      const [, name, javaName] = line;
      const text = 'aé?я';
      const bytes = javaCharset(name).encode(text);
      assert.deepEqual(bytes, javaCharset(javaName!).encode(text), name);
    }
    assert.equal(javaCharset(' UTF-8 ').isUtf8, true);
    for (const alias of ['l1', 'cp819', 'ISO_8859-1', 'iso-ir-100'])
      assert.equal(javaCharset(alias).decode(Uint8Array.of(0x80, 0xe9)), '\x80é', alias);
    assert.equal(javaCharset('Cp1252').decode(Uint8Array.of(0x80, 0xe9)), '€é');
    assert.equal(javaCharset('ANSI_X3.4-1968').decode(Uint8Array.of(0x41, 0xe9)), 'A\ufffd');
  });

  test('tell whether lines can be split before decoding, and whether they are UTF-8', () => {
    assert.deepEqual(
      ['UTF-8', 'ISO-8859-1', 'GBK', 'UTF-16', 'UTF-32LE'].map((name) => {
        const { asciiCompatible, isUtf8 } = javaCharset(name);
        return [name, asciiCompatible, isUtf8];
      }),
      [
        ['UTF-8', true, true],
        ['ISO-8859-1', true, false],
        ['GBK', true, false],
        ['UTF-16', false, false],
        ['UTF-32LE', false, false],
      ],
    );
  });

  test('of UTF give back any well-formed text that they encoded', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          'UTF-8',
          'UTF-16',
          'UTF-16BE',
          'UTF-16LE',
          'UTF-32',
          'UTF-32BE',
          'UTF-32LE',
          'GB18030',
        ),
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        (name, text, size) => {
          const charset = javaCharset(name);
          const bytes = charset.encode(text);
          const decode = charset.decoder();
          const pieces = chunksOf(bytes, size).map((chunk) => decode(chunk, false));
          assert.equal(charset.decode(bytes), text, name);
          assert.equal(pieces.join('') + decode(new Uint8Array(0), true), text, name);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('of one byte give back what they decoded, each byte that has a character', () => {
    for (const name of [
      'windows-1252',
      'windows-1251',
      'ISO-8859-2',
      'ISO-8859-9',
      'ISO-8859-15',
      'KOI8-R',
      'IBM866',
    ]) {
      const charset = javaCharset(name);
      for (let byte = 0; byte < 256; byte++) {
        const text = charset.decode(Uint8Array.of(byte));
        if (text !== '\ufffd') assert.deepEqual([...charset.encode(text)], [byte], `${name} ${byte}`);
      }
    }
  });
});
