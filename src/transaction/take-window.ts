/**
 * The sink's end of takes, as a pure state machine:
 *
 *     grant → granted → handed (all its ranges arrived) → taken by the sink → committed
 *                    ↘ empty                             ↘ reset (everything not committed goes back)
 *                                                          ↘ committed but for parts, which are held
 *
 * Takes are handed in the order of their grants. Several may be with the sink at once, and may be committed
 * in any order. After `reset` nothing counts until its echo arrives. What is held stays with the sink over a
 * reset: only another lane ends it.
 */
import { assert } from '../base/assert.ts';

export interface HandedTake<R> {
  readonly id: number;
  readonly ranges: R[];
  complete: boolean;
}

export class TakeWindow<R> {
  #granted: number[] = [];
  readonly #handed: HandedTake<R>[] = [];
  /** With the sink, oldest first. */
  readonly #delivering: HandedTake<R>[] = [];
  readonly #held = new Set<number>();
  #next = 1;
  #resets = 0;
  #resetPending = false;

  /** Grants that are open, handed or being delivered. */
  get outstanding(): number {
    const handed = this.#handed.filter((take) => take.complete).length;
    return this.#granted.length + handed + this.#delivering.length;
  }

  get delivering(): boolean {
    return this.#delivering.length > 0;
  }

  get resetting(): boolean {
    return this.#resetPending;
  }

  get granted(): number {
    return this.#granted.length;
  }

  grant(): number {
    const id = this.#number();
    this.#granted.push(id);
    return id;
  }

  #number(): number {
    const id = this.#next;
    this.#next = this.#next === 0xffffffff ? 1 : this.#next + 1;
    return id;
  }

  range(id: number, range: R, last: boolean): void {
    if (this.#resetPending) return;
    let take = this.#handed.at(-1);
    if (take === undefined || take.complete) {
      take = { id, ranges: [], complete: false };
      this.#handed.push(take);
    }
    assert(take.id === id && this.#granted[0] === id, `range of take ${id} out of turn`);
    take.ranges.push(range);
    if (last) {
      take.complete = true;
      this.#granted.shift();
    }
  }

  empty(id: number): void {
    if (this.#resetPending) return;
    assert(this.#granted[0] === id, `take ${id} is empty out of turn`);
    this.#granted.shift();
  }

  /** Gives the sink the oldest handed take; null when none is complete. */
  begin(): HandedTake<R> | null {
    const first = this.#handed[0];
    if (first === undefined || !first.complete) return null;
    this.#handed.shift();
    this.#delivering.push(first);
    return first;
  }

  /** Whether the sink has it still: not after a reset, or on another lane. */
  isDelivering(take: HandedTake<R>): boolean {
    return this.#delivering.includes(take);
  }

  commit(take: HandedTake<R>): number {
    const at = this.#delivering.indexOf(take);
    assert(at >= 0, 'no take to commit');
    this.#delivering.splice(at, 1);
    return take.id;
  }

  /** Numbers a part of a take that is being delivered: it stays when the rest of the take is committed. */
  hold(take: HandedTake<R>): number {
    assert(this.#delivering.includes(take), 'no take to hold a part of');
    const id = this.#number();
    this.#held.add(id);
    return id;
  }

  /** Whether the sink has that part still: not on another lane. */
  isHeld(id: number): boolean {
    return this.#held.has(id);
  }

  /** A held part is delivered. */
  commitHeld(id: number): void {
    assert(this.#held.delete(id), 'no part to commit');
  }

  /** Gives everything back but what is held; returns the number to send. */
  reset(): number {
    this.#delivering.length = 0;
    this.#handed.length = 0;
    this.#granted = [];
    this.#resetPending = true;
    this.#resets = (this.#resets + 1) >>> 0;
    return this.#resets;
  }

  resetDone(number: number): void {
    if (number === this.#resets) this.#resetPending = false;
  }

  /** Starts anew on another lane. */
  clear(): void {
    this.#delivering.length = 0;
    this.#handed.length = 0;
    this.#granted = [];
    this.#held.clear();
    this.#resetPending = false;
  }
}
