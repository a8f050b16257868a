/**
 * Text as events: a line each. `\n`, `\r` and `\r\n` end a line, as Java's reader has it; a last line without
 * an end is a line. Malformed UTF-8 becomes U+FFFD.
 */
import { isUtf8 } from 'node:buffer';
import { MillraceError } from '../../base/errors.ts';

const NEWLINE = 10;
const RETURN = 13;
/** What an event holds. */
const LINE_BYTES_MAX = 14 * 1024 * 1024;

export class LineSplitter {
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** The chunk before ended in `\r`: a `\n` that comes next belongs to it. */
  #afterReturn = false;
  /** Lines so far. */
  count = 0;

  /** The lines that end in `chunk`, which must not change afterwards. */
  split(chunk: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    let from = this.#afterReturn && chunk[0] === NEWLINE ? 1 : 0;
    if (chunk.length > 0) this.#afterReturn = chunk[chunk.length - 1] === RETURN;
    const hasReturn = chunk.includes(RETURN, from);
    for (;;) {
      const end = hasReturn ? lineEnd(chunk, from) : chunk.indexOf(NEWLINE, from);
      if (end < 0) break;
      lines.push(this.#line(chunk.subarray(from, end)));
      from = chunk[end] === RETURN && chunk[end + 1] === NEWLINE ? end + 2 : end + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
    return lines;
  }

  /** The last line, when it has no end. */
  finish(): Buffer[] {
    this.#afterReturn = false;
    return this.#restBytes === 0 ? [] : [this.#line(Buffer.alloc(0))];
  }

  #line(end: Buffer): Buffer {
    this.count++;
    const line = this.#restBytes === 0 ? end : Buffer.concat([...this.#rest, end]);
    this.#rest = [];
    this.#restBytes = 0;
    return isUtf8(line) ? line : Buffer.from(line.toString('utf8'));
  }

  #keep(piece: Buffer): void {
    this.#rest.push(piece);
    this.#restBytes += piece.length;
    if (this.#restBytes <= LINE_BYTES_MAX) return;
    throw new MillraceError(
      'EVENT_TOO_LARGE',
      `line ${this.count + 1} is longer than ${LINE_BYTES_MAX} bytes`,
      {
        remedy: 'send text with shorter lines',
      },
    );
  }
}

function lineEnd(bytes: Buffer, from: number): number {
  const newline = bytes.indexOf(NEWLINE, from);
  const carriage = bytes.indexOf(RETURN, from);
  if (newline < 0 || carriage < 0) return Math.max(newline, carriage);
  return Math.min(newline, carriage);
}
