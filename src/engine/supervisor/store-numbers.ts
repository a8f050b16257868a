/**
 * Numbers of stores: a segment's id begins with its store's, so two stores that some worker may still read
 * from must not share one. Numbers come round again; those of open stores, and of segments that channels
 * keep, are passed over.
 */
import { STORE_NUMBER_MAX, storeOfSegment } from '../../memory/store/store.ts';

export class StoreNumbers {
  #last = 0;
  readonly #open = new Map<string, number>();

  /**
   * A number for the store that the unit `key` opens; its earlier one ends. `kept` are ids of segments in
   * use.
   */
  next(key: string, kept: Iterable<number>): number {
    this.#open.delete(key);
    const taken = new Set(this.#open.values());
    for (const id of kept) taken.add(storeOfSegment(id));
    do {
      this.#last = this.#last === STORE_NUMBER_MAX ? 1 : this.#last + 1;
    } while (taken.has(this.#last));
    this.#open.set(key, this.#last);
    return this.#last;
  }
}
