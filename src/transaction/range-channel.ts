/**
 * A channel whose events stay in the memory of their sources: it keeps the order, the room and the ownership
 * of block ranges. The memory channels are this with their options; channels that spill or persist use it for
 * their memory part.
 *
 * Ownership: the source holds one reference to a block for this channel; it passes to the channel with the
 * first accepted event. An `each` put may become several entries; each of them holds a reference of its own.
 */
import type { Channel, ChannelContext, PendingPut, PutStatus, Take } from '../component/channel.ts';
import { BatchView } from '../memory/block/view.ts';
import { BlockQueue } from '../memory/queue/queue.ts';
import type { BlockRange } from '../memory/store/range.ts';
import { Admission, type AdmissionHost, type AdmissionLimits } from './admission.ts';
import { RANGES_PER_TAKE_MAX } from './messages.ts';

/** A range with its place in the queue. `event` counts from the entry's first event. */
interface TakenRange extends BlockRange {
  readonly position: number;
  readonly event: number;
}

interface RangeTake extends Take {
  readonly ranges: readonly TakenRange[];
}

export class RangeChannel implements Channel, AdmissionHost {
  readonly blocking = true;
  readonly #context: ChannelContext;
  readonly #admission: Admission;
  readonly #queue: BlockQueue;
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
    for (let position = queue.head; position !== queue.tail; position = (position + 1) | 0) {
      const entry = queue.entry(position);
      const done = queue.doneOf(position);
      this.#events += entry.count - done;
      if (done < entry.count) this.#slots += this.#rangeOf(position, done, entry.count - done).slots;
    }
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
    return this.#returned.length > 0 || this.#next.position !== this.#queue.tail;
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
    this.#returned[0] = this.#rangeOf(range.position, range.event + eventsMax, range.count - eventsMax);
    return this.#rangeOf(range.position, range.event, eventsMax);
  }

  #takeNew(eventsMax: number): TakenRange | null {
    const queue = this.#queue;
    const next = this.#next;
    let count = 0;
    // After a recovery the first events of an entry, or all of them, may be done already.
    for (;;) {
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
    return { segment, offset: entry.offset, first, count, slots, position, event };
  }

  part(range: BlockRange, skip: number, count: number): TakenRange {
    const { position, event } = range as TakenRange;
    return this.#rangeOf(position, event + skip, count);
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
    this.#returned.sort((a, b) => ((a.position - head) | 0) - ((b.position - head) | 0) || a.event - b.event);
  }
}
