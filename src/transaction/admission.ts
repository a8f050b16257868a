/**
 * What channels with a capacity share: which puts are taken now, which wait for room within keep-alive, which
 * are refused. In the order of their arrival: a put behind one that waits waits, too.
 *
 * A batch is taken whole or not at all; single events (`each`) as far as there is room, the rest waits. It
 * decides; the channel stores what is admitted and answers.
 */
import type { PendingPut, PutStatus } from '../component/channel.ts';
import { BatchView } from '../memory/block/view.ts';
import type { BlockRange } from '../memory/store/range.ts';

export interface AdmissionLimits {
  readonly eventsMax: number;
  readonly slotsMax: number;
  readonly transactionEventsMax: number;
  /** Infinity: nothing is ever refused for want of room. */
  readonly keepAliveMs: number;
}

/** What is to be known of a put; the channel may keep more of it, and answers it. */
export type OfferedPut = Omit<PendingPut, 'complete'>;

export interface AdmissionHost<P extends OfferedPut = PendingPut> {
  /** Events and slots that are taken. */
  readonly eventsUsed: number;
  readonly slotsUsed: number;
  /** Stores `range`: part of `put`, or all of it. The first part has the reference that came with the put. */
  admit(range: BlockRange, put: P): void;
  /** A put is decided: its first `accepted` events were admitted. Called once a put. */
  answer(put: P, accepted: number, status: PutStatus): void;
}

interface Waiting<P> {
  readonly put: P;
  accepted: number;
  deadlineMs: number;
}

export class Admission<P extends OfferedPut = PendingPut> {
  readonly #limits: AdmissionLimits;
  readonly #host: AdmissionHost<P>;
  readonly #waiting: Waiting<P>[] = [];

  constructor(limits: AdmissionLimits, host: AdmissionHost<P>) {
    this.#limits = limits;
    this.#host = host;
  }

  /** Puts that wait for room. */
  get waiting(): number {
    return this.#waiting.length;
  }

  *waitingSegments(): Iterable<number> {
    for (const { put } of this.#waiting) yield put.range.segment.id;
  }

  put(puts: readonly P[]): void {
    for (const put of puts) {
      if (put.mode === 'batch' && put.range.count > this.#limits.transactionEventsMax) {
        this.#host.answer(put, 0, 'transaction-capacity');
      } else if (this.#waiting.length === 0 && this.#fits(put.range)) {
        this.#host.admit(put.range, put);
        this.#host.answer(put, put.range.count, 'ok');
      } else {
        this.#waiting.push({ put, accepted: 0, deadlineMs: put.sinceMs + this.#limits.keepAliveMs });
      }
    }
  }

  #fits({ count, slots }: BlockRange): boolean {
    const { eventsUsed, slotsUsed } = this.#host;
    return eventsUsed + count <= this.#limits.eventsMax && slotsUsed + slots <= this.#limits.slotsMax;
  }

  tick(nowMs: number): void {
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0]!;
      const status = this.#advance(first, nowMs);
      if (status === null) return;
      this.#waiting.shift();
      this.#host.answer(first.put, first.accepted, status);
      // The ones behind waited for their turn, not for room: their wait begins now.
      if (status !== 'ok') continue;
      const next = this.#waiting[0];
      if (next !== undefined) next.deadlineMs = Math.max(next.deadlineMs, nowMs + this.#limits.keepAliveMs);
    }
  }

  /** Ms until `tick` may refuse a put; Infinity when nothing waits. */
  nextTickMs(nowMs: number): number {
    const first = this.#waiting[0];
    return first === undefined ? Number.POSITIVE_INFINITY : Math.max(0, first.deadlineMs - nowMs);
  }

  /** Answers all that wait. */
  stop(): void {
    for (const { put, accepted } of this.#waiting) this.#host.answer(put, accepted, 'closed');
    this.#waiting.length = 0;
  }

  /** Goes on with a waiting put; null while it has to wait more. */
  #advance(waiting: Waiting<P>, nowMs: number): PutStatus | null {
    const { put } = waiting;
    // A channel that never refuses takes a batch bit by bit: one larger than the channel would wait for ever.
    if (put.mode === 'batch' && this.#limits.keepAliveMs !== Number.POSITIVE_INFINITY) {
      if (this.#fits(put.range)) {
        this.#host.admit(put.range, put);
        waiting.accepted = put.range.count;
        return 'ok';
      }
    } else if (this.#admitSome(waiting)) {
      waiting.deadlineMs = nowMs + this.#limits.keepAliveMs;
      if (waiting.accepted === put.range.count) return 'ok';
    }
    if (nowMs < waiting.deadlineMs) return null;
    return this.#lackOf(waiting);
  }

  /** Why a transaction is refused. Flume acquires bytes first, then places in the queue. */
  #lackOf({ put, accepted }: Waiting<P>): PutStatus {
    const { range } = put;
    const slots =
      put.mode === 'batch'
        ? range.slots
        : new BatchView(range.segment, range.offset).slots(range.first + accepted, 1);
    return this.#host.slotsUsed + slots > this.#limits.slotsMax ? 'full-bytes' : 'full-slots';
  }

  /** Admits as many of the remaining events as fit; true when it admitted any. */
  #admitSome(waiting: Waiting<P>): boolean {
    const { range } = waiting.put;
    let count = Math.min(range.count - waiting.accepted, this.#limits.eventsMax - this.#host.eventsUsed);
    if (count <= 0) return false;
    const first = range.first + waiting.accepted;
    const view = new BatchView(range.segment, range.offset);
    let slots = view.slots(first, count);
    while (count > 0 && this.#host.slotsUsed + slots > this.#limits.slotsMax) {
      count--;
      slots -= view.slots(first + count, 1);
    }
    if (count === 0) return false;
    // The put's reference goes with its first part; each further part holds one of its own.
    if (waiting.accepted > 0) range.segment.retain(1);
    this.#host.admit({ ...range, first, count, slots }, waiting.put);
    waiting.accepted += count;
    return true;
  }
}
