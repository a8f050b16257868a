/** Sets of offsets as a low-water mark and disjoint ranges above it: what has been taken out of order. */

export type OffsetRange = readonly [from: number, to: number];

/** More than these are merged in one pass. */
const ONE_BY_ONE_MAX = 8;

export class TakenOffsets {
  #low: number;
  /** Sorted, disjoint, not touching each other or `low`. */
  #ranges: OffsetRange[];

  constructor(low = 0, ranges: readonly OffsetRange[] = []) {
    this.#low = low;
    this.#ranges = [];
    for (const [from, to] of ranges) this.add(from, to);
  }

  /** Everything below is taken. */
  get low(): number {
    return this.#low;
  }

  get ranges(): readonly OffsetRange[] {
    return this.#ranges;
  }

  /** Takes [from, to). Offsets that are taken already stay so. */
  add(from: number, to: number): void {
    if (to <= this.#low || from >= to) return;
    if (from <= this.#low) this.#low = to;
    else this.#insert(from, to);
    while (this.#ranges.length > 0 && this.#ranges[0]![0] <= this.#low) {
      this.#low = Math.max(this.#low, this.#ranges.shift()![1]);
    }
  }

  /** Takes many ranges, sorted and disjoint. */
  addAll(taken: readonly OffsetRange[]): void {
    if (taken.length <= ONE_BY_ONE_MAX) {
      for (const [from, to] of taken) this.add(from, to);
      return;
    }
    const before = this.#ranges;
    const merged: [number, number][] = [];
    for (let a = 0, b = 0; a < before.length || b < taken.length; ) {
      const isNew = a === before.length || (b < taken.length && taken[b]![0] < before[a]![0]);
      const [from, to] = isNew ? taken[b++]! : before[a++]!;
      const last = merged.at(-1);
      if (from <= this.#low) this.#low = Math.max(this.#low, to);
      else if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
      else merged.push([from, to]);
    }
    this.#ranges = merged;
  }

  #insert(from: number, to: number): void {
    const ranges = this.#ranges;
    const first = this.#firstTo(from);
    let end = first;
    let low = from;
    let high = to;
    while (end < ranges.length && ranges[end]![0] <= to) {
      low = Math.min(low, ranges[end]![0]);
      high = Math.max(high, ranges[end]![1]);
      end++;
    }
    ranges.splice(first, end - first, [low, high]);
  }

  /** Index of the first range that ends at `offset` or behind it. */
  #firstTo(offset: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]![1] < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Offsets of [from, to) that are not taken, as ranges in order. */
  untaken(from: number, to: number): OffsetRange[] {
    const result: OffsetRange[] = [];
    let at = Math.max(from, this.#low);
    for (let n = this.#firstTo(at + 1); n < this.#ranges.length; n++) {
      const [start, end] = this.#ranges[n]!;
      if (start >= to) break;
      if (start > at) result.push([at, start]);
      at = end;
    }
    if (at < to) result.push([at, to]);
    return result;
  }

  /** How many offsets of [low, end) are not taken. */
  untakenCount(end: number): number {
    let count = end - this.#low;
    for (const [from, to] of this.#ranges) count -= to - from;
    return count;
  }
}
