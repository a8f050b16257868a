/**
 * A channel whose events stay in the memory of their sources: it keeps the order, the room and the ownership
 * of block ranges. The memory channels are this with their options; channels that spill or persist use it for
 * their memory part.
 *
 * Ownership: the source holds one reference to a block for this channel; it passes to the channel with the
 * first accepted event. An `each` put may become several entries; each of them holds a reference of its own.
 */
import type { Channel, ChannelContext, PendingPut, PutStatus, Take } from '../component/channel.ts';
import { BatchBuilder } from '../memory/block/builder.ts';
import { copyRanges, isSparse } from '../memory/block/copy-ranges.ts';
import { BatchView } from '../memory/block/view.ts';
import { BlockQueue } from '../memory/queue/queue.ts';
import type { BlockRange } from '../memory/store/range.ts';
import { BlockStore } from '../memory/store/store.ts';
import { Admission, type AdmissionHost, type AdmissionLimits } from './admission.ts';
import { RANGES_PER_TAKE_MAX } from './messages.ts';

/** A range with its place in the queue. `event` counts from the entry's first event. */
interface TakenRange extends BlockRange {
  readonly position: number;
  readonly event: number;
  /** Where it stands among all ranges: the same, but for copies those of what was copied. */
  readonly order: number;
  readonly rank: number;
}

interface RangeTake extends Take {
  readonly ranges: readonly TakenRange[];
}

export class RangeChannel implements Channel, AdmissionHost {
  readonly blocking = true;
  readonly #context: ChannelContext;
  readonly #admission: Admission;
  readonly #queue: BlockQueue;
  readonly #copies: BatchBuilder;
  #events = 0;
  #slots = 0;
  /** First entry and event not handed out yet. */
  readonly #next = { position: 0, event: 0 };
  /** Rolled back ranges, in queue order: handed out before anything new. */
  #returned: TakenRange[] = [];

  constructor(context: ChannelContext, limits: AdmissionLimits) {
    this.#context = context;
    this.#admission = new Admission(limits, this);
    const { memory } = context;
    this.#copies = new BatchBuilder(new BlockStore(context.storeNumber));
    this.#queue = new BlockQueue(memory.load(), (shared) => memory.save(shared));
    this.#recover();
  }

