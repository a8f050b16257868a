/**
 * What waits for one bucket: parts of takes, in order. All that waits is delivered together; what comes
 * meanwhile is next. A delivery that fails is repeated, with all that came since behind it:
 *
 *     resting ─▶ delivering ─┬─ safe ───▶ delivering what came meanwhile … ─▶ resting
 *                    ▲       └─ failed ─▶ pausing, twice as long each time ─┐
 *                    └──────────────────────────────────────────────────────┘
 *
 * With a commit log, `safe` is when the commit record is made that has the delivery. The parts of one take
 * share a record: it waits for all of them but those that fail or are late, which have records of their own.
 *
 * Whoever calls `deliver` waits until what is there is safe, has failed or has taken LATE_MS; the queue goes
 * on in any case, beside the deliveries of other buckets. One that is behind like that is waited for again
 * only once it has caught up, and its last delivery took less.
 */
import { messageOf } from '../../base/errors.ts';
import type { SinkCounters } from '../../component/counters.ts';
import type { ProgressRow } from '../../component/progress.ts';
import type { BatchView } from '../../memory/block/view.ts';
import type { Bucket } from './bucket.ts';
import type { Gate } from './calls.ts';
import type { CommitLog } from './exactly-once/commit-log.ts';
import { Part, rangesOf } from './part.ts';

/** A delivery that takes longer holds up nobody. */
export const LATE_MS = 1000;
/** Pause after a first failure. */
const PAUSE_MIN_MS = 500;

export interface QueueSetup {
  /** Of deliveries that are waited for, and of those behind: a bucket that is stuck leaves its gate. */
  readonly gate: Gate;
  readonly gateBehind: Gate;
  readonly counters: SinkCounters;
  /** Null: what is safe in its file is committed. */
  readonly commitLog: CommitLog | null;
  /** The longest pause. */
  readonly pauseMaxMs: number;
  /** Before a bucket may open a file. */
  makeRoom(bucket: Bucket): Promise<void>;
  /** A delivery failed, or one that nobody waited for has ended: before its parts are told so. */
  changed(queue: BucketQueue): void;
}

const DONE = Promise.resolve();
const NOTHING = () => {};

export class BucketQueue {
  readonly bucket: Bucket;
  readonly #setup: QueueSetup;
  /** Of the take that is being routed. */
  #part: Part | null = null;
  #waiting: Part[] = [];
  #delivering: readonly Part[] = [];
  #isRunning = false;
  #running: Promise<void> = DONE;
  /** Ends the wait of `deliver`. */
  #prompt: (() => void) | null = null;
  #endPause: (() => void) | null = null;
  #isSlow = false;
  #isStopping = false;
  #failures = 0;
  /** Of the last delivery, if it failed. */
  failure: Error | null = null;

  constructor(bucket: Bucket, setup: QueueSetup) {
    this.bucket = bucket;
    this.#setup = setup;
  }

  /** One that is not needed may be forgotten. */
  get isNeeded(): boolean {
    return this.bucket.isNeeded || this.#part !== null || this.#waiting.length > 0 || this.#isRunning;
  }

  /** Whether takes go on without it. */
  get isBehind(): boolean {
    return this.#isRunning && this.#prompt === null;
  }

