import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BatchBuilder } from '../../../src/memory/block/builder.ts';
import { lineBuffers, scannerOf } from '../../../src/memory/lines/line-memory.ts';
import { SCAN_BYTES_MAX } from '../../../src/memory/lines/scan-module.ts';
import { BlockStore } from '../../../src/memory/store/store.ts';

const BYTES = 3 * SCAN_BYTES_MAX;
const [first, second] = lineBuffers(2, BYTES) as [Buffer, Buffer];

interface Appended {
  readonly next: number;
  readonly bodies: readonly string[];
}

function appended(chunk: Buffer, from: number, to: number, dropsReturn: boolean): Appended {
  const builder = new BatchBuilder(new BlockStore(1, () => {}));
  builder.begin(to - from);
  builder.append(Buffer.from('before'), 0, 6);
  const next = builder.appendLines(chunk, from, to, dropsReturn);
  const bodies = Array.from({ length: builder.count }, (_, i) => builder.bodyText(i, 'latin1'));
  builder.cancel();
  return { next, bodies };
}

/** The lines that end in `text`, and what comes first. */
function expected(text: string, from: number, dropsReturn: boolean): Appended {
  const end = text.lastIndexOf('\n') + 1;
  const lines = text.slice(0, end).split('\n').slice(0, -1);
  const bodies = dropsReturn ? lines.map((line) => line.replace(/\r$/, '')) : lines;
  return { next: from + end, bodies: ['before', ...bodies] };
}

describe('line memory', () => {
  test('its buffers have a scanner, other memory has none', () => {
    assert.notEqual(scannerOf(first.buffer), null);
    assert.equal(scannerOf(second.buffer), scannerOf(first.buffer));
    assert.equal(scannerOf(Buffer.allocUnsafeSlow(8).buffer), null);
  });

  const piece = fc.oneof(
    fc.constantFrom('\n', '\r\n', '\r', '\n\n', '\r\r\n'),
    fc.integer({ min: 1, max: 40 }).map((length) => 'x'.repeat(length)),
    fc.integer({ min: 1000, max: SCAN_BYTES_MAX }).map((length) => 'y'.repeat(length)),
    fc.integer({ min: 500, max: 3000 }).map((count) => 'ab\n'.repeat(count)),
  );

  test('finds what a split finds, wherever the range begins and ends', () => {
    const property = fc.property(
      fc.array(piece, { minLength: 1, maxLength: 30 }),
      fc.nat(40),
      fc.boolean(),
      fc.boolean(),
      (pieces, from, dropsReturn, isSecond) => {
        const text = pieces.join('').slice(0, BYTES - from);
        const chunk = isSecond ? second : first;
        // Line ends on both sides of the range must not count.
        chunk.fill('\n');
        chunk.write(text, from, 'latin1');
        assert.deepEqual(
          appended(chunk, from, from + text.length, dropsReturn),
          expected(text, from, dropsReturn),
        );
      },
    );
    fc.assert(property, { numRuns: 200 });
  });

  test('a line end at each byte of a range, and around the pieces that it is searched in', () => {
    const text = '\n'.repeat(SCAN_BYTES_MAX + 33);
    first.write(text, 7, 'latin1');
    assert.deepEqual(appended(first, 7, 7 + text.length, true), expected(text, 7, true));
    for (let at = SCAN_BYTES_MAX - 20; at <= SCAN_BYTES_MAX + 20; at++) {
      const line = `${'z'.repeat(at)}\r\nrest\n`;
      first.write(line, 0, 'latin1');
      assert.deepEqual(appended(first, 0, line.length, true), expected(line, 0, true));
    }
  });
});
