/**
 * Takes batches for one sink from one channel over a lane. A batch may be settled in part: what the sink is
 * not done with is held outside the window of takes, until it is delivered or the lane ends.
 */
import { assert } from '../base/assert.ts';
import type { HeldPart } from '../component/sink.ts';
import { Batch, type BatchRange } from '../memory/block/batch.ts';
import { BatchBuilder } from '../memory/block/builder.ts';
import { copyRanges, isSparse } from '../memory/block/copy-ranges.ts';
import type { Place } from '../memory/block/numbering.ts';
import { BatchView } from '../memory/block/view.ts';
import { type LaneEnd, SegmentTable } from '../memory/lane.ts';
import type { Segment } from '../memory/store/segment.ts';
import { BlockStore } from '../memory/store/store.ts';
import { HOLD_RUNS, isLastRange, KIND, numberOf, TAKE_RING_RESERVE, TAKE_WINDOW_MAX } from './messages.ts';
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

/** Parts of a batch that are committed together. */
export interface HeldTake {
  readonly id: number;
  readonly parts: readonly HeldPart[];
  readonly events: number;
  /**
   * Of its ranges, each once: kept from being filled anew, for the reason that `keep` gives. A worker that
   * dies does not give them back: that memory is idle until the agent ends.
   */
  readonly segments: ReadonlySet<Segment>;
}

export class TakeClient {
  #lane: LaneEnd | null = null;
  #segments = new SegmentTable();
  readonly #window = new TakeWindow<HeldRange>();
  readonly #held = new Set<HeldTake>();
  #heldEvents = 0;
  /** Held takes that need each segment. */
  readonly #heldSegments = new Map<Segment, number>();
  #heldBytes = 0;
  /** Of this client alone: no other thread reads what is copied there. */
  readonly #copyStore = new BlockStore(1);
  #copies: BatchBuilder | null = null;
  /** Delivered parts whose COMMIT found no room in the ring. */
  readonly #commitsDue: number[] = [];
  /** Grants to keep open; 1 when takes are asked for one by one. */
  readonly #depth: number;
  readonly #eventsMax: number;
  #woken = true;
  #wakes = 0;

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
    this.#wake();
  }

  disconnect(): void {
    this.#lane?.end();
    this.#lane = null;
    for (const held of [...this.#held]) {
      this.#letGo(held);
      for (const part of held.parts) part.forget();
    }
    this.#commitsDue.length = 0;
    this.#window.clear();
    this.#segments = new SegmentTable();
    this.#wake();
  }

  #wake(): void {
    this.#woken = true;
    this.#wakes++;
  }

  /** Set by an EMPTY answer, cleared when the channel says that there is something again. */
  get knownEmpty(): boolean {
    return !this.#woken;
  }

  /** Grows whenever there may be something again. */
  get wakes(): number {
    return this.#wakes;
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

  /** Events that are held. */
  get heldEvents(): number {
    return this.#heldEvents;
  }

  /** Bytes of the segments that held events stand in. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Commits the batch but for `parts` of it. What is returned is committed each by `commitHeld`; nothing is
   * when the lane ended meanwhile, and the parts are forgotten. A batch that is torn to more pieces than the
   * ring has room for is held whole: none of it is committed before all parts are delivered.
   */
  settle(batch: TakenBatch, parts: readonly HeldPart[]): readonly HeldTake[] {
    const { take } = batch;
    const lane = this.#lane;
    if (lane === null || lane.closed || !this.#window.isDelivering(take)) {
      for (const part of parts) part.forget();
      return [];
    }
    const runs = parts.map(({ ranges }) => runsOf(take.ranges, ranges));
    const records = runs.reduce((sum, { length }) => sum + Math.ceil(length / 2 / HOLD_RUNS), 0);
    const isTorn = records > lane.out.room() - TAKE_RING_RESERVE;
    const held = isTorn
      ? [this.#hold(lane, take, parts, [0, batch.count])]
      : parts.map((part, n) => this.#hold(lane, take, [part], runs[n]!));
    this.commit(batch);
    return held;
  }

  #hold(lane: LaneEnd, take: HandedTake<HeldRange>, parts: readonly HeldPart[], runs: number[]): HeldTake {
    const id = this.#window.hold(take);
    for (let run = 0; run < runs.length; run += 2 * HOLD_RUNS) {
      const at = lane.out.claim();
      lane.out.words[at] = KIND.hold;
      lane.out.words[at + 1] = id;
      for (let word = 0; word < 2 * HOLD_RUNS; word++) lane.out.words[at + 2 + word] = runs[run + word] ?? 0;
      lane.publish();
    }
    const copies = parts.length === 1 ? this.#copy(parts[0]!) : null;
    const segments = copies ?? new Set(segmentsOf(take.ranges, runs));
    let events = 0;
    for (let run = 1; run < runs.length; run += 2) events += runs[run]!;
    const held = { id, parts, events, segments };
    this.#held.add(held);
    this.#heldEvents += events;
    for (const segment of segments) {
      segment.retain(1);
      const users = this.#heldSegments.get(segment) ?? 0;
      if (users === 0) this.#heldBytes += segment.sizeBytes;
      this.#heldSegments.set(segment, users + 1);
    }
    return held;
  }

  /** Copies what is a small part of its blocks; null when it stays where it is. */
  #copy(part: HeldPart): ReadonlySet<Segment> | null {
    if (part.isRead || !isSparse(part.ranges)) return null;
    this.#copies ??= new BatchBuilder(this.#copyStore);
    const ranges: BatchRange[] = [];
    const segments = new Set<Segment>();
    for (const { block, from } of copyRanges(part.ranges, this.#copies)) {
      const { segment, offset } = block;
      // What is copied next must not be written over it.
      if (!segments.has(segment)) segment.retain(1);
      segments.add(segment);
      let at = 0;
      for (const { view, first, count } of from) {
        const { place } = view;
        const moved = place === null ? null : { ...place, first: place.first + first - at };
        ranges.push({ view: new BatchView(segment, offset, moved), first: at, count });
        at += count;
      }
    }
    for (const segment of segments) segment.release(1);
    part.ranges = ranges;
    return segments;
  }

  #letGo(held: HeldTake): void {
    this.#held.delete(held);
    this.#heldEvents -= held.events;
    for (const segment of held.segments) {
      const users = this.#heldSegments.get(segment)! - 1;
      if (users > 0) {
        this.#heldSegments.set(segment, users);
      } else {
        this.#heldSegments.delete(segment);
        this.#heldBytes -= segment.sizeBytes;
      }
      segment.release(1);
    }
  }

  /** All parts of it are delivered. False when its lane ended meanwhile. */
  commitHeld(held: HeldTake): boolean {
    if (!this.#held.has(held)) return false;
    this.#letGo(held);
    this.#window.commitHeld(held.id);
    this.#commitsDue.push(held.id);
    this.#sendDue();
    return true;
  }

  #sendDue(): void {
    const lane = this.#lane;
    while (lane !== null && this.#commitsDue.length > 0 && lane.out.room() > TAKE_RING_RESERVE) {
      const at = lane.out.claim();
      lane.out.words[at] = KIND.commit;
      lane.out.words[at + 1] = this.#commitsDue.shift()!;
      lane.publish();
    }
  }

  /**
   * Hands back every batch that is not committed and all behind them, but not what is held. Nothing is left
   * to hand back when its lane has ended.
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
  keep({ take }: TakenBatch): () => void {
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
    this.#sendDue();
    const count = lane.in.available();
    for (let n = 0; n < count; n++) {
      this.#record(lane, lane.in.peek(n));
    }
    if (count > 0) lane.in.advance(count);
    return count > 0;
  }

  /** Forgets segments that the channel gave up; called now and then. */
  tidy(): void {
    this.#copyStore.trim();
    this.#lane?.receive(this.#segments);
  }

  #record(lane: LaneEnd, at: number): void {
    const { words } = lane.in;
    switch (words[at]) {
      case KIND.range: {
        if (this.#window.resetting) return;
        const segment = this.#segments.get(words[at + 2]!, lane);
        const first = words[at + 4]!;
        const number = numberOf(words[at + 6]!, words[at + 7]!);
        const view = new BatchView(segment, words[at + 3]!, placeOf(lane, number, first));
        const range = { view, segment, first, count: words[at + 5]! };
        this.#window.range(words[at + 1]!, range, isLastRange(words[at + 7]!));
        return;
      }
      case KIND.empty:
        this.#woken = false;
        this.#window.empty(words[at + 1]!);
        return;
      case KIND.wake:
        this.#wake();
        return;
      case KIND.reset:
        this.#window.resetDone(words[at + 1]!);
        this.#wake();
    }
  }
}

