/** Takes batches for one sink from one channel over a lane. */
import { assert } from '../base/assert.ts';
import { Batch, type BatchRange } from '../memory/block/batch.ts';
import { BatchView } from '../memory/block/view.ts';
import { type LaneEnd, SegmentTable } from '../memory/lane.ts';
import type { Segment } from '../memory/store/segment.ts';
import { KIND, TAKE_WINDOW_MAX } from './messages.ts';
import { type HandedTake, TakeWindow } from './take-window.ts';

interface HeldRange extends BatchRange {
  readonly segment: Segment;
}

/** A batch that the sink has. */
export class TakenBatch extends Batch {
  readonly take: HandedTake<HeldRange>;

  constructor(take: HandedTake<HeldRange>) {
    super(take.ranges);
    this.take = take;
  }
}

export class TakeClient {
  #lane: LaneEnd | null = null;
  #segments = new SegmentTable();
  readonly #window = new TakeWindow<HeldRange>();
  /** Grants to keep open; 1 when takes are asked for one by one. */
  readonly #depth: number;
  readonly #eventsMax: number;
  #woken = true;

  constructor(eventsMax: number, depth: number) {
    assert(depth >= 1 && depth <= TAKE_WINDOW_MAX, 'more takes than their ring has room for');
    this.#eventsMax = eventsMax;
    this.#depth = depth;
  }

  get connected(): boolean {
    return this.#lane !== null;
  }

  connect(lane: LaneEnd): void {
    this.disconnect();
    this.#lane = lane;
    this.#woken = true;
  }

  disconnect(): void {
    this.#lane?.end();
    this.#lane = null;
    this.#window.clear();
    this.#segments = new SegmentTable();
    this.#woken = true;
  }

  /** Set by an EMPTY answer, cleared when the channel says that there is something again. */
  get knownEmpty(): boolean {
    return !this.#woken;
  }

  /** Keeps the window of waiting grants full. */
  prefetch(): void {
    while (!this.#window.resetting && this.#lane !== null && this.#window.outstanding < this.#depth) {
      if (!this.#grant(true)) return;
    }
  }

  /** Asks for one batch, to be answered at once. */
  ask(): void {
    if (this.#window.outstanding === 0 && !this.#window.resetting) this.#grant(false);
  }

  /** Whether an asked-for batch has not been answered yet. */
  get asking(): boolean {
    return this.#window.granted > 0 || this.#window.resetting;
  }

  #grant(wait: boolean): boolean {
    const lane = this.#lane;
    if (lane === null || lane.closed || lane.out.room() === 0) return false;
    const at = lane.out.claim();
    lane.out.words[at] = KIND.grant;
    lane.out.words[at + 1] = this.#window.grant();
    lane.out.words[at + 2] = this.#eventsMax;
    lane.out.words[at + 3] = wait ? 1 : 0;
    lane.publish();
    return true;
  }

  /** The next batch to deliver, or null. Others may be under way. */
  begin(): TakenBatch | null {
    if (this.#lane === null || this.#lane.closed) return null;
    const take = this.#window.begin();
    return take === null ? null : new TakenBatch(take);
  }

  /**
   * The batch is delivered. False when its lane ended meanwhile: it will be handed out
   * again, here or elsewhere.
   */
  commit({ take }: TakenBatch): boolean {
    const lane = this.#lane;
    if (lane === null || lane.closed || !this.#window.isDelivering(take)) return false;
    const at = lane.out.claim();
    lane.out.words[at] = KIND.commit;
    lane.out.words[at + 1] = this.#window.commit(take);
    lane.publish();
    return true;
  }

  /**
   * Hands back every batch that is not committed and all behind them. Nothing is left to hand
   * back when its lane has ended.
   */
  rollback(): void {
    const lane = this.#lane;
    if (lane === null || lane.closed || !this.#window.delivering) return;
    const at = lane.out.claim();
    lane.out.words[at] = KIND.reset;
    lane.out.words[at + 1] = this.#window.reset();
    lane.publish();
  }

  /**
   * Keeps the bytes of a batch from being filled anew until the returned call. A delivery that waits
   * needs it: when its channel dies, a new one may hand the same events to another sink, which commits them.
   */
  hold({ take }: TakenBatch): () => void {
    const held = take.ranges.map(({ segment }) => segment);
    for (const segment of held) segment.retain(1);
    return () => {
      for (const segment of held) segment.release(1);
    };
  }

  flush(): void {
    this.#lane?.flush();
  }

  /** Reads what the channel sent; true when there was anything. */
  pump(): boolean {
    const lane = this.#lane;
    if (lane === null) return false;
    if (lane.closed) {
      this.disconnect();
      return true;
    }
    const count = lane.in.available();
    for (let n = 0; n < count; n++) {
      this.#record(lane, lane.in.peek(n));
    }
    if (count > 0) lane.in.advance(count);
    return count > 0;
  }

  /** Forgets segments that the channel gave up; called now and then. */
  tidy(): void {
    this.#lane?.receive(this.#segments);
  }

  #record(lane: LaneEnd, at: number): void {
    const { words } = lane.in;
    switch (words[at]) {
      case KIND.range: {
        if (this.#window.resetting) return;
        const segment = this.#segments.get(words[at + 2]!, lane);
        const view = new BatchView(segment, words[at + 3]!);
        const range = { view, segment, first: words[at + 4]!, count: words[at + 5]! };
        this.#window.range(words[at + 1]!, range, words[at + 7] === 1);
        return;
      }
      case KIND.empty:
        this.#woken = false;
        this.#window.empty(words[at + 1]!);
        return;
      case KIND.wake:
        this.#woken = true;
        return;
      case KIND.reset:
        this.#window.resetDone(words[at + 1]!);
        this.#woken = true;
    }
  }
}
