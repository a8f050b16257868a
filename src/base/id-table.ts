/**
 * Values by numbers that grow: puts in flight, calls without an answer. Few at a time, and ever new ones.
 *
 * Why not a Map: one that is filled and emptied all the time moves to a new table again and again, and each
 * table that it left names the next one. Once one of them is in the old generation, all that follow stay
 * alive until a major collection, with what was in them when they were left: nearly everything that passes
 * through is copied twice by the collector and grows old.
 *
 * Layout: open addressing with linear probing over two arrays of a power of two of places, at most half of
 * them used; a number's own place is its low bits. What is deleted leaves no mark: values behind it move up.
 * Numbers are integers of 1 to 2^32 − 1, and may go on with 1.
 */
import { assert } from './assert.ts';

const PLACES_FIRST = 16;

export class IdTable<T extends object> {
  /** 0: free. */
  #ids = new Uint32Array(PLACES_FIRST);
  #values: (T | null)[] = new Array(PLACES_FIRST).fill(null);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Where `id` is, or the free place where it would be. */
  #placeOf(id: number): number {
    const ids = this.#ids;
    const mask = ids.length - 1;
    let at = id & mask;
    while (ids[at] !== 0 && ids[at] !== id) at = (at + 1) & mask;
    return at;
  }

  get(id: number): T | undefined {
    return this.#values[this.#placeOf(id)] ?? undefined;
  }

  /** @throws AssertionFailed when there is a value of that number. */
  add(id: number, value: T): void {
    if (2 * this.#size >= this.#ids.length) this.#grow();
    const at = this.#placeOf(id);
    assert(this.#ids[at] === 0, `${id} is there already`);
    this.#ids[at] = id;
    this.#values[at] = value;
    this.#size++;
  }

  /** The value, which is there no more. */
  take(id: number): T | undefined {
    const ids = this.#ids;
    const values = this.#values;
    const mask = ids.length - 1;
    let free = this.#placeOf(id);
    const value = values[free];
    if (value == null) return undefined;
    this.#size--;
    // Whoever stands behind, at a place that is not before its own, moves up.
    for (let at = (free + 1) & mask; ids[at] !== 0; at = (at + 1) & mask) {
      const fromOwn = (at - (ids[at]! & mask)) & mask;
      if (fromOwn < ((at - free) & mask)) continue;
      ids[free] = ids[at]!;
      values[free] = values[at]!;
      free = at;
    }
    ids[free] = 0;
    values[free] = null;
    return value;
  }

  /** In the order of their numbers: the one that was added first comes first. */
  values(): T[] {
    const places = [...this.#ids.keys()].filter((at) => this.#ids[at] !== 0);
    places.sort((a, b) => (this.#ids[a]! - this.#ids[b]!) | 0);
    return places.map((at) => this.#values[at]!);
  }

  clear(): void {
    this.#ids.fill(0);
    this.#values.fill(null);
    this.#size = 0;
  }

  #grow(): void {
    const ids = this.#ids;
    const values = this.#values;
    this.#ids = new Uint32Array(2 * ids.length);
    this.#values = new Array(2 * ids.length).fill(null);
    for (let n = 0; n < ids.length; n++) {
      if (ids[n] === 0) continue;
      const at = this.#placeOf(ids[n]!);
      this.#ids[at] = ids[n]!;
      this.#values[at] = values[n]!;
    }
  }
}
