/**
 * Reads one block in place. A view is an object a block, not an event; `at` moves it to another
 * block. Everything it returns points into shared memory that is valid only until the take is
 * committed or rolled back.
 */
import { assert } from '../../base/assert.ts';
import { decodeHeaders, type Headers, joinHeaders, NO_HEADERS } from './headers.ts';
import { FLAG, MAGIC, slotsOf, WORD } from './layout.ts';
import type { Place } from './numbering.ts';

/** The memory that a block stands in: the same bytes twice. */
export interface BlockMemory {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
}

export class BatchView {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly offset: number;
  readonly count: number;
  /** Null when the channel does not number its events. */
  readonly place: Place | null;
  readonly #shift: number;
  readonly #table: number;
  readonly #flags: number;
  #common: Headers | null = null;

  /** @throws AssertionFailed when no block stands at `offset`. */
  constructor(memory: BlockMemory, offset: number, place: Place | null = null) {
    const { words } = memory;
    const at = offset >> 2;
    assert(words[at + WORD.magic] === MAGIC, `no block at offset ${offset}`);
    this.bytes = memory.bytes;
    this.words = words;
    this.offset = offset;
    this.count = words[at + WORD.count]!;
    this.place = place;
    this.#shift = offset - words[at + WORD.origin]!;
    this.#table = (offset + words[at + WORD.table]!) >> 2;
    this.#flags = words[at + WORD.flags]!;
  }

  get lengthBytes(): number {
    return this.words[(this.offset >> 2) + WORD.length]!;
  }

  /** Sum of the body lengths of the whole block. */
  get bodyBytes(): number {
    return this.words[(this.offset >> 2) + WORD.bodyBytes]!;
  }

  /** Whether any event has headers. */
  get hasHeaders(): boolean {
    return (this.#flags & FLAG.ownHeaders) !== 0 || this.words[(this.offset >> 2) + WORD.common] !== 0;
  }

  get isForeign(): boolean {
    return (this.#flags & FLAG.foreign) !== 0;
  }

  /** Whether bodies stand as lines (see layout.ts). */
  get isLines(): boolean {
    return (this.#flags & FLAG.lines) !== 0;
  }

  /** Epoch ms at which the block was made. */
  get originTimeMs(): number {
    const words = new Uint32Array(2);
    words[0] = this.words[(this.offset >> 2) + WORD.originTime]!;
    words[1] = this.words[(this.offset >> 2) + WORD.originTime + 1]!;
    return new Float64Array(words.buffer)[0]!;
  }

  bodyStart(index: number): number {
    return this.words[this.#table + index]! + this.#shift;
  }

  bodyLength(index: number): number {
    return this.words[this.#table + this.count + index]!;
  }

  bodyView(index: number): Buffer {
    const start = this.bodyStart(index);
    return this.bytes.subarray(start, start + this.bodyLength(index));
  }

  bodyText(index: number, encoding: BufferEncoding = 'utf8'): string {
    const start = this.bodyStart(index);
    return this.bytes.toString(encoding, start, start + this.bodyLength(index));
  }

  /** Slots (100 bytes of body) of `count` events from `first` on. */
  slots(first: number, count: number): number {
    if (first === 0 && count === this.count) return this.words[(this.offset >> 2) + WORD.slots]!;
    let slots = 0;
    for (let i = first; i < first + count; i++) slots += slotsOf(this.bodyLength(i));
    return slots;
  }

  #decode(ref: number): Map<string, string> {
    const at = ref + this.#shift;
    return decodeHeaders(this.bytes.subarray(at + 4, at + 4 + this.words[at >> 2]!));
  }

  #ownRef(index: number): number {
    return (this.#flags & FLAG.ownHeaders) === 0 ? 0 : this.words[this.#table + 2 * this.count + index]!;
  }

  /** Headers that all events of the block share. */
  get common(): Headers {
    if (this.#common === null) {
      const ref = this.words[(this.offset >> 2) + WORD.common]!;
      this.#common = ref === 0 ? NO_HEADERS : this.#decode(ref);
    }
    return this.#common;
  }

  /** Equal for events whose header maps are the same: decode or serialize once for each value. */
  headersKey(index: number): number {
    return this.#ownRef(index);
  }

  /**
   * Where the event's own headers stand in `bytes`, in the form of `header-bytes.ts`; 0 when it has none.
   * What all events share is in `common`.
   */
  ownHeadersStart(index: number): number {
    const ref = this.#ownRef(index);
    return ref === 0 ? 0 : ref + this.#shift + 4;
  }

  /** Bytes of the headers that stand at `start`, which is not 0. */
  ownHeadersLength(start: number): number {
    return this.words[(start - 4) >> 2]!;
  }

  /** All headers of the event, decoded. */
  headers(index: number): Headers {
    const ref = this.#ownRef(index);
    if (ref === 0) return this.common;
    const own = this.#decode(ref);
    return this.common.size === 0 ? own : joinHeaders(own, this.common);
  }
}
