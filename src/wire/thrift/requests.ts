/**
 * Writes calls of ThriftSourceProtocol: blocks to frames, without an object or a string an event. A body is
 * copied once, from the block into the frame; headers go from msgpack's form into Thrift's byte by byte, and
 * those that equal the ones of the event before are copied as they were written.
 *
 * A frame is valid until the next call is written. Limit: `frameBytesMax`; a batch that needs more is sent as
 * several calls, and an event that needs more is refused.
 */
import { MillraceError } from '../../base/errors.ts';
import type { Batch } from '../../memory/block/batch.ts';
import { HeaderCursor } from '../../memory/block/header-bytes.ts';
import type { BatchView } from '../../memory/block/view.ts';
import { writerOf } from './protocols.ts';
import { FRAME_BYTES_MAX, MESSAGE, type ProtocolName, TYPE } from './types.ts';
import { EVENT_HEAD_BYTES_MAX, LENGTH_BYTES_MAX, type ThriftWriter } from './writer.ts';

export interface EncodedCall {
  readonly method: string;
  readonly sequence: number;
  readonly frame: Buffer;
  /** Events in it. */
  readonly events: number;
}

/** Bytes of a call beside its events. */
const CALL_BYTES_MAX = 64;
/**
 * An entry of a header map takes at most four times its bytes in a block: a length of one byte becomes four.
 */
const HEADER_GROWTH_MAX = 4;
/** Runs up to this length are copied by a loop. */
const LOOP_BYTES_MAX = 32;

export class RequestEncoder {
  readonly #writer: ThriftWriter;
  readonly #frameBytesMax: number;
  readonly #cursor = new HeaderCursor();
  readonly #common = new CommonHeaders();
  #sequence = 0;
  /** Where the event before has everything up to its body's length, and whose headers these are. */
  #headView: BatchView | null = null;
  #headKey = 0;
  #headFrom = 0;
  #headTo = 0;

  constructor(protocol: ProtocolName, frameBytesMax = FRAME_BYTES_MAX) {
    this.#writer = writerOf(protocol);
    this.#frameBytesMax = frameBytesMax;
  }

  /**
   * `appendBatch` of the events of `batch` from the one with index `from` on, as many as a frame holds.
   * @throws MillraceError EVENT_TOO_LARGE when not even one fits.
   */
  batch(batch: Batch, from: number): EncodedCall {
    const events = this.#fitting(batch, from);
    const call = this.#begin('appendBatch');
    this.#writer.field(TYPE.list, 1);
    this.#writer.list(TYPE.struct, events);
    let skip = from;
    let left = events;
    for (const { view, first, count } of batch.ranges) {
      const begin = first + Math.min(skip, count);
      const end = Math.min(first + count, begin + left);
      skip -= begin - first;
      left -= end - begin;
      this.#common.of(view);
      for (let i = begin; i < end; i++) this.#event(view, i);
    }
    this.#headView = null;
    this.#common.forget();
    return this.#end(call, 'appendBatch', events);
  }

  /**
   * `append` of the only event of `batch`.
   * @throws MillraceError EVENT_TOO_LARGE when it does not fit.
   */
  single(batch: Batch): EncodedCall {
    this.#fitting(batch, 0);
    const { view, first } = batch.ranges[0]!;
    const call = this.#begin('append');
    this.#writer.field(TYPE.struct, 1);
    this.#common.of(view);
    this.#event(view, first);
    this.#headView = null;
    this.#common.forget();
    return this.#end(call, 'append', 1);
  }

