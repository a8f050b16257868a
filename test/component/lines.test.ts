/** Lines of a text, in whatever chunks they come, against a model that has the whole text. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { EncodedLines, LINE_BYTES_MAX, LineList, LineReader } from '../../src/component/lines.ts';
import { BatchBuilder } from '../../src/memory/block/builder.ts';
import { lineBuffers } from '../../src/memory/lines/line-memory.ts';
import { BlockStore } from '../../src/memory/store/store.ts';

/** Java's line reader over the whole text: `\n`, `\r` and `\r\n` end a line, a last line needs no end. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function read(chunks: readonly Buffer[]): { lines: string[]; tooLong: number } {
  const reader = new LineReader();
  const list = new LineList();
  for (const chunk of chunks) reader.append(list, chunk);
  reader.finish(list);
  return { lines: list.lines.map((line) => line.toString('latin1')), tooLong: reader.tooLong };
}

/** As the exec source reads: bodies of a batch, chunks in memory that a scanner may search. */
function bodies(chunks: readonly Buffer[]): string[] {
  const reader = new LineReader();
  const builder = new BatchBuilder(new BlockStore(1));
  builder.begin(0);
  for (const chunk of chunks) {
    const [memory] = lineBuffers(1, chunk.length) as [Buffer];
    chunk.copy(memory);
    reader.append(builder, memory.subarray(0, chunk.length));
  }
  reader.finish(builder);
  return Array.from({ length: builder.count }, (_, i) => builder.bodyText(i, 'latin1'));
}

/** Text with many line ends, cut anywhere. */
const chunks = fc.array(
  fc
    .array(fc.constantFrom('\r', '\n', '\r\n', 'a', 'bc', 'é', ''), { maxLength: 8 })
    .map((parts) => parts.join('')),
  { maxLength: 10 },
);

describe('lines', () => {
  test('any chunks give the lines of the whole text', () => {
    fc.assert(
      fc.property(chunks, (parts) => {
        const bytes = parts.map((part) => Buffer.from(part, 'latin1'));
        assert.deepEqual(read(bytes).lines, linesOf(parts.join('')));
      }),
      { numRuns: 2000 },
    );
  });

  test('a clone goes on from the same place, and reads the same', () => {
    fc.assert(
      fc.property(chunks, chunks, (first, second) => {
        const reader = new LineReader();
        const ignored = new LineList();
        for (const part of first) reader.append(ignored, Buffer.from(part));
        const clone = reader.clone();
        const rest = (one: LineReader) => {
          const list = new LineList();
          for (const part of second) one.append(list, Buffer.from(part));
          one.finish(list);
          return list.lines.map(String);
        };
        assert.deepEqual(rest(clone), rest(reader));
      }),
      { numRuns: 500 },
    );
  });

  test('lines of another charset are encoded one by one', () => {
    fc.assert(
      fc.property(chunks, (parts) => {
        const list = new LineList();
        const target = new EncodedLines(list, (text) => Buffer.from(text, 'utf16le'));
        const reader = new LineReader();
        for (const part of parts) reader.append(target, Buffer.from(part));
        reader.finish(target);
        const found = list.lines.map((line) => line.toString('utf16le'));
        assert.deepEqual(found, linesOf(parts.join('')));
      }),
      { numRuns: 300 },
    );
  });

  /** Chunks that are long enough for a scanner: mostly one kind of line end, another one here and there. */
  const long = fc.array(
    fc
      .record({
        lines: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 200 }),
        end: fc.constantFrom('\r\n', '\n', '\r'),
        odd: fc.array(fc.tuple(fc.nat(199), fc.constantFrom('\r', '\n', '\r\r\n', '\n\r')), { maxLength: 2 }),
        cut: fc.constantFrom('', '\r', 'x', 'x\r'),
      })
      .map(({ lines, end, odd, cut }) => {
        const ends = new Map(odd);
        return lines.map((length, n) => 'y'.repeat(length) + (ends.get(n) ?? end)).join('') + cut;
      }),
    { maxLength: 4 },
  );

  for (const [name, texts] of [
    ['short', chunks],
    ['long', long],
  ] as const) {
    test(`${name} chunks give a batch the lines of the whole text`, () => {
      fc.assert(
        fc.property(texts, (parts) => {
          const bytes = parts.map((part) => Buffer.from(part, 'latin1'));
          assert.deepEqual(bodies(bytes), linesOf(parts.join('')));
          assert.deepEqual(read(bytes).lines, linesOf(parts.join('')));
        }),
        { numRuns: 300 },
      );
    });
  }

  const rows: readonly (readonly [what: string, chunks: readonly string[], lines: readonly string[]])[] = [
    ['a line end that is cut in two is one', ['a\r', '\nb\n'], ['a', 'b']],
    ['a cut line end and an empty line behind it', ['a\r', '\n', '\n', 'b'], ['a', '', 'b']],
    ['two carriage returns are two line ends', ['a\r', '\rb'], ['a', '', 'b']],
    ['an empty chunk changes nothing', ['a\r', '', '\nb'], ['a', 'b']],
    ['a line over many chunks', ['a', 'b', 'c', '\n'], ['abc']],
    ['a carriage return before a line end is a line end', ['a\r\r\nb\n'], ['a', '', 'b']],
    ['one that stands alone behind lines', ['a\r\nb\r\nc\rd\ne\r\n'], ['a', 'b', 'c', 'd', 'e']],
    ['one at the start, before empty lines', ['\r', '\r\n\r\n'], ['', '', '']],
    ['one at a chunk’s end behind whole lines', ['a\r\nb\r', 'c\r\n'], ['a', 'b', 'c']],
    ['an unfinished last line', ['a\nb'], ['a', 'b']],
    ['a carriage return at the very end', ['a\nb\r'], ['a', 'b']],
    ['nothing', [], []],
  ];
  for (const [what, parts, lines] of rows) {
    test(what, () => {
      const bytes = parts.map((part) => Buffer.from(part));
      assert.deepEqual(read(bytes).lines, lines);
      assert.deepEqual(bodies(bytes), lines);
    });
  }

  test('a line that is longer than an event may be is skipped and counted, its neighbours stay', () => {
    const piece = Buffer.alloc(1024 * 1024, 'x');
    const many = Array<Buffer>(LINE_BYTES_MAX / piece.length + 1).fill(piece);
    const start = Buffer.from('before\n');
    const { lines, tooLong } = read([
      start,
      ...many,
      Buffer.from('x\nafter\n'),
      ...many,
      Buffer.from('\rlast'),
    ]);
    assert.deepEqual(lines, ['before', 'after', 'last']);
    assert.equal(tooLong, 2);
  });

  test('a line that is just as long as it may be is kept', () => {
    const reader = new LineReader();
    const list = new LineList();
    const half = Buffer.alloc(LINE_BYTES_MAX / 2, 'x');
    for (const chunk of [half, half, Buffer.from('\n')]) reader.append(list, chunk);
    assert.deepEqual(
      list.lines.map((line) => line.length),
      [LINE_BYTES_MAX],
    );
    assert.equal(reader.tooLong, 0);
    assert.equal(reader.hasRest, false);
  });
});
