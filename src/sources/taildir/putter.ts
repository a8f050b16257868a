/**
 * Puts runs of lines and moves places with what the channel accepts. A run whose lines were refused is read
 * and put again from the first refused one on: the place of its file did not move.
 */
import type { PutOutcome, PutUrgency, SourceContext } from '../../component/source.ts';
import type { BatchBuilder } from '../../memory/block/builder.ts';
import type { Copies } from './copies.ts';
import type { FileTable } from './file-table.ts';
import { appendAlone, appendShared, endAfter, type HeaderRule, type Run } from './lines.ts';
import { PRINT_BYTES, printOf } from './print.ts';
import type { Reader } from './reader.ts';

/** Flume's pauses after a refusal. */
const RETRY_MS_FIRST = 1000;
const RETRY_MS_MAX = 5000;
/** How long the answer to a put is waited for when the source stops. */
const LAST_ANSWER_MS = 3500;
/** Bytes of an event in the block's table. */
const TABLE_BYTES = 12;
const ROOM_BYTES = 1024;

/** Runs whose lines are in a batch, and the number of events of each. */
export interface Filled {
  readonly runs: readonly Run[];
  readonly counts: readonly number[];
  readonly batch: BatchBuilder;
}

/** A put under way. */
export interface Put extends Omit<Filled, 'batch'> {
  readonly outcome: Promise<PutOutcome>;
}

export class Putter {
  readonly #context: SourceContext;
  readonly #reader: Reader;
  readonly #table: FileTable;
  readonly #copies: Copies;
  readonly #rule: HeaderRule;
  readonly #batchSize: number;
  #retryMs = RETRY_MS_FIRST;
  /** Bytes a line had on average: for the room of the next table. */
  #lineBytes = 100;
  #isStopped = false;
  #wake: () => void = () => {};
  /** Resolves when answers are waited for no more. */
  readonly #gaveUp: Promise<null>;
  #giveUp!: () => void;

  constructor(
    context: SourceContext,
    parts: { readonly reader: Reader; readonly table: FileTable; readonly copies: Copies },
    rule: HeaderRule,
    batchSize: number,
  ) {
    this.#context = context;
    this.#reader = parts.reader;
    this.#table = parts.table;
    this.#copies = parts.copies;
    this.#rule = rule;
    this.#batchSize = batchSize;
    this.#gaveUp = new Promise((resolve) => {
      this.#giveUp = () => resolve(null);
    });
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /**
   * Appends the runs to a batch, which must be put or discarded before the next one is filled; null when the
   * source stops before there is room.
   */
  async fill(runs: readonly Run[]): Promise<Filled | null> {
    let bytes = ROOM_BYTES;
    for (const run of runs) bytes += run.end - run.from;
    const room = bytes + Math.ceil(bytes / this.#lineBytes) * TABLE_BYTES;
    let batch = this.#context.openBatch(room);
    while (batch === null) {
      await Promise.race([this.#context.room(), this.#gaveUp]);
      if (this.#isStopped) return null;
      batch = this.#context.openBatch(room);
    }
    const append = runs.length === 1 ? appendAlone : appendShared;
    const counts: number[] = [];
    for (const run of runs) counts.push(append(batch, run, this.#rule));
    this.#lineBytes = Math.max(1, bytes / batch.count);
    return { runs, counts, batch };
  }

  put({ runs, counts, batch }: Filled, urgency: PutUrgency = 'prompt'): Put {
    const { counters } = this.#context;
    for (const count of counts) counters.add('AppendBatchReceivedCount', Math.ceil(count / this.#batchSize));
    counters.add('EventReceivedCount', batch.count);
    return { runs, counts, outcome: this.#context.put(batch, 'each', urgency) };
  }

  discard({ batch }: Filled): void {
    this.#context.discard(batch);
  }

  /**
   * Waits for the answer, also to a lazy put, and moves the places. False when something was refused, after
   * the pause that follows; or when the source stops.
   */
  async settle(put: Put): Promise<boolean> {
    const outcome = await Promise.race([put.outcome, this.#gaveUp]);
    if (outcome === null) return false;
    const { counters } = this.#context;
    counters.add('EventAcceptedCount', outcome.accepted);
    let left = outcome.accepted;
    for (const [n, run] of put.runs.entries()) {
      const count = Math.min(left, put.counts[n]!);
      left -= count;
      const isWhole = count === put.counts[n]!;
      const batches = isWhole ? Math.ceil(count / this.#batchSize) : Math.floor(count / this.#batchSize);
      counters.add('AppendBatchAcceptedCount', batches);
      if (count > 0) await this.#advance(run, count, isWhole);
    }
    if (outcome.refusal === null) {
      this.#retryMs = RETRY_MS_FIRST;
      return true;
    }
    counters.add('ChannelWriteFail', 1);
    if (outcome.accepted > 0) this.#retryMs = RETRY_MS_FIRST;
    this.#context.log.warn(
      `The channel is full or unexpected failure. The source will try again after ${this.#retryMs} ms`,
    );
    await this.pause(this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
    return false;
  }

  /** The first `count` events of the run are safe. */
  async #advance(run: Run, count: number, isWhole: boolean): Promise<void> {
    const { file, buffer, from, place, ends } = run;
    if (file.isGone || file.epoch !== run.epoch) return;
    const end = isWhole ? run.end : ends === null ? endAfter(buffer, from, count) : ends[count - 1]!;
    file.advance(this.#reader.placeAfter(place, buffer, from, end));
    if (isWhole) file.partial = run.partial;
    file.changedMs = this.#context.clock.now();
    this.#table.isChanged = true;
    if (place.pos === 0) this.#table.hasUnknown = true;
    if (file.head !== null || file.place.pos < PRINT_BYTES || this.#table.identity !== 'content') return;
    file.head =
      place.pos === 0 ? printOf(buffer.subarray(from, from + PRINT_BYTES)) : await this.#reader.head(file);
    if (file.head !== null) this.#copies.note(file);
  }

  /** Ends early when the source stops. */
  pause(ms: number): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Nothing is put any more; answers are waited for a little while. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
    setTimeout(this.#giveUp, LAST_ANSWER_MS).unref();
  }
}
