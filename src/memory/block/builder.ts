/**
 * Writes a batch straight into a store's memory: bodies as they come, the table in private arrays until
 * `finish` puts it behind them. Also the BatchEditor of interceptors and selectors, before `finish`.
 *
 * One builder per store, used again for every batch. `begin` … `append*` … `finish` happen in one
 * turn of the event loop. Errors: EVENT_TOO_LARGE when the block would exceed BLOCK_BYTES_MAX; what
 * was appended before stays.
 */
import { assert } from '../../base/assert.ts';
import { MillraceError } from '../../base/errors.ts';
import { BLOCK_BYTES_MAX } from '../../base/limits.ts';
import { copyBytes } from '../copy.ts';
import { Segment } from '../store/segment.ts';
import type { BlockStore, Reservation } from '../store/store.ts';
import type { BuiltBlock } from './built-block.ts';
import type { BatchEditor } from './editor.ts';
import { EventTable } from './event-table.ts';
import { decodeHeaders, encodeHeaders, type Headers, joinHeaders, NO_HEADERS } from './headers.ts';
import { align, FLAG, MAGIC, PREAMBLE_BYTES, slotsOf, WORD } from './layout.ts';
import { shareOf } from './share.ts';

const NEWLINE = 10;
const TABLE_BYTES_AN_EVENT = 12;
/** Characters of a text that is not measured before it is written. */
const SHORT_TEXT_MAX = 65_536;

const originTime = new Float64Array(1);
const originTimeWords = new Uint32Array(originTime.buffer);

export class BatchBuilder implements BatchEditor {
  readonly #store: BlockStore;
  #reservation: Reservation | null = null;
  /** Bytes of the segment under the open reservation. */
  bytes: Buffer = Buffer.alloc(0);
  #words: Uint32Array = new Uint32Array(0);
  /** Next free byte and the end of the reservation, offsets in the segment. */
  #at = 0;
  #end = 0;
  #start = 0;
  readonly #table = new EventTable();
  #hasOwn = false;
  /** The first `#lineCount` events were appended as lines: they and their line ends stand there. */
  #lineCount = 0;
  #linesStart = 0;
  #linesEnd = 0;
  /** Indices before events were dropped, once `filter` was called. */
  #originals: Uint32Array | null = null;
  #common: Map<string, string> | null = null;
  /**
   * Header records of this batch by offset, and offsets of encoded maps by identity of their (cached) bytes.
   */
  readonly #decoded = new Map<number, Map<string, string>>();
  readonly #written = new Map<Uint8Array, number>();

  constructor(store: BlockStore) {
    this.#store = store;
  }

  get count(): number {
    return this.#table.count;
  }

  get isOpen(): boolean {
    return this.#reservation !== null;
  }