  /**
   * Counts what a worker before this one left, and hands all of it out again that is not known to be done.
   */
  #recover(): void {
    const queue = this.#queue;
    this.#next.position = queue.head;
    this.#next.event = 0;
    const held: TakenRange[] = [];
    for (let position = queue.head; position !== queue.tail; position = (position + 1) | 0) {
      const { count } = queue.entry(position);
      const done = queue.doneOf(position);
      if (done === count) continue;
      const left = this.#rangeOf(position, done, count - done);
      this.#events += left.count;
      this.#slots += left.slots;
      if (queue.isHeld(position)) held.push(left);
    }
    // What was held was handed out before anything else here was.
    this.#returned = held.map((range, n) => ({ ...range, order: (queue.head - held.length + n) | 0 }));
  }

  start(): void {}

  stop(): void {
    this.#admission.stop();
  }

  commitsCanWait(): boolean {
    return this.#admission.waiting === 0;
  }

  size(): number {
    return this.#events;
  }

  segmentsInUse(): ReadonlySet<number> {
    const ids = new Set<number>();
    const queue = this.#queue;
    for (let position = queue.head; position !== queue.tail; position = (position + 1) | 0) {
      ids.add(queue.entry(position).segment);
    }
    for (const id of this.#admission.waitingSegments()) ids.add(id);
    return ids;
  }

  trim(): void {
    this.#queue.trim();
  }

  get eventsUsed(): number {
    return this.#events;
  }

  get slotsUsed(): number {
    return this.#slots;
  }

  put(puts: readonly PendingPut[]): void {
    this.#admission.put(puts);
  }

  tick(nowMs: number): void {
    this.#admission.tick(nowMs);
  }

  nextTickMs(nowMs: number): number {
    return this.#admission.nextTickMs(nowMs);
  }

  admit({ segment, offset, first, count, slots }: BlockRange): void {
    this.#queue.push({ segment: segment.id, offset, first, count, slots });
    this.#events += count;
    this.#slots += slots;
  }

  answer(put: PendingPut, accepted: number, status: PutStatus): void {
    put.complete(accepted, status);
  }

  hasNext(): boolean {
    this.#skipHeld();
    return this.#returned.length > 0 || this.#next.position !== this.#queue.tail;
  }

  /** Copies of held events are handed out as what is rolled back, if ever. */
  #skipHeld(): void {
    const next = this.#next;
    while (next.position !== this.#queue.tail && this.#queue.isHeld(next.position)) {
      next.position = (next.position + 1) | 0;
      next.event = 0;
    }
  }

  take(eventsMax: number): Take | null {
    const ranges: TakenRange[] = [];
    let events = 0;
    while (events < eventsMax && ranges.length < RANGES_PER_TAKE_MAX) {
      const range =
        this.#returned.length > 0
          ? this.#takeReturned(eventsMax - events)
          : this.#takeNew(eventsMax - events);
      if (range === null) break;
      ranges.push(range);
      events += range.count;
    }
    return events === 0 ? null : { ranges, events };
  }

  #takeReturned(eventsMax: number): TakenRange {
    const range = this.#returned[0]!;
    if (range.count <= eventsMax) {
      this.#returned.shift();
      return range;
    }
    this.#returned[0] = this.part(range, eventsMax, range.count - eventsMax);
    return this.part(range, 0, eventsMax);
  }

  #takeNew(eventsMax: number): TakenRange | null {
    const queue = this.#queue;
    const next = this.#next;
    let count = 0;
    // After a recovery the first events of an entry, or all of them, may be done already.
    for (;;) {
      this.#skipHeld();
      if (next.position === queue.tail) return null;
      count = queue.entry(next.position).count;
      if (next.event === 0) next.event = queue.doneOf(next.position);
      if (next.event < count) break;
      next.position = (next.position + 1) | 0;
      next.event = 0;
    }
    const taken = Math.min(count - next.event, eventsMax);
    const range = this.#rangeOf(next.position, next.event, taken);
    next.event += taken;
    if (next.event === count) {
      next.position = (next.position + 1) | 0;
      next.event = 0;
    }
    return range;
  }

  #rangeOf(position: number, event: number, count: number): TakenRange {
    const entry = this.#queue.entry(position);
    const segment = this.#context.segments.get(entry.segment);
    const first = entry.first + event;
    const slots =
      count === entry.count ? entry.slots : new BatchView(segment, entry.offset).slots(first, count);
    return {
      segment,
      offset: entry.offset,
      first,
      count,
      slots,
      position,
      event,
      order: position,
      rank: event,
    };
  }

  part(range: BlockRange, skip: number, count: number): TakenRange {
    const { position, event, order, rank } = range as TakenRange;
    return { ...this.#rangeOf(position, event + skip, count), order, rank: rank + skip };
  }

  /**
   * Copies stand at the end of the queue, marked, so that they are there for a worker after this one. Places
   * of the queue behind one stay (32 bytes a put) until it is delivered; the memory of blocks does not.
   */
  hold(take: Take): Take {
    const ranges = take.ranges as readonly TakenRange[];
    const views = ranges.map(({ segment, offset, first, count }) => {
      return { view: new BatchView(segment, offset), first, count };
    });
    if (!isSparse(views)) return take;
    const held: TakenRange[] = [];
    let [next, skip] = [0, 0];
    for (const { block, from } of copyRanges(views, this.#copies)) {
      const { segment, offset, count, slots } = block;
      segment.retain(1);
      this.#context.segments.add(segment.id, segment.memory);
      const position = this.#queue.tail;
      this.#queue.push({ segment: segment.id, offset, first: 0, count, slots }, true);
      let event = 0;
      for (const { count } of from) {
        const { order, rank } = ranges[next]!;
        held.push({ ...this.#rangeOf(position, event, count), order, rank: rank + skip });
        event += count;
        skip += count;
        if (skip < ranges[next]!.count) continue;
        next++;
        skip = 0;
      }
    }
    for (const { position, event, count, segment } of ranges) {
      if (this.#queue.done(position, event, count)) segment.release();
    }
    return { ranges: held, events: take.events };
  }

  commit(take: Take): void {
    for (const range of (take as RangeTake).ranges) {
      this.#events -= range.count;
      this.#slots -= range.slots;
      // Done first, then released: a worker that dies in between must not hand out
      // memory that is filled anew.
      if (this.#queue.done(range.position, range.event, range.count)) range.segment.release();
    }
  }

  rollback(take: Take): void {
    this.#returned.push(...(take as RangeTake).ranges);
    const { head } = this.#queue;
    this.#returned.sort((a, b) => ((a.order - head) | 0) - ((b.order - head) | 0) || (a.rank - b.rank) | 0);
  }
}
