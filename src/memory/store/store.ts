/**
 * A segmented store: where one source writes its blocks, and where channels and sinks read them in place.
 *
 * Limits: one writer; one open reservation at a time; a segment is SEGMENT_BYTES, or larger for one block
 * that needs it. Layout: blocks one after another from Segment.firstOffset, each at a multiple of 8; what is
 * left of a segment when
 *   the next block does not fit stays unused (the padding of this "ring").
 * Operations: `open` lends the rest of the current segment to a builder, `extend` moves an open reservation
 * to a segment
 *   with more room, `close` keeps what was written. Publishing (Segment.retain) is the caller's.
 * Size: segments are re-used, whatever their number: fresh memory costs a page fault each 4 KiB, more than
 * the copy
 *   into it. `trim`, called every few seconds, gives up those that no peak of the time before needed.
 *   The first one is made with the first block: who never writes (a source whose port is taken, tried again
 *   and again) costs nothing.
 * Recovery: none needed: a store dies with its worker; readers keep the segments they still need alive, and a
 * new
 *   worker starts a new store with ids of its own.
 * It does not bound its own size: channels refuse puts beyond their capacity and the source's window bounds
 * the rest.
 */
import { assert } from '../../base/assert.ts';
import { SEGMENT_BYTES, SEGMENTS_FREE_MIN } from '../../base/limits.ts';
import { noteDropped } from './collect.ts';
import { Segment } from './segment.ts';

/** Segment ids are u32: the store's number above, the segment's below. */
const SEGMENTS_PER_STORE_MAX = 1 << 16;
export const STORE_NUMBER_MAX = (1 << 15) - 1;

export function storeOfSegment(segmentId: number): number {
  return Math.floor(segmentId / SEGMENTS_PER_STORE_MAX);
}

export interface Reservation {
  segment: Segment;
  /** First byte, a multiple of 8. */
  start: number;
  /** One past the last byte that may be written. */
  end: number;
}

export class BlockStore {
  readonly #number: number;
  readonly #onDrop: (segmentId: number) => void;
  #next = 0;
  /** Filled and waiting for their readers, oldest first. */
  readonly #sealed: Segment[] = [];
  /** The last one was used last: it is the likeliest to be in a cache. */
  readonly #free: Segment[] = [];
  /** Fewest free segments since the last `trim`: that many were of no use. */
  #idle = 0;
  #current: Segment | null = null;
  #at = Segment.firstOffset;
  #open: Reservation | null = null;

  /**
   * `number` differs from that of every store whose segments may still be read; `onDrop` hears of segments
   * that are given up.
   */
  constructor(number: number, onDrop: (segmentId: number) => void = () => {}) {
    assert(number > 0 && number <= STORE_NUMBER_MAX, `store number ${number} out of range`);
    this.#number = number;
    this.#onDrop = onDrop;
  }

  /** Room for at least `bytesMin` bytes. The reservation is one object, valid until `close` or `cancel`. */
  open(bytesMin: number): Reservation {
    assert(this.#open === null, 'one reservation at a time');
    let segment = this.#current;
    if (segment === null || segment.sizeBytes - this.#at < bytesMin) segment = this.#advance(bytesMin);
    this.#open = { segment, start: this.#at, end: segment.sizeBytes };
    return this.#open;
  }

  /** Moves the open reservation to a segment with `bytesMin` bytes; the caller copies what it wrote. */
  extend(bytesMin: number): { from: Segment; fromStart: number } {
    const open = this.#open;
    assert(open !== null, 'no open reservation');
    const from = { from: open.segment, fromStart: open.start };
    const segment = this.#advance(bytesMin);
    open.segment = segment;
    open.start = this.#at;
    open.end = segment.sizeBytes;
    return from;
  }

  /** Keeps `length` bytes of the open reservation (a multiple of 8). */
  close(length: number): void {
    const open = this.#open;
    assert(
      open !== null && length % 8 === 0 && open.start + length <= open.end,
      'bad length of a reservation',
    );
    this.#at = open.start + length;
    this.#open = null;
  }

  cancel(): void {
    this.#open = null;
  }

  /** Bytes of all segments, free ones included. */
  get sizeBytes(): number {
    return this.#segments().reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  get segmentCount(): number {
    return this.#segments().length;
  }

  #segments(): readonly Segment[] {
    const current = this.#current === null ? [] : [this.#current];
    return [...current, ...this.#sealed, ...this.#free];
  }

  /** Nothing is written any more. Readers keep what they still need. */
  end(): void {
    noteDropped(this.sizeBytes);
    this.#current = null;
    this.#sealed.length = 0;
    this.#free.length = 0;
  }

  /** Seals the current segment and makes one with room for `bytesMin` the current one. */
  #advance(bytesMin: number): Segment {
    if (this.#current !== null) this.#sealed.push(this.#current);
    this.reclaim();
    const need = bytesMin + Segment.firstOffset;
    const at = this.#free.findLastIndex((segment) => segment.sizeBytes >= need);
    const segment = at < 0 ? this.#allocate(need) : this.#free.splice(at, 1)[0]!;
    this.#current = segment;
    this.#idle = Math.min(this.#idle, this.#free.length);
    this.#at = Segment.firstOffset;
    return segment;
  }

  /** Takes back segments whose readers are done. */
  reclaim(): void {
    let kept = 0;
    for (const segment of this.#sealed) {
      if (segment.live() !== 0) this.#sealed[kept++] = segment;
      else this.#free.push(segment);
    }
    this.#sealed.length = kept;
  }

  /** Gives up the segments that were free since the last call, but for SEGMENTS_FREE_MIN. */
  trim(): void {
    this.reclaim();
    const surplus = Math.min(this.#idle, this.#free.length - SEGMENTS_FREE_MIN);
    if (surplus > 0) {
      for (const { id, sizeBytes } of this.#free.splice(0, surplus)) {
        this.#onDrop(id);
        noteDropped(sizeBytes);
      }
    }
    this.#idle = this.#free.length;
  }

  /** Larger ones come in powers of two, so that they fit again. */
  #allocate(bytesMin: number): Segment {
    let sizeBytes = SEGMENT_BYTES;
    while (sizeBytes < bytesMin) sizeBytes *= 2;
    return Segment.allocate(this.#nextId(), sizeBytes);
  }

  /**
   * Ids come round again after weeks of growing and shrinking; one that still stands for
   * a segment is passed over.
   */
  #nextId(): number {
    assert(this.#sealed.length + this.#free.length < SEGMENTS_PER_STORE_MAX - 1, 'too many segments');
    for (;;) {
      const id = this.#number * SEGMENTS_PER_STORE_MAX + (this.#next++ % SEGMENTS_PER_STORE_MAX);
      const has = (segment: Segment) => segment.id === id;
      if (this.#next <= SEGMENTS_PER_STORE_MAX || !(this.#sealed.some(has) || this.#free.some(has)))
        return id;
    }
  }
}