/** Where events of a take stand in it: first, count, first, count … Both lists are in its order. */
function runsOf(take: readonly BatchRange[], ranges: readonly BatchRange[]): number[] {
  const runs: number[] = [];
  let at = 0;
  /** Places before that range of the take. */
  let before = 0;
  for (const { view, first, count } of ranges) {
    let own = take[at];
    while (own !== undefined && (own.view !== view || first >= own.first + own.count)) {
      before += own.count;
      own = take[++at];
    }
    assert(
      own !== undefined && first >= own.first && first + count <= own.first + own.count,
      'no part of it',
    );
    const place = before + first - own.first;
    const last = runs.length - 2;
    if (last >= 0 && runs[last]! + runs[last + 1]! === place) runs[last + 1]! += count;
    else runs.push(place, count);
  }
  return runs;
}

function* segmentsOf(take: readonly HeldRange[], runs: readonly number[]): Iterable<Segment> {
  let at = 0;
  let end = 0;
  for (let run = 0; run < runs.length; run += 2) {
    const [first, last] = [runs[run]!, runs[run]! + runs[run + 1]!];
    for (; at < take.length && end < last; at++) {
      end += take[at]!.count;
      if (end > first) yield take[at]!.segment;
    }
    // The next run may begin in the same range, whose segment is known then.
  }
}

/** `number`: of the event at `first` in its block. */
function placeOf({ numbering }: LaneEnd, number: number | null, first: number): Place | null {
  if (number === null) return null;
  assert(numbering !== null, 'a number came before the numbering');
  return { numbering, first: number - first };
}
