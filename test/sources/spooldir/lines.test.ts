/** Deserializer LINE: what lines are, in bytes and in other charsets, against a small model of Flume's. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MillraceError } from '../../../src/base/errors.ts';
import { javaCharset } from '../../../src/base/java/charset.ts';
import { type LineReaderSettings, lineReaders } from '../../../src/sources/spooldir/line-reader.ts';
import { memoryFile, readAll } from './memory-file.ts';

type Given = Partial<Omit<LineReaderSettings, 'input' | 'output'>> & { input?: string; output?: string };

function reader({ input = 'UTF-8', output = 'UTF-8', ...rest }: Given = {}) {
  return lineReaders({
    input: javaCharset(input),
    output: javaCharset(output),
    decodeErrors: 'FAIL',
    charactersMax: 2048,
    onCut: () => {},
    ...rest,
  });
}

/** Flume's LineDeserializer, but for pairs of surrogates, which it cuts in two. */
function model(text: string, charactersMax: number): string[] {
  const events: string[] = [];
  let line = '';
  let read = 0;
  for (const char of text) {
    if (char.length === 2 && read > 0 && read + 2 > charactersMax) {
      events.push(line);
      line = '';
      read = 0;
    }
    read += char.length;
    if (char !== '\n') line += char;
    if (char !== '\n' && read < charactersMax) continue;
    events.push(line);
    line = '';
    read = 0;
  }
  if (read > 0) events.push(line);
  return events;
}

const texts = async (given: Given, bytes: Uint8Array, from = 0) => {
  const { bodies, error } = await readAll(reader(given), memoryFile(bytes), from);
  if (error !== null) throw error;
  return bodies.map((hex) => javaCharset(given.output ?? 'UTF-8').decode(Buffer.from(hex, 'hex')));
};

const pieces = fc.array(
  fc.oneof(
    fc.constantFrom('\n', '\n', '\r\n', 'a', 'é', '猫', '😀', '', '\ufffd', 'x'.repeat(50)),
    fc.string({ maxLength: 30 }),
  ),
  { maxLength: 40 },
);
const wellFormed = pieces.map((some) => some.join('').toWellFormed());

