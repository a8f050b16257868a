/** The events of one take for one bucket, in their order. */
import type { HeldPart } from '../../component/sink.ts';
import type { BatchRange } from '../../memory/block/batch.ts';
import type { BatchView } from '../../memory/block/view.ts';

export class Part implements HeldPart {
  ranges: BatchRange[] = [];
  isRead = false;
  readonly delivered: Promise<void>;
  events = 0;
  state: 'waiting' | 'delivered' | 'forgotten' = 'waiting';
  readonly #resolve: () => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.delivered = promise;
    this.#resolve = resolve;
  }

  /** Neighbours become one range. */
  add(view: BatchView, first: number, count: number): void {
    this.events += count;
    const last = this.ranges.at(-1);
    if (last !== undefined && last.view === view && last.first + last.count === first) {
      this.ranges[this.ranges.length - 1] = { view, first: last.first, count: last.count + count };
    } else {
      this.ranges.push({ view, first, count });
    }
  }

  confirm(): void {
    this.state = 'delivered';
    this.#resolve();
  }

  forget(): void {
    this.state = 'forgotten';
  }
}

export function rangesOf(parts: readonly Part[]): readonly BatchRange[] {
  return parts.length === 1 ? parts[0]!.ranges : parts.flatMap(({ ranges }) => ranges);
}