  /** Events that wait or are being delivered. */
  get events(): number {
    const parts = [...this.#delivering, ...this.#waiting].filter(({ state }) => state === 'waiting');
    return parts.reduce((sum, { events }) => sum + events, 0);
  }

  /** Events of the take that is being routed. */
  add(view: BatchView, first: number, count: number): void {
    this.#part ??= new Part();
    this.#part.add(view, first, count);
  }

  /** The take is routed: its part is next. Nothing of it is delivered before `deliver`. */
  endPart(): Part {
    const part = this.#part!;
    this.#part = null;
    this.#waiting.push(part);
    return part;
  }

  /** The take could not be routed, or another one of its commit. */
  drop(parts: ReadonlySet<Part>): void {
    this.#part = null;
    this.#waiting = this.#waiting.filter((part) => !parts.has(part));
  }

  /** What waits, for who delivers it himself. */
  takeAll(): readonly Part[] {
    const parts = this.#waiting;
    this.#waiting = [];
    return parts;
  }

  /** See above; never rejects. */
  deliver(): Promise<void> {
    // It goes on by itself.
    if (this.#isRunning) return DONE;
    const { promise, resolve } = Promise.withResolvers<void>();
    const isPrompt = !this.#isSlow;
    this.#prompt = isPrompt ? resolve : null;
    this.#running = this.#run();
    return isPrompt ? promise : DONE;
  }

  /** Ends after the delivery that is under way; what waits stays undelivered. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#endPause?.();
    await this.#running;
  }

  /** What waits is handed out again. Resolves when the delivery that is under way has ended. */
  async abandon(): Promise<void> {
    for (const part of [...this.#delivering, ...this.#waiting]) part.forget();
    this.#endPause?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0 && !this.#isStopping) {
      const parts = this.takeAll().filter(({ state }) => state === 'waiting');
      this.#delivering = parts;
      for (const part of parts) part.isRead = true;
      const isDelivered = parts.length === 0 || (await this.#attempt(parts));
      this.#delivering = [];
      for (const part of parts) part.isRead = false;
      if (isDelivered) continue;
      this.#waiting.unshift(...parts.filter(({ state }) => state === 'waiting'));
      this.#waited();
      if (this.#waiting.length > 0) await this.#pause();
    }
    // Before the wait ends: who waited may deliver again at once.
    this.#isRunning = false;
    if (this.#waiting.length === 0 && this.failure !== null) {
      this.#recovered();
      this.#setup.changed(this);
    }
    this.#waited();
  }

  #waited(): void {
    this.#prompt?.();
    this.#prompt = null;
  }

  async #attempt(parts: readonly Part[]): Promise<boolean> {
    const { gate, gateBehind, commitLog, makeRoom, counters, changed } = this.#setup;
    const arrive = (this.#prompt === null ? null : commitLog?.expect()) ?? NOTHING;
    const leave = await (this.#prompt === null ? gateBehind : gate).enter();
    const beganMs = performance.now();
    const late = setTimeout(() => {
      this.#isSlow = true;
      leave();
      arrive();
      this.#waited();
    }, LATE_MS);
    const ranges = rangesOf(parts);
    const written = () => {
      clearTimeout(late);
      this.#isSlow = performance.now() - beganMs > LATE_MS;
      // Others may be waiting for room that this record waits for.
      leave();
      const recorded = commitLog?.record({ ranges, files: this.bucket.unconfirmed() });
      arrive();
      return recorded;
    };
    try {
      await makeRoom(this.bucket);
      await this.bucket.deliver(ranges, written);
      this.bucket.confirm();
    } catch (error) {
      this.bucket.rollBack(error);
      this.failure = error as Error;
      this.#failures++;
      counters.add('EventWriteFail', 1);
      changed(this);
      return false;
    } finally {
      clearTimeout(late);
      leave();
      arrive();
    }
    counters.add(
      'EventDrainSuccessCount',
      parts.reduce((sum, { events }) => sum + events, 0),
    );
    const isBehind = this.failure !== null || this.#prompt === null;
    this.#recovered();
    if (isBehind) changed(this);
    for (const part of parts) part.confirm();
    return true;
  }

  get pauseMs(): number {
    return Math.min(PAUSE_MIN_MS * 2 ** Math.min(this.#failures - 1, 30), this.#setup.pauseMaxMs);
  }

  async #pause(): Promise<void> {
    if (this.#isStopping) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.pauseMs);
    this.#endPause = resolve;
    await promise;
    this.#endPause = null;
    clearTimeout(timer);
  }

  #recovered(): void {
    this.failure = null;
    this.#failures = 0;
  }

  progress(): ProgressRow {
    return {
      bucket: this.bucket.key,
      events: this.events,
      tries: this.#failures,
      failure: this.failure === null ? null : messageOf(this.failure),
    };
  }
}