describe('LINE', () => {
  test('lines are Flume’s, whatever the longest one', async () => {
    await fc.assert(
      fc.asyncProperty(wellFormed, fc.integer({ min: 1, max: 60 }), async (text, charactersMax) => {
        assert.deepEqual(await texts({ charactersMax }, Buffer.from(text)), model(text, charactersMax));
      }),
    );
  });

  for (const input of [
    'ISO-8859-1',
    'GBK',
    'Shift_JIS',
    'UTF-16',
    'UTF-16LE',
    'UTF-16BE',
    'UTF-32',
    'UTF-32LE',
  ]) {
    test(`lines in ${input} are Flume’s`, async () => {
      const charset = javaCharset(input);
      await fc.assert(
        fc.asyncProperty(wellFormed, fc.integer({ min: 1, max: 60 }), async (raw, charactersMax) => {
          const bytes = charset.encode(raw);
          const text = charset.decode(bytes);
          assert.deepEqual(await texts({ input, charactersMax }, bytes), model(text, charactersMax));
        }),
        { numRuns: 40 },
      );
    });
  }

  test('reading goes on behind any event that tells where, to the same events', async () => {
    const charsets = fc.constantFrom('UTF-8', 'GBK', 'UTF-16');
    await fc.assert(
      fc.asyncProperty(wellFormed, fc.integer({ min: 1, max: 60 }), charsets, async (raw, max, input) => {
        const open = reader({ input, charactersMax: max });
        const file = memoryFile(javaCharset(input).encode(raw));
        const { bodies, ends } = await readAll(open, file);
        assert.equal(ends.length, bodies.length);
        if (input === 'UTF-8') assert.ok(!ends.includes(null));
        if (ends.length > 0) assert.equal(ends.at(-1), file.size);
        for (const [i, end] of ends.entries()) {
          if (end === null) continue;
          assert.deepEqual((await readAll(open, file, end)).bodies, bodies.slice(i + 1), `from ${end}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('lines over the edges of reads and buffers stay whole', async () => {
    const lines = Array.from({ length: 60_000 }, (_, n) => `${n} ${'é猫😀x'.repeat(n % 17)}`);
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    assert.ok(bytes.length > 3 * 512 * 1024);
    assert.deepEqual(await texts({}, bytes), lines);
    const inUtf16 = javaCharset('UTF-16LE').encode(`${lines.join('\n')}\n`);
    assert.deepEqual(await texts({ input: 'UTF-16LE' }, inUtf16), lines);
  });

  test('a line of 1 MB is one event when it may be, else pieces of the longest length', async () => {
    const long = 'é'.repeat(500_000);
    const bytes = Buffer.from(`a\n${long}\nb\n`);
    assert.deepEqual(await texts({ charactersMax: 1_000_000 }, bytes), ['a', long, 'b']);
    let cuts = 0;
    const events = await texts({ onCut: () => cuts++ }, bytes);
    assert.deepEqual(events, model(bytes.toString(), 2048));
    assert.ok(cuts > 0);
  });

  test('a file without a line end is read in bounded memory', async () => {
    const bytes = Buffer.alloc(20 * 1024 * 1024, 'x');
    const { bodies, error } = await readAll(reader({ charactersMax: 2_000_000_000 }), memoryFile(bytes));
    assert.equal(error, null);
    assert.ok(bodies.length > 1);
    assert.ok(bodies.every((body) => body.length / 2 <= 9 * 1024 * 1024));
    assert.equal(bodies.join('').length / 2, bytes.length);
    const wide = javaCharset('GBK').encode('猫'.repeat(3_000_000));
    const cut = await texts({ input: 'GBK', charactersMax: 2_000_000_000 }, wide);
    assert.ok(cut.length > 1);
    assert.equal(cut.join(''), '猫'.repeat(3_000_000));
  });

  test('outputCharset: bodies are in it; what it lacks becomes a question mark', async () => {
    const { bodies } = await readAll(reader({ output: 'ISO-8859-1' }), memoryFile(Buffer.from('é\n猫a\nb')));
    assert.deepEqual(bodies, ['e9', '3f61', '62']);
  });

  test('a byte order mark: UTF-8 keeps it, UTF-16 is read in its order, also from the middle', async () => {
    assert.deepEqual(await texts({}, Buffer.from('\ufeffa\n')), ['\ufeffa']);
    const little = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('ab\ncd\n', 'utf16le')]);
    assert.deepEqual(await texts({ input: 'UTF-16' }, little), ['ab', 'cd']);
    assert.deepEqual(await texts({ input: 'UTF-16' }, little, 8), ['cd']);
  });
});

describe('bytes that are not of the charset', () => {
  const latin1 = Buffer.from('good\nbad \xe9 one\nafter\n', 'latin1');

  test('FAIL ends before the line, and says where it is', async () => {
    const { bodies, ends, error } = await readAll(reader(), memoryFile(latin1));
    assert.deepEqual(bodies, [Buffer.from('good').toString('hex')]);
    assert.deepEqual(ends, [5]);
    assert.ok(error instanceof MillraceError);
    assert.equal(error.code, 'BAD_INPUT');
    assert.match(error.message, /the line at byte 5 is not of the file’s charset/);
    assert.match(error.detail.remedy!, /inputCharset/);
  });

  const rows: readonly (readonly [input: string, hex: string, replaced: string, ignored: string])[] = [
    ['UTF-8', '4c28e9290a', 'L(\ufffd)', 'L()'],
    ['UTF-8', '28e080af290a', '(\ufffd\ufffd\ufffd)', '()'],
    // U+FFFD of the file itself stays.
    ['UTF-8', 'efbfbd81efbfbd0a', '\ufffd\ufffd\ufffd', '\ufffd\ufffd'],
    ['US-ASCII', '61e9620a', 'a\ufffdb', 'ab'],
    ['windows-1252', '6181620a', 'a\ufffdb', 'ab'],
    ['UTF-16BE', '0061dc000062000a', 'a\ufffdb', 'ab'],
    // A file that ends within a character.
    ['UTF-8', '61e7', 'a\ufffd', 'a'],
  ];
  for (const [input, hex, replaced, ignored] of rows) {
    test(`${input} ${hex}`, async () => {
      const bytes = Buffer.concat([javaCharset(input).encode('x\n'), Buffer.from(hex, 'hex')]);
      assert.deepEqual(await texts({ input, decodeErrors: 'REPLACE' }, bytes), ['x', replaced]);
      assert.deepEqual(await texts({ input, decodeErrors: 'IGNORE' }, bytes), ['x', ignored]);
      await assert.rejects(texts({ input, decodeErrors: 'FAIL' }, bytes), /is not of the file’s charset/);
    });
  }

  test('U+FFFD that the file holds is no error in any charset', async () => {
    for (const input of ['UTF-8', 'UTF-16LE', 'UTF-32BE']) {
      assert.deepEqual(await texts({ input }, javaCharset(input).encode('a\ufffdb\n')), ['a\ufffdb'], input);
    }
  });
});
