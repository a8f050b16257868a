/**
 * Text of a file as UTF-8 bytes, run by run. A run is made of whole characters and, but for the last one of
 * a file, of whole lines, so that it can be decoded by itself. In UTF-8, and in charsets where ASCII is
 * ASCII, a run that needs no decoding is handed on as it is.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { type JavaCharset, javaCharset } from '../../base/java/charset.ts';
import type { ReadAt } from './chunk.ts';

export type DecodeErrorPolicy = 'FAIL' | 'REPLACE' | 'IGNORE';

const NEWLINE = 10;
const REPLACEMENT = '\ufffd';
const REPLACEMENT_UTF8 = Buffer.from(REPLACEMENT);
/** Unfinished characters are looked for in so many bytes at the end. */
const CHARACTER_BYTES_MAX = 4;

export interface Decoded {
  /** In UTF-8; the run itself when nothing had to be changed. */
  readonly bytes: Buffer;
  /** Offset in the run of the line that is refused under FAIL; `bytes` end before it. -1 if there is none. */
  readonly badAt: number;
}

export class TextRuns {
  readonly #charset: JavaCharset;
  readonly #policy: DecodeErrorPolicy;
  /** Bytes of a code unit. */
  readonly #unit: 1 | 2 | 4;
  readonly #newline: Buffer;

  constructor(charset: JavaCharset, policy: DecodeErrorPolicy) {
    this.#charset = charset;
    this.#policy = policy;
    this.#unit = charset.asciiCompatible ? 1 : /32/.test(charset.name) ? 4 : 2;
    this.#newline = Buffer.alloc(this.#unit);
    this.#newline[/LE$/.test(charset.name) ? 0 : this.#unit - 1] = NEWLINE;
  }

  get isUtf8(): boolean {
    return this.#charset.isUtf8;
  }

  /** Bytes that a line end takes. */
  get unit(): number {
    return this.#unit;
  }

  /** The offset behind the last line end of `bytes`, 0 when there is none. */
  lastLineEnd(bytes: Buffer): number {
    if (this.#unit === 1) return bytes.lastIndexOf(NEWLINE) + 1;
    let at = bytes.lastIndexOf(this.#newline);
    while (at > 0 && at % this.#unit !== 0) at = bytes.lastIndexOf(this.#newline, at - 1);
    return at < 0 || at % this.#unit !== 0 ? 0 : at + this.#unit;
  }

  /** The offset behind the first line end at or after `from`, -1 when there is none. */
  lineEnd(bytes: Buffer, from: number): number {
    if (this.#unit === 1) {
      const at = bytes.indexOf(NEWLINE, from);
      return at < 0 ? -1 : at + 1;
    }
    let at = bytes.indexOf(this.#newline, from);
    while (at >= 0 && at % this.#unit !== 0) at = bytes.indexOf(this.#newline, at + 1);
    return at < 0 ? -1 : at + this.#unit;
  }

  /** The largest offset at which no character is cut. */
  characterEnd(bytes: Buffer): number {
    const from = Math.max(0, bytes.length - 2 * CHARACTER_BYTES_MAX);
    const decode = this.#charset.decoder();
    let end = from;
    decode(bytes.subarray(0, from), false);
    for (let at = from; at < bytes.length; at++) {
      if (decode(bytes.subarray(at, at + 1), false) !== '') end = at + 1;
    }
    return end === 0 ? bytes.length : end;
  }

  decode(run: Buffer): Decoded {
    const charset = this.#charset;
    if (charset.isUtf8 ? isUtf8(run) : charset.asciiCompatible && isAscii(run))
      return { bytes: run, badAt: -1 };
    if (!charset.isUtf8) {
      const text = charset.decode(run);
      if (!text.includes(REPLACEMENT)) return { bytes: Buffer.from(text, 'utf8'), badAt: -1 };
    }
    return this.#decodeLines(run);
  }

  /** Line by line, since some cannot be decoded. */
  #decodeLines(run: Buffer): Decoded {
    const parts: Buffer[] = [];
    for (let at = 0; at < run.length; ) {
      const end = this.lineEnd(run, at);
      const line = run.subarray(at, end < 0 ? run.length : end);
      const bytes = this.#decodeLine(line);
      if (bytes === null) return { bytes: Buffer.concat(parts), badAt: at };
      parts.push(bytes);
      at += line.length;
    }
    return { bytes: Buffer.concat(parts), badAt: -1 };
  }

  /** Null for a line that cannot be decoded under FAIL. */
  #decodeLine(line: Buffer): Buffer | null {
    const charset = this.#charset;
    if (charset.isUtf8 && isUtf8(line)) return line;
    const text = charset.decode(line);
    // U+FFFD may be a character of the file: then it is what it was when it is encoded again.
    const isClean = !text.includes(REPLACEMENT) || (!charset.isUtf8 && charset.encode(text).equals(line));
    if (isClean || this.#policy === 'REPLACE') return Buffer.from(text, 'utf8');
    if (this.#policy === 'FAIL') return null;
    return charset.isUtf8 ? this.#withoutErrors(line) : Buffer.from(text.replaceAll(REPLACEMENT, ''), 'utf8');
  }

  /** UTF-8 without what is not. U+FFFD of the file stays: its first byte begins a character anywhere. */
  #withoutErrors(line: Buffer): Buffer {
    const parts: string[] = [];
    let from = 0;
    for (;;) {
      const at = line.indexOf(REPLACEMENT_UTF8, from);
      const piece = line.subarray(from, at < 0 ? line.length : at);
      parts.push(this.#charset.decode(piece).replaceAll(REPLACEMENT, ''));
      if (at < 0) return Buffer.from(parts.join(REPLACEMENT), 'utf8');
      from = at + REPLACEMENT_UTF8.length;
    }
  }
}

/**
 * The charset with the byte order that the file's mark names (UTF-16 and UTF-32 leave it to the mark), and
 * where the text begins. A file that is read on from its middle has the order of its beginning, too.
 */
export async function orderedCharset(
  charset: JavaCharset,
  read: ReadAt,
): Promise<{ charset: JavaCharset; begin: number }> {
  const width = { 'UTF-16': 2, 'UTF-32': 4 }[charset.name];
  if (width === undefined) return { charset, begin: 0 };
  const head = Buffer.alloc(width);
  const got = await read(head, 0);
  const big = Buffer.alloc(width);
  big.writeUInt16BE(0xfeff, width - 2);
  const hasMark = (mark: Buffer) => got === width && head.equals(mark);
  const isBig = hasMark(big);
  const isLittle = hasMark(Buffer.from(big).reverse());
  return {
    charset: javaCharset(`${charset.name}${isLittle ? 'LE' : 'BE'}`),
    begin: isBig || isLittle ? width : 0,
  };
}
