/** Sets of offsets as a low-water mark and disjoint ranges above it: what has been taken out of order. */

export type OffsetRange = readonly [from: number, to: number];

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

  #insert(from: number, to: number): void {
    const ranges = this.#ranges;
    let first = ranges.length;
    while (first > 0 && ranges[first - 1]![1] >= from) first--;
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

  /** Offsets of [from, to) that are not taken, as ranges in order. */
  untaken(from: number, to: number): OffsetRange[] {
    const result: OffsetRange[] = [];
    let at = Math.max(from, this.#low);
    for (const [start, end] of this.#ranges) {
      if (end <= at) continue;
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
