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
import { RANGES_PER_TAKE_MAX } from './messages.ts';

export interface RangeChannelLimits {
  readonly eventsMax: number;
  readonly slotsMax: number;
  readonly transactionEventsMax: number;
  readonly keepAliveMs: number;
}

/** A range with its place in the queue. `event` counts from the entry's first event. */
interface TakenRange extends BlockRange {
  readonly position: number;
  readonly event: number;
}

interface RangeTake extends Take {
  readonly ranges: readonly TakenRange[];
}

interface Waiting {
  readonly put: PendingPut;
  accepted: number;
  deadlineMs: number;
}

export class RangeChannel implements Channel {
  readonly blocking = true;
  readonly #context: ChannelContext;
  readonly #limits: RangeChannelLimits;
  readonly #queue: BlockQueue;
  #events = 0;
  #slots = 0;
  /** First entry and event not handed out yet. */
  readonly #next = { position: 0, event: 0 };
  /** Rolled back ranges, in queue order: handed out before anything new. */
  #returned: TakenRange[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(context: ChannelContext, limits: RangeChannelLimits) {
    this.#context = context;
    this.#limits = limits;
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
    for (const { put, accepted } of this.#waiting) put.complete(accepted, 'closed');
    this.#waiting.length = 0;
  }

  commitsCanWait(): boolean {
    return this.#waiting.length === 0;
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
    for (const { put } of this.#waiting) ids.add(put.range.segment.id);
    return ids;
  }

  put(puts: readonly PendingPut[]): void {
    for (const put of puts) {
      if (put.mode === 'batch' && put.range.count > this.#limits.transactionEventsMax) {
        put.complete(0, 'transaction-capacity');
      } else if (this.#waiting.length > 0 || !this.#accept(put)) {
        this.#wait(put);
      }
    }
  }

  /** Takes a whole put if there is room. */
  #accept(put: PendingPut): boolean {
    const { range } = put;
    if (this.#events + range.count > this.#limits.eventsMax) return false;
    if (this.#slots + range.slots > this.#limits.slotsMax) return false;
    this.#push(range);
    put.complete(range.count, 'ok');
    return true;
  }

  #push(range: BlockRange): void {
    const { segment, offset, first, count, slots } = range;
    this.#queue.push({ segment: segment.id, offset, first, count, slots });
    this.#events += count;
    this.#slots += slots;
  }

  #wait(put: PendingPut): void {
    const waiting = { put, accepted: 0, deadlineMs: put.sinceMs + this.#limits.keepAliveMs };
    this.#waiting.push(waiting);
  }

  tick(nowMs: number): void {
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0]!;
      const status = this.#advance(first, nowMs);
      if (status === null) return;
      this.#waiting.shift();
      first.put.complete(first.accepted, status);
      // The ones behind waited for their turn, not for room: their wait begins now.
      if (status !== 'ok') continue;
      const next = this.#waiting[0];
      if (next !== undefined) next.deadlineMs = Math.max(next.deadlineMs, nowMs + this.#limits.keepAliveMs);
    }
  }

  nextTickMs(nowMs: number): number {
    const first = this.#waiting[0];
    return first === undefined ? Number.POSITIVE_INFINITY : Math.max(0, first.deadlineMs - nowMs);
  }

  /** Goes on with a waiting put; null while it has to wait more. */
  #advance(waiting: Waiting, nowMs: number): PutStatus | null {
    const { put } = waiting;
    // A channel that never refuses takes a batch bit by bit: one larger than the channel would wait for ever.
    if (put.mode === 'batch' && this.#limits.keepAliveMs !== Number.POSITIVE_INFINITY) {
      const { count, slots } = put.range;
      if (this.#events + count <= this.#limits.eventsMax && this.#slots + slots <= this.#limits.slotsMax) {
        this.#push(put.range);
        waiting.accepted = count;
        return 'ok';
      }
    } else if (this.#acceptSome(waiting)) {
      waiting.deadlineMs = nowMs + this.#limits.keepAliveMs;
      if (waiting.accepted === put.range.count) return 'ok';
    }
    if (nowMs < waiting.deadlineMs) return null;
    return this.#lackOf(waiting);
  }

  /** Why a transaction is refused. Flume acquires bytes first, then places in the queue. */
  #lackOf({ put, accepted }: Waiting): PutStatus {
    const { range } = put;
    const slots =
      put.mode === 'batch'
        ? range.slots
        : new BatchView(range.segment, range.offset).slots(range.first + accepted, 1);
    return this.#slots + slots > this.#limits.slotsMax ? 'full-bytes' : 'full-slots';
  }

  /** Takes as many of the remaining events as fit; true when it took any. */
  #acceptSome(waiting: Waiting): boolean {
    const { range } = waiting.put;
    let count = Math.min(range.count - waiting.accepted, this.#limits.eventsMax - this.#events);
    if (count <= 0) return false;
    const first = range.first + waiting.accepted;
    const view = new BatchView(range.segment, range.offset);
    let slots = view.slots(first, count);
    while (count > 0 && this.#slots + slots > this.#limits.slotsMax) {
      count--;
      slots -= view.slots(first + count, 1);
    }
    if (count === 0) return false;
    if (waiting.accepted > 0) range.segment.retain(1);
    this.#push({ ...range, first, count, slots });
    waiting.accepted += count;
    return true;
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
