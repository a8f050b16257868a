/**
 * Output of a command as lines: `\n`, `\r` and `\r\n` end one, as Java's line reader has it. Chunks without a `\r` are
 * appended as one run; others are cut line by line.
 */

const NEWLINE = 10;
const RETURN = 13;
const EMPTY = Buffer.alloc(0);

/** Where lines go: a batch, or a list when refused lines are put again. */
export interface LineTarget {
  append(source: Buffer, from: number, to: number): void;
  appendLines(chunk: Buffer, from: number, to: number): number;
}

/** Lines as buffers of their own. */
export class LineList implements LineTarget {
  readonly lines: Buffer[] = [];

  append(source: Buffer, from: number, to: number): void {
    this.lines.push(Buffer.from(source.subarray(from, to)));
  }

  appendLines(chunk: Buffer, from: number, to: number): number {
    let at = from;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, at);
      if (end < 0 || end >= to) return at;
      this.append(chunk, at, end);
      at = end + 1;
    }
  }
}

export class LineReader {
  #rest: Buffer = EMPTY;
  /** The chunk before ended in `\r`: a `\n` that comes next belongs to it. */
  #afterReturn = false;

  /** Whether bytes of an unfinished line are kept. */
  get hasRest(): boolean {
    return this.#rest.length > 0;
  }

  /** A reader in the same state, to read the same chunk once more. */
  clone(): LineReader {
    const other = new LineReader();
    other.#rest = this.#rest;
    other.#afterReturn = this.#afterReturn;
    return other;
  }

  /** Appends the whole lines of rest and chunk, and keeps what follows them. */
  append(batch: LineTarget, chunk: Buffer): void {
    let bytes = chunk;
    if (this.#afterReturn && bytes[0] === NEWLINE) bytes = bytes.subarray(1);
    if (bytes.length === 0) return;
    this.#afterReturn = bytes[bytes.length - 1] === RETURN;
    let from = 0;
    if (this.#rest.length > 0) {
      const end = lineEnd(bytes, 0);
      if (end < 0) {
        this.#rest = Buffer.concat([this.#rest, bytes]);
        return;
      }
      const line = Buffer.concat([this.#rest, bytes.subarray(0, end)]);
      this.#rest = EMPTY;
      batch.append(line, 0, line.length);
      from = afterEnd(bytes, end);
    }
    from = bytes.includes(RETURN, from)
      ? appendSlowly(batch, bytes, from)
      : batch.appendLines(bytes, from, bytes.length);
    this.#rest = from === bytes.length ? EMPTY : Buffer.from(bytes.subarray(from));
  }

  /** The output has ended: a last line without an end is a line. */
  finish(batch: LineTarget): void {
    if (this.#rest.length > 0) batch.append(this.#rest, 0, this.#rest.length);
    this.#rest = EMPTY;
    this.#afterReturn = false;
  }
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
