/**
 * Events of a request straight into a batch: bodies are copied once, header maps become the block's bytes
 * without a string between, and a map like the one of the event before costs nothing.
 *
 *     event  = headers map of string · body bytes             batch = array of event
 *
 * Errors: BAD_INPUT when the bytes are no events, EVENT_TOO_LARGE when they do not fit a batch; the batch is
 * to be given up then.
 */
import type { BatchBuilder } from '../../memory/block/builder.ts';
import type { AvroCursor } from './cursor.ts';
import { badInput } from './errors.ts';
import { HeaderDecoder } from './header-decoder.ts';

/** An empty map and an empty body. */
const EVENT_BYTES_MIN = 2;
/** Maps up to this length are compared byte by byte. */
const COMPARED_BYTES_MAX = 64;

export class EventDecoder {
  readonly #headers = new HeaderDecoder();
  /** The map that was decoded last, in the bytes of this request, and an event that has it. */
  #mapFrom = 0;
  #mapTo = 0;
  #mapEvent = 0;

  /** Appends the one event of an `append`. */
  event(batch: BatchBuilder, cursor: AvroCursor): void {
    this.#mapTo = 0;
    this.#mapFrom = 0;
    this.#append(batch, cursor);
  }

  /** Appends the events of an `appendBatch`. */
  events(batch: BatchBuilder, cursor: AvroCursor): void {
    this.#mapTo = 0;
    this.#mapFrom = 0;
    for (let count = cursor.blockCount(EVENT_BYTES_MIN); count > 0; ) {
      for (let n = 0; n < count; n++) this.#append(batch, cursor);
      count = cursor.blockCount(EVENT_BYTES_MIN);
    }
  }

  #append(batch: BatchBuilder, cursor: AvroCursor): void {
    const { bytes } = cursor;
    if (cursor.at >= cursor.end) throw badInput('an event is cut off');
    if (bytes[cursor.at] === 0) {
      cursor.at++;
      this.#body(batch, cursor);
      return;
    }
    const from = cursor.at;
    if (this.#isSameMap(cursor)) {
      cursor.at = from + this.#mapTo - this.#mapFrom;
      this.#body(batch, cursor);
      batch.repeatHeaders(this.#mapEvent);
      return;
    }
    const entries = this.#headers.check(cursor);
    const to = cursor.at;
    this.#body(batch, cursor);
    if (entries > 0) this.#headers.decode(batch, cursor, from, to, entries);
    this.#mapFrom = from;
    this.#mapTo = to;
    this.#mapEvent = batch.count - 1;
  }

  #body(batch: BatchBuilder, cursor: AvroCursor): void {
    const length = cursor.length();
    const start = batch.beginBody(length);
    // `copy` is one memcpy into shared memory; `set` is four times as slow there.
    cursor.bytes.copy(batch.bytes, start, cursor.at, cursor.at + length);
    cursor.at += length;
    batch.endBody(length);
  }

  /** Whether the bytes at the cursor are the map of an event before. A map's bytes say where it ends. */
  #isSameMap({ bytes, at, end }: AvroCursor): boolean {
    const from = this.#mapFrom;
    const length = this.#mapTo - from;
    if (length === 0 || length > end - at) return false;
    if (length > COMPARED_BYTES_MAX) return bytes.compare(bytes, from, this.#mapTo, at, at + length) === 0;
    // From behind: the names stand first and are the same even where values differ.
    for (let i = length - 1; i >= 0; i--) if (bytes[at + i] !== bytes[from + i]) return false;
    return true;
  }
}
