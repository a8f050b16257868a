/**
 * Writes events of blocks as requests. A batch becomes one frame of several buffers, each made when it is
 * asked for: the first ones are on their way while the next are written. Bodies are copied once, from the
 * block into the outgoing buffer.
 *
 *     frame = serial · n · n × (length · bytes)      first bytes: meta (empty) · message name · count of
 *     events
 */
import type { BatchRange } from '../../memory/block/batch.ts';
import type { BatchView } from '../../memory/block/view.ts';
import { HeaderEncoder } from './header-encoder.ts';
import { VARINT_BYTES_MAX, writeCount } from './writer.ts';

/** Bytes of a buffer, about: it stays in the cache until the system has taken it. */
const BUFFER_BYTES = 128 * 1024;
/** What headers and lengths of an event are likely to take. */
const OVERHEAD_BYTES = 16;
const OVERHEAD_WITH_HEADERS_BYTES = 128;
const EVENTS_A_BUFFER_MIN = 16;
const FRAME_HEAD_BYTES = 12;
const LENGTH_BYTES = 4;
const EMPTY_MAP_BYTES = 1;

function callHead(name: string): Buffer {
  const bytes = Buffer.alloc(name.length + 2);
  bytes[1] = name.length * 2;
  bytes.write(name, 2, 'latin1');
  return bytes;
}

const APPEND = callHead('append');
const APPEND_BATCH = callHead('appendBatch');

/** Lends buffers, and gets them back when they are sent. */
export interface BufferSupply {
  take(bytes: number): Buffer;
  give(buffer: Buffer): void;
}

export class RequestEncoder {
  readonly #supply: BufferSupply;
  readonly #headers = new HeaderEncoder();
  #ranges: readonly BatchRange[] = [];
  #range = 0;
  /** Next event of the open range. */
  #index = 0;
  #eventsLeft = 0;
  #buffersLeft = 0;
  #eventsABuffer = 0;
  #isArray = false;
  #serial = 0;
  #buffers = 0;
  #count = 0;
  /** The memory of the buffer that was made last; `give` it back when it is sent. */
  buffer: Buffer = Buffer.alloc(0);
  /** The map that was written last: its event's key in the open range, and where it stands in `buffer`. */
  #mapKey = -1;
  #mapFrom = 0;
  #mapTo = 0;

  constructor(supply: BufferSupply) {
    this.#supply = supply;
  }

  /** Begins a request of these events: an `append` of exactly one, or an `appendBatch`. */
  begin(serial: number, ranges: readonly BatchRange[], isArray: boolean): void {
    let count = 0;
    let bytes = 0;
    for (const { view, count: events } of ranges) {
      const overhead = view.hasHeaders ? OVERHEAD_WITH_HEADERS_BYTES : OVERHEAD_BYTES;
      count += events;
      bytes += events * (view.bodyBytes / Math.max(1, view.count) + overhead);
    }
    const average = bytes / Math.max(1, count);
    this.#ranges = ranges;
    this.#range = -1;
    this.#index = 0;
    this.#serial = serial;
    this.#count = count;
    this.#eventsLeft = count;
    this.#isArray = isArray;
    this.#eventsABuffer = Math.max(EVENTS_A_BUFFER_MIN, Math.floor(BUFFER_BYTES / Math.max(1, average)));
    this.#buffers = Math.max(1, Math.ceil(count / this.#eventsABuffer));
    this.#buffersLeft = this.#buffers;
  }

  /** Makes the next buffer, a part of `buffer`; null after the last one. */
  next(): Buffer | null {
    if (this.#buffersLeft === 0) {
      this.#ranges = [];
      return null;
    }
    this.buffer = this.#supply.take(BUFFER_BYTES + BUFFER_BYTES / 4);
    this.#mapKey = -1;
    const isFirst = this.#buffersLeft === this.#buffers;
    let lengthAt = 0;
    if (isFirst) {
      this.buffer.writeInt32BE(this.#serial, 0);
      this.buffer.writeInt32BE(this.#buffers, LENGTH_BYTES);
      lengthAt = FRAME_HEAD_BYTES - LENGTH_BYTES;
    }
    let at = lengthAt + LENGTH_BYTES;
    if (isFirst) at = this.#head(at);
    at = this.#events(at, Math.min(this.#eventsABuffer, this.#eventsLeft));
    this.#buffersLeft--;
    if (this.#buffersLeft === 0 && this.#isArray && this.#count > 0) this.buffer[at++] = 0;
    this.buffer.writeInt32BE(at - lengthAt - LENGTH_BYTES, lengthAt);
    return this.buffer.subarray(0, at);
  }

  #head(at: number): number {
    const behind = at + (this.#isArray ? APPEND_BATCH : APPEND).copy(this.buffer, at);
    return this.#isArray ? writeCount(this.buffer, behind, this.#count) : behind;
  }

  #events(at: number, events: number): number {
    let to = at;
    let left = events;
    this.#eventsLeft -= events;
    while (left > 0) {
      const range = this.#ranges[this.#range];
      if (range === undefined || this.#index === range.first + range.count) {
        this.#range++;
        const next = this.#ranges[this.#range]!;
        this.#index = next.first;
        this.#headers.begin(next.view);
        this.#mapKey = -1;
        continue;
      }
      const run = Math.min(left, range.first + range.count - this.#index);
      to = this.#run(range.view, to, this.#index, run);
      this.#index += run;
      left -= run;
    }
    return to;
  }

  #run(view: BatchView, at: number, first: number, count: number): number {
    const source = view.bytes;
    let to = at;
    for (let i = first; i < first + count; i++) {
      const length = view.bodyLength(i);
      const start = view.bodyStart(i);
      const headers = view.ownHeadersStart(i);
      const isRepeated = headers === this.#mapKey;
      const mapBytes = isRepeated ? this.#mapTo - this.#mapFrom : this.#headers.bytesMax(headers);
      // One byte more for the end of the array.
      this.#ensure(to, mapBytes + VARINT_BYTES_MAX + length + 1);
      const target = this.buffer;
      if (mapBytes === EMPTY_MAP_BYTES && isRepeated) {
        target[to++] = 0;
      } else if (isRepeated) {
        target.copyWithin(to, this.#mapFrom, this.#mapTo);
        to += mapBytes;
      } else {
        this.#mapKey = headers;
        this.#mapFrom = to;
        to = this.#headers.write(target, to, i, headers);
        this.#mapTo = to;
      }
      to = writeCount(target, to, length);
      source.copy(target, to, start, start + length);
      to += length;
    }
    return to;
  }

  #ensure(used: number, more: number): void {
    const { buffer } = this;
    if (used + more <= buffer.length) return;
    const larger = this.#supply.take(Math.max(buffer.length * 2, used + more));
    buffer.copy(larger, 0, 0, used);
    this.#supply.give(buffer);
    this.buffer = larger;
  }
}