  /** Opens a batch that will need about `bytesHint` bytes of bodies. */
  begin(bytesHint = 4096): void {
    assert(this.#reservation === null, 'the batch before is still open');
    const reservation = this.#store.open(PREAMBLE_BYTES + Math.min(bytesHint, BLOCK_BYTES_MAX / 2) + 64);
    this.#reservation = reservation;
    this.#adopt(reservation);
    this.#at = this.#start + PREAMBLE_BYTES;
    this.#table.count = 0;
    this.#hasOwn = false;
    this.#lineCount = 0;
    this.#originals = null;
    this.#common = null;
    if (this.#decoded.size > 0) this.#decoded.clear();
    if (this.#written.size > 0) this.#written.clear();
  }

  #adopt(reservation: Reservation): void {
    this.#start = reservation.start;
    // A segment made for a large block is larger than any block may be.
    this.#end = Math.min(reservation.end, reservation.start + BLOCK_BYTES_MAX);
    this.bytes = reservation.segment.bytes;
    this.#words = reservation.segment.words;
  }

  /** Bytes of the block so far, without its table. */
  get sizeBytes(): number {
    return this.#at - this.#start;
  }

  /** Makes sure that `more` bytes and their table fit; may move the batch to another segment. */
  #ensure(more: number, events: number): void {
    const table = (this.#table.count + events) * TABLE_BYTES_AN_EVENT + 32;
    if (this.#at + more + table > this.#end) this.#move(more + table);
    this.#table.reserve(events);
  }

  #move(more: number): void {
    const used = this.#at - this.#start;
    const need = used + more;
    if (need > BLOCK_BYTES_MAX) {
      throw new MillraceError(
        'EVENT_TOO_LARGE',
        `A batch of ${this.#table.count} events needs ${need} bytes; a block holds at most ${BLOCK_BYTES_MAX}`,
        { value: String(need), remedy: 'send smaller batches or events' },
      );
    }
    const before = this.bytes;
    const from = this.#start;
    // Twice the need, so that a batch which grows event by event moves a few times only; not so much that a
    // segment of the largest block's size would not do.
    const most = Math.max(need, BLOCK_BYTES_MAX - Segment.firstOffset);
    this.#store.extend(used === PREAMBLE_BYTES ? need : Math.min(need * 2, most));
    this.#adopt(this.#reservation!);
    copyBytes(this.bytes, this.#start, before, from, from + used);
    const shift = this.#start - from;
    this.#at = this.#start + used;
    this.#linesStart += shift;
    this.#linesEnd += shift;
    const { count, starts } = this.#table;
    for (let i = 0; i < count; i++) starts[i] = starts[i]! + shift;
    if (this.#hasOwn) this.#shiftHeaders(shift);
  }

  #shiftHeaders(shift: number): void {
    const { count, refs } = this.#table;
    for (let i = 0; i < count; i++) if (refs[i] !== 0) refs[i] = refs[i]! + shift;
    const decoded = [...this.#decoded];
    this.#decoded.clear();
    for (const [ref, map] of decoded) this.#decoded.set(ref + shift, map);
    for (const [bytes, ref] of this.#written) this.#written.set(bytes, ref + shift);
  }

  /** Appends an event with the body `source[from, to)`. */
  append(source: Uint8Array, from: number, to: number, headers: Headers = NO_HEADERS): void {
    const length = to - from;
    this.#ensure(length, 1);
    const at = this.#at;
    copyBytes(this.bytes, at, source, from, to);
    this.#at = at + length;
    this.#table.add(at, length);
    if (headers.size > 0) this.#setFirstHeaders(headers);
  }

  /** Appends an event whose body is `text` in UTF-8. */
  appendText(text: string, headers: Headers = NO_HEADERS): void {
    // A long text is measured: three times its length may be more than a block holds.
    this.#ensure(text.length <= SHORT_TEXT_MAX ? text.length * 3 : Buffer.byteLength(text), 1);
    const at = this.#at;
    const length = this.bytes.write(text, at, 'utf8');
    this.#at = at + length;
    this.#table.add(at, length);
    if (headers.size > 0) this.#setFirstHeaders(headers);
  }

  /** Headers of the event just appended, which is taken back when they do not fit (its bytes stay unused). */
  #setFirstHeaders(headers: Headers): void {
    try {
      this.setHeaders(this.#table.count - 1, headers);
    } catch (error) {
      this.#table.count--;
      throw error;
    }
  }

  /**
   * Appends every whole line of `chunk[from, to)` as an event without its `\n` (`dropsReturn`: and without
   * a `\r` directly before it), copying the run at once. Returns the offset in `chunk` after the last line
   * end (`from` when there is none).
   */
  appendLines(chunk: Buffer, from: number, to: number, dropsReturn = false): number {
    const last = chunk.lastIndexOf(NEWLINE, to - 1);
    if (last < from) return from;
    const run = last + 1 - from;
    this.#ensure(run, 0);
    const at = this.#at;
    copyBytes(this.bytes, at, chunk, from, last + 1);
    const before = this.#table.count;
    this.#table.addLines(chunk, from, last, at - from, dropsReturn);
    this.#at = at + run;
    this.#noteLines(before, at);
    // The table's room was not known before; moving keeps the run. Without room for it
    // there are no lines either.
    try {
      this.#ensure(0, 0);
    } catch (error) {
      this.#table.count = before;
      this.#lineCount = -1;
      this.#at = at;
      throw error;
    }
    return last + 1;
  }

  /** The events from `before` on stand as lines from `at` on. */
  #noteLines(before: number, at: number): void {
    if (before !== this.#lineCount || (before > 0 && at !== this.#linesEnd)) return;
    if (before === 0) this.#linesStart = at;
    this.#linesEnd = this.#at;
    this.#lineCount = this.#table.count;
  }

  /**
   * Appends `count` events of `length` bytes each that stand one after another in `source`
   * (a generator's template).
   */
  appendFixed(source: Uint8Array, count: number, length: number): void {
    this.#ensure(count * length, count);
    copyBytes(this.bytes, this.#at, source, 0, count * length);
    for (let i = 0, at = this.#at; i < count; i++, at += length) this.#table.add(at, length);
    this.#at += count * length;
  }

  /**
   * Lends `bytesMax` bytes to a caller that writes the next body itself: returns where to write in `bytes`;
   * `endBody` makes the event.
   */
  beginBody(bytesMax: number): number {
    this.#ensure(bytesMax, 1);
    return this.#at;
  }

  endBody(length: number): void {
    const at = this.#at;
    this.#at = at + length;
    this.#table.add(at, length);
  }

  /**
   * Lends `bytesMax` bytes to a caller that writes the headers of the event just appended itself, in the form
   * of `header-bytes.ts`: returns where to write in `bytes`; `endHeaders` sets them.
   */
  beginHeaders(bytesMax: number): number {
    this.#ensure(bytesMax + 8, 0);
    return align(this.#at, 4) + 4;
  }

  endHeaders(length: number): void {
    const ref = align(this.#at, 4);
    this.#words[ref >> 2] = length;
    this.#at = ref + 4 + length;
    this.#table.refs[this.#table.count - 1] = ref;
    this.#hasOwn = true;
  }

  /** Gives the event just appended the own headers of the event `index`, at no cost. */
  repeatHeaders(index: number): void {
    this.#table.refs[this.#table.count - 1] = this.#table.refs[index]!;
  }

  bodyStart(index: number): number {
    return this.#table.starts[index]!;
  }

  bodyLength(index: number): number {
    return this.#table.lengths[index]!;
  }

  bodyView(index: number): Buffer {
    const start = this.#table.starts[index]!;
    return this.bytes.subarray(start, start + this.#table.lengths[index]!);
  }

  bodyText(index: number, encoding: BufferEncoding = 'utf8'): string {
    const start = this.#table.starts[index]!;
    return this.bytes.toString(encoding, start, start + this.#table.lengths[index]!);
  }

  #own(index: number): Map<string, string> | null {
    const ref = this.#table.refs[index]!;
    if (ref === 0) return null;
    let map = this.#decoded.get(ref);
    if (map === undefined) {
      const at = ref + 4;
      map = decodeHeaders(this.bytes.subarray(at, at + this.#words[ref >> 2]!));
      this.#decoded.set(ref, map);
    }
    return map;
  }

  headers(index: number): Headers {
    const own = this.#own(index);
    if (this.#common === null) return own ?? NO_HEADERS;
    return own === null ? this.#common : joinHeaders(own, this.#common);
  }

  header(index: number, name: string): string | undefined {
    return this.#own(index)?.get(name) ?? this.#common?.get(name);
  }

  setHeader(index: number, name: string, value: string): void {
    const own = new Map(this.#own(index) ?? NO_HEADERS);
    own.set(name, value);
    this.#writeOwn(index, own);
  }

  /** Replaces all headers of the event; what `setHeaderOnAll` gave it is gone too. */
  setHeaders(index: number, headers: Headers): void {
    if (this.#common !== null) this.#spread();
    this.#writeOwn(index, headers);
  }

  removeHeaders(index: number, matches: (name: string) => boolean): void {
    if (this.#common !== null && [...this.#common.keys()].some(matches)) this.#spread();
    const own = this.#own(index);
    if (own === null || ![...own.keys()].some(matches)) return;
    this.#writeOwn(index, new Map([...own].filter(([name]) => !matches(name))));
  }

  setHeaderOnAll(name: string, value: string, preserve: boolean): void {
    if (this.#common?.has(name) && preserve) return;
    if (this.#hasOwn && !preserve) this.#removeOwn(name);
    this.#common ??= new Map();
    this.#common.set(name, value);
  }

  /** Takes `name` out of every event's own headers: the common value that follows must win. */
  #removeOwn(name: string): void {
    for (let i = 0; i < this.#table.count; i++) {
      const own = this.#own(i);
      if (own?.has(name)) this.#writeOwn(i, new Map([...own].filter(([key]) => key !== name)));
    }
  }

  /** Gives every event its own copy of the common headers, which one of them is about to lose. */
  #spread(): void {
    const common = this.#common!;
    for (let i = 0; i < this.#table.count; i++) {
      this.#writeOwn(i, joinHeaders(this.#own(i) ?? NO_HEADERS, common));
    }
    // Last: had one of the copies not fitted, the others would still be right.
    this.#common = null;
  }

  #writeOwn(index: number, headers: Headers): void {
    if (headers.size === 0) {
      this.#table.refs[index] = 0;
      return;
    }
    this.#hasOwn = true;
    const encoded = encodeHeaders(headers);
    let ref = this.#written.get(encoded);
    if (ref === undefined) {
      ref = this.#writeHeaderRecord(encoded);
      this.#written.set(encoded, ref);
    }
    this.#table.refs[index] = ref;
  }

  #writeHeaderRecord(encoded: Uint8Array): number {
    this.#ensure(encoded.length + 8, 0);
    const ref = align(this.#at, 4);
    this.#words[ref >> 2] = encoded.length;
    copyBytes(this.bytes, ref + 4, encoded, 0, encoded.length);
    this.#at = ref + 4 + encoded.length;
    return ref;
  }

  replaceBody(index: number, body: Uint8Array): void {
    this.#lineCount = -1;
    const start = this.#table.starts[index]!;
    if (body.length <= this.#table.lengths[index]!) {
      // The old place is large enough, and nothing else points into it.
      this.bytes.set(body, start);
      this.#table.lengths[index] = body.length;
      return;
    }
    this.#ensure(body.length, 0);
    copyBytes(this.bytes, this.#at, body, 0, body.length);
    this.#table.starts[index] = this.#at;
    this.#table.lengths[index] = body.length;
    this.#at += body.length;
  }

  filter(keep: (index: number) => boolean): void {
    let kept = 0;
    this.#lineCount = -1;
    this.#originals ??= Uint32Array.from({ length: this.#table.count }, (_, i) => i);
    for (let i = 0; i < this.#table.count; i++) {
      if (!keep(i)) continue;
      this.#originals[kept] = this.#originals[i]!;
      this.#table.starts[kept] = this.#table.starts[i]!;
      this.#table.lengths[kept] = this.#table.lengths[i]!;
      this.#table.refs[kept] = this.#table.refs[i]!;
      kept++;
    }
    this.#table.count = kept;
  }

  /** For each event its index before any were dropped; null when none was. */
  originalIndices(): Uint32Array | null {
    return this.#originals === null ? null : this.#originals.slice(0, this.#table.count);
  }

  /** Gives the batch up. */
  cancel(): void {
    this.#reservation = null;
    this.#store.cancel();
  }

  /** Writes table and preamble; the builder is free for the next batch afterwards. */
  finish(nowMs: number): BuiltBlock {
    const reservation = this.#reservation;
    assert(reservation !== null && this.#table.count > 0, 'finish of a batch that is not open or empty');
    const common = this.#common === null ? 0 : this.#writeHeaderRecord(encodeHeaders(this.#common));
    this.#ensure(0, 0);
    const { segment, start } = reservation;
    const tableAt = align(this.#at, 4);
    const length = this.#writeTable(tableAt);
    const slots = this.#writePreamble(start, length, tableAt - start, common, nowMs);
    this.#store.close(length);
    this.#reservation = null;
    return { segment, offset: start, length, count: this.#table.count, slots };
  }

  /**
   * A second block over the same bodies with only the events `indices` (a selector's share), in the same
   * segment when its table fits there, else null. Call after `finish` of the whole.
   */
  derive(whole: BuiltBlock, indices: readonly number[]): BuiltBlock | null {
    return shareOf(this.#store, this.#words, whole, indices, this.#table);
  }

  /** Returns the length of the whole block. */
  #writeTable(tableAt: number): number {
    const { count, starts, lengths, refs } = this.#table;
    const words = this.#words;
    const at = tableAt >> 2;
    words.set(starts.subarray(0, count), at);
    words.set(lengths.subarray(0, count), at + count);
    if (this.#hasOwn) words.set(refs.subarray(0, count), at + 2 * count);
    const columns = this.#hasOwn ? 3 : 2;
    return align(tableAt + count * columns * 4 - this.#start, 8);
  }

  #writePreamble(start: number, length: number, table: number, common: number, nowMs: number): number {
    let slots = 0;
    let bodyBytes = 0;
    const { count, lengths } = this.#table;
    for (let i = 0; i < count; i++) {
      const size = lengths[i]!;
      bodyBytes += size;
      slots += slotsOf(size);
    }
    const words = this.#words;
    const at = start >> 2;
    words[at + WORD.magic] = MAGIC;
    words[at + WORD.length] = length;
    words[at + WORD.count] = count;
    words[at + WORD.origin] = start;
    words[at + WORD.bodyBytes] = bodyBytes;
    words[at + WORD.slots] = slots;
    words[at + WORD.table] = table;
    // A `\r` that was dropped stands between them.
    const isLines = count === this.#lineCount && bodyBytes + count === this.#linesEnd - this.#linesStart;
    words[at + WORD.flags] = (this.#hasOwn ? FLAG.ownHeaders : 0) | (isLines ? FLAG.lines : 0);
    originTime[0] = nowMs;
    words[at + WORD.originTime] = originTimeWords[0]!;
    words[at + WORD.originTime + 1] = originTimeWords[1]!;
    words[at + WORD.common] = common;
    words[at + WORD.crc] = 0;
    for (let i = WORD.trace; i < PREAMBLE_BYTES / 4; i++) words[at + i] = 0;
    return slots;
  }
}
