/**
 * Lines of a run of UTF-8 as events. `\n` ends a line and `\r` stays, as Flume has it. Lines shorter than the
 * longest one go into a batch as whole runs; a longer one is cut, and what follows is the next event.
 */
import { isAscii } from 'node:buffer';
import { type JavaCharset, javaCharset } from '../../base/java/charset.ts';
import type { EventTarget } from './chunk.ts';

const NEWLINE = 10;
const utf8 = javaCharset('UTF-8');

/**
 * The offset behind `charactersMax` characters (UTF-16 code units, as Java counts them) of `bytes[from, to)`,
 * which hold no line end; -1 when there are fewer. A pair of units is not cut: it comes with the next piece.
 */
export function pieceEnd(bytes: Buffer, from: number, to: number, charactersMax: number): number {
  if (to - from < charactersMax) return -1;
  if (isAscii(bytes.subarray(from, from + charactersMax))) return from + charactersMax;
  let units = 0;
  let at = from;
  while (at < to) {
    const byte = bytes[at]!;
    const width = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    if (at + width > to) return -1;
    if (width === 4 && units > 0 && units + 2 > charactersMax) return at;
    units += width === 4 ? 2 : 1;
    at += width;
    if (units >= charactersMax) return at;
  }
  return -1;
}

/**
 * The offset behind the longest run of lines from `from` on of which each one has less than `bytesMax` bytes.
 */
function shortLinesEnd(bytes: Buffer, from: number, to: number, bytesMax: number): number {
  let at = from;
  while (at < to) {
    const newline = bytes.lastIndexOf(NEWLINE, Math.min(at + bytesMax, to) - 1);
    if (newline < at) break;
    at = newline + 1;
  }
  return at;
}

export interface LineSettings {
  readonly charactersMax: number;
  readonly output: JavaCharset;
}

/**
 * Appends the lines of `bytes`; an unterminated one at the end is one, too. Returns whether a line was cut.
 */
export function appendLines(
  target: EventTarget,
  bytes: Buffer,
  { charactersMax, output }: LineSettings,
): boolean {
  const plain = output.isUtf8 || (output.asciiCompatible && isAscii(bytes));
  const lines = plain ? target : new EncodedLines(target, output);
  let cut = false;
  for (let at = 0; at < bytes.length; ) {
    const end = shortLinesEnd(bytes, at, bytes.length, charactersMax);
    if (end > at) {
      lines.appendLines(bytes, at, end);
      at = end;
      continue;
    }
    const newline = bytes.indexOf(NEWLINE, at);
    const lineEnd = newline < 0 ? bytes.length : newline;
    for (;;) {
      const piece = pieceEnd(bytes, at, lineEnd, charactersMax);
      if (piece < 0) break;
      lines.append(bytes, at, piece);
      at = piece;
      cut = true;
    }
    // A line end is counted as a character: where it does not fit it makes an empty event.
    if (newline >= 0 || at < lineEnd) lines.append(bytes, at, lineEnd);
    at = newline < 0 ? lineEnd : newline + 1;
  }
  return cut;
}

/** Where each event of `bytes` begins. */
export function eventStarts(bytes: Buffer, settings: LineSettings): number[] {
  const starts: number[] = [];
  const target: EventTarget = {
    append: (_source, from) => void starts.push(from),
    appendLines: (source, from, to) => {
      for (let at = from; at < to; at = source.indexOf(NEWLINE, at) + 1) starts.push(at);
      return to;
    },
  };
  appendLines(target, bytes, { ...settings, output: utf8 });
  return starts;
}

/** Bodies in another charset than UTF-8. */
class EncodedLines implements EventTarget {
  readonly #target: EventTarget;
  readonly #output: JavaCharset;

  constructor(target: EventTarget, output: JavaCharset) {
    this.#target = target;
    this.#output = output;
  }

  append(source: Buffer, from: number, to: number): void {
    const bytes = this.#output.encode(source.toString('utf8', from, to));
    this.#target.append(bytes, 0, bytes.length);
  }

  appendLines(source: Buffer, from: number, to: number): number {
    let at = from;
    for (;;) {
      const end = source.indexOf(NEWLINE, at);
      if (end < 0 || end >= to) return at;
      this.append(source, at, end);
      at = end + 1;
    }
  }
}
