/** Lines in a buffer that still holds what other reads left behind, against plain models. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BatchBuilder } from '../../../src/memory/block/builder.ts';
import { BlockStore } from '../../../src/memory/store/store.ts';
import {
  appendAlone,
  appendShared,
  endAfter,
  linesEnd,
  pieceEnds,
  type Run,
} from '../../../src/sources/taildir/lines.ts';
import { TailFile } from '../../../src/sources/taildir/tail-file.ts';

/** Few letters, so that line ends come often and together. */
const content = fc
  .array(fc.constantFrom('a', 'b', '\r', '\n', 'long words '), { maxLength: 60 })
  .map((parts) => parts.join(''));
const stale = fc.constantFrom('', '\n', 'x\ny\r\n', '\r\n\n');

interface Held {
  readonly buffer: Buffer;
  readonly from: number;
  readonly to: number;
}

/** The content with what stood in the buffer before and behind it. */
function held(before: string, text: string, behind: string): Held {
  const buffer = Buffer.from(before + text + behind);
  return { buffer, from: before.length, to: before.length + text.length };
}

function wholeLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);

function runOf({ buffer, from }: Held, end: number, ends: readonly number[] | null, headers = {}): Run {
  const group = {
    name: 'g',
    index: 0,
    directory: '/',
    matches: () => true,
    headers: new Map<string, string>(Object.entries(headers)),
  };
  const status = { ino: 1n, dev: 1n, size: 0, mtimeMs: 0, kind: 'file' } as const;
  const place = { pos: 1000, tail: null };
  const file = new TailFile(status, { text: '/f', bytes: null }, group, place, 0);
  return { file, epoch: 0, place, buffer, from, end, ends, partial: 0, isMore: false };
}

describe('lines of a buffer', () => {
  test('end where the last, or the last allowed, line does, whatever stands behind', () => {
    fc.assert(
      fc.property(stale, content, stale, fc.integer({ min: 1, max: 70 }), (before, text, behind, most) => {
        const { buffer, from, to } = held(before, text, behind);
        const lines = wholeLines(text);
        const length = (list: readonly string[]) => list.reduce((sum, line) => sum + line.length + 1, 0);
        assert.equal(linesEnd(buffer, from, to, Number.POSITIVE_INFINITY), from + length(lines));
        const end = linesEnd(buffer, from, to, most);
        assert.equal(end, from + length(lines.slice(0, most)));
        for (let n = 0; n <= lines.length; n++) {
          assert.equal(endAfter(buffer, from, n), from + length(lines.slice(0, n)));
        }
      }),
    );
  });

  test('become the same events alone and in company, with and without headers and offsets', () => {
    fc.assert(
      fc.property(
        stale,
        content,
        stale,
        fc.boolean(),
        fc.boolean(),
        (before, text, behind, named, offset) => {
          const place = held(before, text, behind);
          const end = linesEnd(place.buffer, place.from, place.to, Number.POSITIVE_INFINITY);
          if (end === place.from) return;
          const run = runOf(place, end, null, named ? { kind: 'x' } : {});
          const rule = { fileHeader: named ? 'file' : null, hasOffsets: offset };
          let at = 1000;
          const wanted = wholeLines(text).map((line) => {
            const headers: Record<string, string> = named ? { kind: 'x', file: '/f' } : {};
            if (offset) headers.byteoffset = String(at);
            at += line.length + 1;
            return { body: withoutReturn(line), headers };
          });
          for (const isAlone of [true, false]) {
            const batch = new BatchBuilder(new BlockStore(1));
            batch.begin();
            if (!isAlone) batch.appendText('another');
            const count = isAlone ? appendAlone(batch, run, rule) : appendShared(batch, run, rule);
            assert.equal(count, wanted.length);
            const first = batch.count - count;
            const found = wanted.map((_, i) => ({
              body: batch.bodyText(first + i),
              headers: Object.fromEntries(batch.headers(first + i)),
            }));
            assert.deepEqual(found, wanted);
            batch.cancel();
          }
        },
      ),
    );
  });
});

describe('lines that are too long', () => {
  test('are cut into pieces that are whole but for the last, and lose nothing', () => {
    fc.assert(
      fc.property(stale, content, stale, fc.integer({ min: 1, max: 30 }), (before, text, behind, max) => {
        const place = held(before, text, behind);
        const { buffer, from, to } = place;
        const found = pieceEnds(buffer, from, to, max, true);
        const rest = text.slice(text.lastIndexOf('\n') + 1);
        const lines = [...wholeLines(text).map(withoutReturn), ...(rest === '' ? [] : [rest])];
        const tooLong = lines.filter((line) => line.length > max).length;
        if (found === null) {
          assert.equal(tooLong, 0);
          return;
        }
        assert.equal(found.tooLong, tooLong);
        assert.equal(found.ends.at(-1), to);
        const batch = new BatchBuilder(new BlockStore(1));
        batch.begin();
        appendShared(batch, runOf(place, to, found.ends), { fileHeader: null, hasOffsets: false });
        const bodies = Array.from({ length: batch.count }, (_, i) => batch.bodyText(i));
        const pieces = (line: string): string[] =>
          line.length <= max ? [line] : [line.slice(0, max), ...pieces(line.slice(max))];
        assert.deepEqual(bodies, lines.flatMap(pieces));
      }),
    );
  });

  test('and not at their end yet are cut only as far as they certainly are too long', () => {
    fc.assert(
      fc.property(content, content, fc.integer({ min: 1, max: 20 }), (text, more, max) => {
        const whole = `${text}${more}\n`;
        const early = pieceEnds(Buffer.from(text), 0, text.length, max, false)?.ends ?? [];
        const late = pieceEnds(Buffer.from(whole), 0, whole.length, max, true);
        if (late === null) assert.deepEqual(early, []);
        else assert.deepEqual(early, late.ends.slice(0, early.length));
      }),
    );
  });
});