  #begin(method: string): number {
    this.#sequence = (this.#sequence + 1) & 0x7fff_ffff;
    this.#writer.message(method, MESSAGE.call, this.#sequence);
    this.#writer.ensure(CALL_BYTES_MAX);
    return this.#writer.enter();
  }

  #end(outer: number, method: string, events: number): EncodedCall {
    this.#writer.ensure(1);
    this.#writer.stop();
    this.#writer.leave(outer);
    return { method, sequence: this.#sequence, frame: this.#writer.finish(), events };
  }

  /** How many events from the one with index `from` on are sure to fit in a frame. */
  #fitting(batch: Batch, from: number): number {
    let left = this.#frameBytesMax - CALL_BYTES_MAX;
    let skip = from;
    let fitting = 0;
    for (const { view, first, count } of batch.ranges) {
      const begin = first + Math.min(skip, count);
      skip -= begin - first;
      const common = EVENT_HEAD_BYTES_MAX + this.#common.of(view).bytesMax;
      for (let i = begin; i < first + count; i++) {
        left -= common + view.bodyLength(i) + ownBytesMax(view, i);
        if (left < 0) return fitting > 0 ? fitting : this.#tooLarge(view.bodyLength(i));
        fitting++;
      }
    }
    return fitting;
  }

  #tooLarge(bodyBytes: number): never {
    throw new MillraceError(
      'EVENT_TOO_LARGE',
      `An event with a body of ${bodyBytes} bytes does not fit in a frame of ${this.#frameBytesMax} bytes`,
      { value: String(bodyBytes), remedy: 'raise the limit of both ends, or send smaller events' },
    );
  }

  #event(view: BatchView, index: number): void {
    const writer = this.#writer;
    const length = view.bodyLength(index);
    const key = view.headersKey(index);
    if (this.#headView === view && this.#headKey === key) {
      writer.ensure(this.#headTo - this.#headFrom + length + EVENT_HEAD_BYTES_MAX);
      this.#repeatHead();
    } else {
      writer.ensure(this.#common.bytesMax + ownBytesMax(view, index) + length + EVENT_HEAD_BYTES_MAX);
      this.#headFrom = writer.at;
      const outer = writer.enter();
      writer.field(TYPE.map, 1);
      this.#headers(view, index);
      writer.field(TYPE.string, 2);
      writer.leave(outer);
      this.#headTo = writer.at;
      this.#headView = view;
      this.#headKey = key;
    }
    writer.length(length);
    const start = view.bodyStart(index);
    view.bytes.copy(writer.bytes, writer.at, start, start + length);
    writer.at += length;
    writer.stop();
  }

  #repeatHead(): void {
    const writer = this.#writer;
    const { bytes, at } = writer;
    const from = this.#headFrom;
    const length = this.#headTo - from;
    if (length <= LOOP_BYTES_MAX) for (let i = 0; i < length; i++) bytes[at + i] = bytes[from + i]!;
    else bytes.copy(bytes, at, from, from + length);
    writer.at = at + length;
  }

  /** The event's own headers, and those of all events that it does not have itself. */
  #headers(view: BatchView, index: number): void {
    const writer = this.#writer;
    const cursor = this.#cursor;
    const common = this.#common;
    const start = view.ownHeadersStart(index);
    let size = 0;
    if (start !== 0) {
      cursor.bytes = view.bytes;
      cursor.at = start;
      size = cursor.mapSize();
    }
    const entries = cursor.at;
    const added = size === 0 ? common.size : common.missingIn(cursor, size);
    writer.stringMap(size + added);
    cursor.at = entries;
    for (let i = 0; i < size * 2; i++) {
      const length = cursor.stringLength();
      this.#string(cursor.bytes, cursor.at, length);
      cursor.at += length;
    }
    if (added === 0) return;
    for (let i = 0; i < common.size; i++) {
      if (size > 0 && common.isHidden(i)) continue;
      const name = common.names[i]!;
      this.#string(name, 0, name.length);
      const value = common.values[i]!;
      this.#string(value, 0, value.length);
    }
  }

  #string(bytes: Buffer, from: number, length: number): void {
    const writer = this.#writer;
    writer.length(length);
    const { at, bytes: target } = writer;
    if (length <= LOOP_BYTES_MAX) for (let i = 0; i < length; i++) target[at + i] = bytes[from + i]!;
    else bytes.copy(target, at, from, from + length);
    writer.at = at + length;
  }
}

function ownBytesMax(view: BatchView, index: number): number {
  const start = view.ownHeadersStart(index);
  return start === 0 ? 0 : HEADER_GROWTH_MAX * view.ownHeadersLength(start);
}

/** Headers that all events of a block share, as bytes: made once a block. */
class CommonHeaders {
  names: Buffer[] = [];
  values: Buffer[] = [];
  size = 0;
  /** Most bytes of them in a map. */
  bytesMax = 0;
  #view: BatchView | null = null;
  /** Which of them an event has itself. */
  readonly #hidden: boolean[] = [];

  of(view: BatchView): this {
    if (this.#view === view) return this;
    this.#view = view;
    const { common } = view;
    this.size = common.size;
    this.bytesMax = 0;
    if (common.size === 0) return this;
    this.names = [...common.keys()].map((name) => Buffer.from(name));
    this.values = [...common.values()].map((value) => Buffer.from(value));
    for (const text of [...this.names, ...this.values]) this.bytesMax += text.length + LENGTH_BYTES_MAX;
    return this;
  }

  /** Nothing of a block is kept once it is sent. */
  forget(): void {
    this.#view = null;
  }

  /**
   * How many of them are not among the `size` entries that `cursor` stands before (it stands behind the names
   * afterwards); `isHidden` tells the others.
   */
  missingIn(cursor: HeaderCursor, size: number): number {
    if (this.size === 0) return 0;
    let missing = this.size;
    for (let i = 0; i < this.size; i++) this.#hidden[i] = false;
    for (let entry = 0; entry < size; entry++) {
      const length = cursor.stringLength();
      const at = cursor.at;
      for (let i = 0; i < this.size; i++) {
        const name = this.names[i]!;
        if (this.#hidden[i] || name.length !== length) continue;
        if (name.compare(cursor.bytes, at, at + length) !== 0) continue;
        this.#hidden[i] = true;
        missing--;
      }
      cursor.at = at + length;
      const valueLength = cursor.stringLength();
      cursor.at += valueLength;
    }
    return missing;
  }

  isHidden(index: number): boolean {
    return this.#hidden[index]!;
  }
}
