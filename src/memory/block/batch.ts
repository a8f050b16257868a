/** A batch as a sink is handed it: ranges of blocks, in order. */
import type { BatchView } from './view.ts';

export interface BatchRange {
  readonly view: BatchView;
  readonly first: number;
  readonly count: number;
}

export class Batch {
  readonly ranges: readonly BatchRange[];
  /** Number of events. */
  readonly count: number;

  constructor(ranges: readonly BatchRange[]) {
    this.ranges = ranges;
    let count = 0;
    for (const range of ranges) count += range.count;
    this.count = count;
  }

  /** Calls `visit` for every event, in order. */
  forEach(visit: (view: BatchView, index: number) => void): void {
    for (const { view, first, count } of this.ranges) {
      for (let i = first; i < first + count; i++) visit(view, i);
    }
  }

  /** Sum of the body lengths. */
  bodyBytes(): number {
    let sum = 0;
    this.forEach((view, i) => {
      sum += view.bodyLength(i);
    });
    return sum;
  }
}
