/**
 * What a durable channel has ready for its sinks: blocks in memory at the head of the log, and rolled back
 * ranges. New events stay in the memory of their sources while there is room; a longer backlog is read back
 * from the log, in order, when its turn comes.
 */
import type { BatchBuilder } from '../../memory/block/builder.ts';
import { copyRanges, isSparse } from '../../memory/block/copy-ranges.ts';
import { BatchView } from '../../memory/block/view.ts';
import type { BlockRange } from '../../memory/store/range.ts';
import { RANGES_PER_TAKE_MAX } from '../messages.ts';

/** Some events of one block, untaken when it was made, with the log offsets that they have. */
export interface NewPiece extends BlockRange {
  /** Log offset of its first event; null when it is in memory only. */
  readonly at: number | null;
  readonly bytes: number;
}

export interface Piece extends NewPiece {
  /** Where it stands among all pieces. */
  readonly order: number;
  /** Events not taken yet; the block is released with the last one. */
  left: number;
}

export interface TakenRange extends BlockRange {
  readonly at: number | null;
  /** Where it stands among all ranges: its piece, or the one that it was copied from, and the event there. */
  readonly order: number;
  readonly event: number;
  readonly piece: Piece;
}

export class Backlog {
  readonly #pieces: Piece[] = [];
  #head = 0;
  /** Events of the piece at the head that were handed out. */
  #handed = 0;
  #returned: TakenRange[] = [];
  #heldBytes = 0;
  #heldEvents = 0;
  #order = 0;

  /** Bytes of blocks that are held, handed out or not. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Events that are held, handed out or not. */
  get heldEvents(): number {
    return this.#heldEvents;
  }

  get isEmpty(): boolean {
    return this.#returned.length === 0 && this.#head === this.#pieces.length;
  }

  /** Takes a reference to the piece's block over. */
  push(piece: NewPiece): void {
    this.#pieces.push({ ...piece, order: this.#order++, left: piece.count });
    this.#heldBytes += piece.bytes;
    this.#heldEvents += piece.count;
  }

  /** Up to `eventsMax` events, in order: rolled back ones first. */
  take(eventsMax: number): TakenRange[] {
    const ranges: TakenRange[] = [];
    let events = 0;
    while (events < eventsMax && ranges.length < RANGES_PER_TAKE_MAX) {
      const range = this.#next(eventsMax - events);
      if (range === null) break;
      ranges.push(range);
      events += range.count;
    }
    return ranges;
  }

  #next(eventsMax: number): TakenRange | null {
    const returned = this.#returned[0];
    if (returned !== undefined) {
      if (returned.count <= eventsMax) return this.#returned.shift()!;
      this.#returned[0] = part(returned, eventsMax, returned.count - eventsMax);
      return part(returned, 0, eventsMax);
    }
    const piece = this.#pieces[this.#head];
    if (piece === undefined) return null;
    const count = Math.min(piece.count - this.#handed, eventsMax);
    const range = part({ ...piece, piece, event: piece.first }, this.#handed, count);
    this.#handed += count;
    if (this.#handed === piece.count) this.#advance();
    return range;
  }

  #advance(): void {
    this.#handed = 0;
    this.#head++;
    if (this.#head < 1024 || this.#head * 2 < this.#pieces.length) return;
    this.#pieces.splice(0, this.#head);
    this.#head = 0;
  }

  done({ piece, count }: TakenRange): void {
    piece.left -= count;
    this.#heldEvents -= count;
    if (piece.left > 0) return;
    this.#heldBytes -= piece.bytes;
    piece.segment.release(1);
  }

  /** The same events, copied with `builder` out of blocks of which they are a small part. */
  hold(ranges: readonly TakenRange[], builder: BatchBuilder): readonly TakenRange[] {
    const views = ranges.map(({ segment, offset, first, count }) => {
      return { view: new BatchView(segment, offset), first, count };
    });
    if (!isSparse(views)) return ranges;
    const moved: TakenRange[] = [];
    let [next, skip] = [0, 0];
    for (const { block, from } of copyRanges(views, builder)) {
      const { segment, offset, count, length } = block;
      segment.retain(1);
      const place = { segment, offset, first: 0, count, slots: 0 };
      const piece: Piece = { ...place, at: null, bytes: length, order: -1, left: count };
      this.#heldBytes += length;
      this.#heldEvents += count;
      let first = 0;
      for (const { count } of from) {
        const range = part(ranges[next]!, skip, count);
        moved.push({ ...range, segment, offset, first, piece });
        first += count;
        skip += count;
        if (skip < ranges[next]!.count) continue;
        next++;
        skip = 0;
      }
    }
    for (const range of ranges) this.done(range);
    return moved;
  }

  giveBack(ranges: readonly TakenRange[]): void {
    this.#returned = [...this.#returned, ...ranges].sort((a, b) => a.order - b.order || a.event - b.event);
  }

  *segmentIds(): Iterable<number> {
    for (const { piece } of this.#returned) yield piece.segment.id;
    for (let n = this.#head; n < this.#pieces.length; n++) yield this.#pieces[n]!.segment.id;
  }
}

/** `count` events of a range, behind its first `skip`. Their slots are not needed any more. */
export function part(range: TakenRange, skip: number, count: number): TakenRange {
  const { segment, offset, order, piece } = range;
  return {
    segment,
    offset,
    first: range.first + skip,
    count,
    slots: 0,
    at: range.at === null ? null : range.at + skip,
    order,
    event: range.event + skip,
    piece,
  };
}
