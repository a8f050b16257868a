/**
 * Keys of Flume's SequenceFiles: the `timestamp` header as a long, or the current time. Read from the bytes
 * of the header map, without a string for each event.
 *
 * A header that is no number counts as absent (Flume fails the batch, for ever); `unreadable` counts them.
 */
import { parseJavaLong } from '../../base/java/numbers.ts';
import { HeaderCursor } from '../../memory/block/header-bytes.ts';
import type { BatchView } from '../../memory/block/view.ts';

const NAME = 'timestamp';
const NAME_BYTES = Buffer.from(NAME);
/** So many digits are added up without loss. */
const DIGITS_MAX = 15;
const ZERO = 0x30;
const TWO_32 = 0x1_0000_0000;

export class TimestampKeys {
  /** Of the key read last. */
  high = 0;
  low = 0;
  /** Headers that were no numbers. */
  unreadable = 0;
  readonly #cursor = new HeaderCursor();
  #view: BatchView | null = null;
  #nowMs = 0;
  #commonMs = 0;
  /** Where the headers stand whose key is in `high` and `low`; -1: none. */
  #start = -1;

  beginBatch(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#view = null;
  }

  beginRange(view: BatchView): void {
    if (view === this.#view) return;
    this.#view = view;
    this.#cursor.bytes = view.bytes;
    const text = view.common.get(NAME);
    this.#commonMs = text === undefined ? this.#nowMs : this.#parsed(text);
    this.#start = -1;
  }

  /** Sets `high` and `low` to the key of an event of the range that was begun. */
  read(index: number): void {
    const start = this.#view!.ownHeadersStart(index);
    if (start === this.#start) return;
    this.#start = start;
    const ms = start === 0 ? this.#commonMs : this.#own(start);
    this.high = Math.floor(ms / TWO_32) | 0;
    this.low = ms >>> 0;
  }

  #own(start: number): number {
    const cursor = this.#cursor;
    cursor.at = start;
    for (let entries = cursor.mapSize(); entries > 0; entries--) {
      const isTimestamp = this.#isName(cursor.stringLength());
      const length = cursor.stringLength();
      if (isTimestamp) return this.#number(cursor.at, length);
      cursor.at += length;
    }
    return this.#commonMs;
  }

  /** Whether the name at the cursor is the one that is looked for; moves behind it. */
  #isName(length: number): boolean {
    const { bytes, at } = this.#cursor;
    this.#cursor.at = at + length;
    if (length !== NAME_BYTES.length) return false;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== NAME_BYTES[i]) return false;
    return true;
  }

  #number(from: number, length: number): number {
    const { bytes } = this.#cursor;
    let value = 0;
    for (let i = 0; i < length; i++) {
      const digit = bytes[from + i]! - ZERO;
      if (digit < 0 || digit > 9 || length > DIGITS_MAX) {
        return this.#parsed(bytes.toString('utf8', from, from + length));
      }
      value = value * 10 + digit;
    }
    return length === 0 ? this.#parsed('') : value;
  }

  #parsed(text: string): number {
    const value = parseJavaLong(text);
    if (value !== null) return value;
    this.unreadable++;
    return this.#nowMs;
  }
}
