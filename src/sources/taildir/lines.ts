/** From bytes of a file to events of a batch. */
import type { BatchBuilder } from '../../memory/block/builder.ts';
import {
  MAP_HEAD_BYTES_MAX,
  STRING_HEAD_BYTES_MAX,
  writeMapHead,
  writeStringHead,
} from '../../memory/block/header-bytes.ts';
import { encodeHeaders, type Headers } from '../../memory/block/headers.ts';
import type { Place, TailFile } from './tail-file.ts';

const NEWLINE = 10;
const RETURN = 13;
export const OFFSET_HEADER = 'byteoffset';
const OFFSET_NAME = Buffer.from(OFFSET_HEADER);
const DIGITS_MAX = 16;

/** Bytes of one file that become events: `buffer[from, end)`, which stand at `place`. */
export interface Run {
  readonly file: TailFile;
  readonly epoch: number;
  readonly place: Place;
  readonly buffer: Buffer;
  readonly from: number;
  readonly end: number;
  /** Where each event ends, its line end included; null when each is a line. */
  readonly ends: readonly number[] | null;
  /** Bytes behind `end` that were read and hold no line end. */
  readonly partial: number;
  /** There is more to read now. */
  readonly isMore: boolean;
}

/**
 * The end of the whole lines in `buffer[from, to)`, at most `linesMax` of them; `from` when there is none.
 */
export function linesEnd(buffer: Buffer, from: number, to: number, linesMax: number): number {
  const last = to > from ? buffer.lastIndexOf(NEWLINE, to - 1) : -1;
  if (last < from) return from;
  // As many lines as bytes is the most. What stands behind `to` is of another read.
  if (linesMax >= last + 1 - from) return last + 1;
  return Math.min(endAfter(buffer, from, linesMax), last + 1);
}

/** The end of the first `lines` lines, which must be there. */
export function endAfter(buffer: Buffer, from: number, lines: number): number {
  let at = from;
  for (let n = 0; n < lines; n++) {
    const end = buffer.indexOf(NEWLINE, at);
    if (end < 0) break;
    at = end + 1;
  }
  return at;
}

/**
 * Ends of events where a line may be longer than `bytesMax`: such a line is cut into pieces of that size.
 * Null when none is. A rest without line end is cut, too, as far as it is certainly too long; with `isLast`
 * all of it.
 */
export function pieceEnds(
  buffer: Buffer,
  from: number,
  to: number,
  bytesMax: number,
  isLast: boolean,
): { readonly ends: readonly number[]; readonly tooLong: number } | null {
  if (to - from <= bytesMax) return null;
  const ends: number[] = [];
  let tooLong = 0;
  for (let at = from; at < to; ) {
    const newline = buffer.indexOf(NEWLINE, at);
    const isWhole = newline >= 0 && newline < to;
    const lineEnd = isWhole ? newline + 1 : to;
    // What does not count as body: the line end; of an unfinished line its last byte may become part of one.
    const contentEnd = isWhole
      ? newline - (buffer[newline - 1] === RETURN && newline > at ? 1 : 0)
      : isLast
        ? to
        : to - 1;
    if (contentEnd - at > bytesMax) tooLong++;
    while (contentEnd - at > bytesMax) {
      at += bytesMax;
      ends.push(at);
    }
    if (!isWhole && !isLast) break;
    if (lineEnd > at) ends.push(lineEnd);
    at = lineEnd;
  }
  return tooLong === 0 ? null : { ends, tooLong };
}

/** How headers are given to the events of a file. */
export interface HeaderRule {
  readonly fileHeader: string | null;
  readonly hasOffsets: boolean;
}

/** As Flume: the group's headers, then the file's path; both win over the offset. */
export function headersOf(file: TailFile, rule: HeaderRule): Headers {
  if (rule.fileHeader === null) return file.group.headers;
  return new Map(file.group.headers).set(rule.fileHeader, file.path.text);
}

/** Appends the events of `run`, the only one of its batch. Returns their number. */
export function appendAlone(batch: BatchBuilder, run: Run, rule: HeaderRule): number {
  const headers = headersOf(run.file, rule);
  if (run.ends !== null || (rule.hasOffsets && !headers.has(OFFSET_HEADER))) {
    return appendShared(batch, run, rule);
  }
  batch.appendLines(run.buffer, run.from, run.end, true);
  for (const [name, value] of headers) batch.setHeaderOnAll(name, value, false);
  return batch.count;
}

/** Appends the events of `run` to a batch that holds those of others, too. Returns their number. */
export function appendShared(batch: BatchBuilder, run: Run, rule: HeaderRule): number {
  const headers = headersOf(run.file, rule);
  const first = batch.count;
  if (rule.hasOffsets && !headers.has(OFFSET_HEADER)) {
    const writer = new OffsetWriter(headers);
    forEachBody(run, (from, to) => {
      batch.append(run.buffer, from, to);
      writer.write(batch, run.place.pos + from - run.from);
    });
  } else if (headers.size === 0 && run.ends === null) {
    batch.appendLines(run.buffer, run.from, run.end, true);
  } else {
    forEachBody(run, (from, to) => {
      const isFirst = batch.count === first;
      batch.append(run.buffer, from, to, isFirst ? headers : undefined);
      if (!isFirst) batch.repeatHeaders(first);
    });
  }
  return batch.count - first;
}

function forEachBody(run: Run, visit: (from: number, to: number) => void): void {
  const { buffer, ends } = run;
  let at = run.from;
  for (let n = 0; at < run.end; n++) {
    const newline = ends === null ? buffer.indexOf(NEWLINE, at) : -1;
    const end = ends === null ? (newline < 0 ? run.end : newline + 1) : ends[n]!;
    let to = end;
    if (buffer[to - 1] === NEWLINE) {
      to--;
      if (to > at && buffer[to - 1] === RETURN) to--;
    }
    visit(at, to);
    at = end;
  }
}

/** Writes the headers of an event with its offset among them, from bytes made once. */
class OffsetWriter {
  readonly #count: number;
  readonly #others: Buffer;

  constructor(headers: Headers) {
    this.#count = headers.size + 1;
    const encoded = Buffer.from(encodeHeaders(headers));
    const scratch = Buffer.alloc(MAP_HEAD_BYTES_MAX);
    // What stands behind the map's head.
    this.#others =
      headers.size === 0 ? scratch.subarray(0, 0) : encoded.subarray(writeMapHead(scratch, 0, headers.size));
  }

  write(batch: BatchBuilder, offset: number): void {
    const others = this.#others;
    const most =
      MAP_HEAD_BYTES_MAX + others.length + 2 * STRING_HEAD_BYTES_MAX + OFFSET_NAME.length + DIGITS_MAX;
    const start = batch.beginHeaders(most);
    const { bytes } = batch;
    let at = writeMapHead(bytes, start, this.#count);
    at = writeStringHead(bytes, at, OFFSET_NAME.length);
    for (let i = 0; i < OFFSET_NAME.length; i++) bytes[at++] = OFFSET_NAME[i]!;
    let digits = 1;
    for (let bound = 10; offset >= bound; bound *= 10) digits++;
    at = writeStringHead(bytes, at, digits);
    let value = offset;
    for (let i = at + digits - 1; i >= at; i--) {
      const rest = Math.floor(value / 10);
      bytes[i] = 48 + (value - rest * 10);
      value = rest;
    }
    at += digits;
    for (let i = 0; i < others.length; i++) bytes[at++] = others[i]!;
    batch.endHeaders(at - start);
  }
}
