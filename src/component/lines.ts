/**
 * Text as lines: `\n`, `\r` and `\r\n` end one, as Java's line reader has it. A chunk is appended as one run
 * up to its first `\r` that stands alone, and cut line by line from there. Nothing of it is kept but by copy.
 */
import { BLOCK_BYTES_MAX } from '../base/limits.ts';

const NEWLINE = 10;
const RETURN = 13;
/** Longer lines are skipped: with what the same chunk brings, a block has no room for more. */
export const LINE_BYTES_MAX = BLOCK_BYTES_MAX - 2 * 1024 * 1024;

/** Where lines go: a batch, or a list when refused lines are put again. */
export interface LineTarget {
  append(source: Buffer, from: number, to: number): void;
  /** Whole lines of the range, without their `\n` or `\r\n`; returns where the next one begins. */
  appendLines(chunk: Buffer, from: number, to: number, dropsReturn: true): number;
}

/** A target that takes line by line. */
export abstract class EachLine implements LineTarget {
  abstract append(source: Buffer, from: number, to: number): void;

  appendLines(chunk: Buffer, from: number, to: number): number {
    let at = from;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, at);
      if (end < 0 || end >= to) return at;
      this.append(chunk, at, end > at && chunk[end - 1] === RETURN ? end - 1 : end);
      at = end + 1;
    }
  }
}

/** Lines as buffers of their own. */
export class LineList extends EachLine {
  readonly lines: Buffer[] = [];

  append(source: Buffer, from: number, to: number): void {
    this.lines.push(Buffer.from(source.subarray(from, to)));
  }
}

/** Lines that came in UTF-8, in another charset. */
export class EncodedLines extends EachLine {
  readonly #target: LineTarget;
  readonly #encode: (text: string) => Uint8Array;

  constructor(target: LineTarget, encode: (text: string) => Uint8Array) {
    super();
    this.#target = target;
    this.#encode = encode;
  }

  append(source: Buffer, from: number, to: number): void {
    const bytes = Buffer.from(this.#encode(source.toString('utf8', from, to)));
    this.#target.append(bytes, 0, bytes.length);
  }
}

export class LineReader {
  /** The start of a line whose end has not come, in pieces. */
  #pieces: Buffer[] = [];
  #restBytes = 0;
  /** In a line that is too long already. */
  #skipping = false;
  /** Lines that were too long, until the caller sets it back. */
  tooLong = 0;
  /** The chunk before ended in `\r`: a `\n` that comes next belongs to it. */
  #afterReturn = false;

  /** Whether bytes of an unfinished line are kept. */
  get hasRest(): boolean {
    return this.#restBytes > 0;
  }

  /** A reader in the same state, to read the same chunk once more. */
  clone(): LineReader {
    const other = new LineReader();
    other.#pieces = this.#pieces.slice();
    other.#restBytes = this.#restBytes;
    other.#skipping = this.#skipping;
    other.#afterReturn = this.#afterReturn;
    return other;
  }

  /** Appends the whole lines of rest and chunk, and keeps what follows them. */
  append(batch: LineTarget, chunk: Buffer): void {
    let bytes = chunk;
    if (this.#afterReturn && bytes[0] === NEWLINE) {
      bytes = bytes.subarray(1);
      this.#afterReturn = false;
    }
    if (bytes.length === 0) return;
    this.#afterReturn = bytes[bytes.length - 1] === RETURN;
    let from = 0;
    if (this.#restBytes > 0 || this.#skipping) {
      const end = lineEnd(bytes, 0);
      if (end < 0) {
        this.#keep(Buffer.from(bytes));
        return;
      }
      this.#keep(bytes.subarray(0, end));
      this.finish(batch);
      from = afterEnd(bytes, end);
      this.#afterReturn = bytes[bytes.length - 1] === RETURN;
    }
    const alone = loneReturn(bytes, from);
    const end = alone < 0 ? bytes.length : alone;
    if (end > from) from = batch.appendLines(bytes, from, end, true);
    if (alone >= 0) from = appendSlowly(batch, bytes, from);
    if (from < bytes.length) this.#keep(Buffer.from(bytes.subarray(from)));
  }

  #keep(piece: Buffer): void {
    if (this.#skipping) return;
    this.#pieces.push(piece);
    this.#restBytes += piece.length;
    if (this.#restBytes <= LINE_BYTES_MAX) return;
    this.#skipping = true;
    this.tooLong++;
    this.#drop();
  }

  #drop(): void {
    this.#pieces = [];
    this.#restBytes = 0;
  }

  /** The line has ended, or the output has: a last line without an end is a line. */
  finish(batch: LineTarget): void {
    if (this.#restBytes > 0) {
      const line =
        this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#restBytes);
      batch.append(line, 0, line.length);
    }
    this.#drop();
    this.#skipping = false;
    this.#afterReturn = false;
  }
}

/** The first `\r` without a `\n` behind it, which may be in the next chunk; -1 when there is none. */
function loneReturn(bytes: Buffer, from: number): number {
  let at = bytes.indexOf(RETURN, from);
  while (at >= 0 && bytes[at + 1] === NEWLINE) at = bytes.indexOf(RETURN, at + 2);
  return at;
}

function lineEnd(bytes: Buffer, from: number): number {
  const newline = bytes.indexOf(NEWLINE, from);
  const search = newline < 0 ? bytes : bytes.subarray(0, newline);
  const carriage = search.indexOf(RETURN, from);
  return carriage < 0 ? newline : carriage;
}

function afterEnd(bytes: Buffer, end: number): number {
  return bytes[end] === RETURN && bytes[end + 1] === NEWLINE ? end + 2 : end + 1;
}

function appendSlowly(batch: LineTarget, bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const end = lineEnd(bytes, at);
    if (end < 0) return at;
    batch.append(bytes, at, end);
    at = afterEnd(bytes, end);
  }
}
