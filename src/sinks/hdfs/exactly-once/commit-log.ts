/**
 * Makes each event stand once in finished files: it knows which events of a numbered channel are committed,
 * drops those that come again, and makes a commit record (record.ts) the point from which the events of a
 * commit, and the bytes of its files, count.
 *
 *   events come ─▶ `fresh`: what is not committed ─▶ bytes of their files are safe ─▶ `record`
 *     ─▶ the channel is told, whole files get their final names
 *
 * Order: each bucket has commits of its own, in any order. A record has all that is committed, as ranges with
 *   gaps: events in the gaps are those that a bucket is behind with. Each record counts by itself, so that it
 *   is all the same between which two a kill falls. Ranges are as many as events that are held or under way,
 *   at most. Commits that come together share a record: those of one take wait for each other (`expect`).
 * Recovery: files that the newest record names are cut to the length that it tells and get their final names;
 *   files in use that it does not name hold nothing that is committed and are deleted. Which these are, the
 *   record of this machine tells (in-use-record.ts): without it they stay, under the names of files in use.
 *   Which events are committed is found under the name of the channel's log, whatever machine the agent runs
 *   on, as long as the channel's directories are there.
 * Names of files in use are never given twice (`mark`): a recovery would take one file for another, and what
 *   a server does late for a sink that is dead would strike a file of the one that lives.
 * Openings: when the channel is opened anew its events are handed out again, whatever becomes of those that
 *   are under way. So these end, or are given up, before it is looked up which are committed: of one opening
 *   each event is under way once.
 * Logs: there is one that events come from; earlier ones may have files that are still to be finished.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { crashPoint } from '../../../base/crash-points.ts';
import { adviceOf, MillraceError, messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { Batch, type BatchRange } from '../../../memory/block/batch.ts';
import type { Numbering } from '../../../memory/block/numbering.ts';
import { type OffsetRange, TakenOffsets } from '../../../storage/log/ranges.ts';
import type { FilesInUse, InUse, InUseRecord } from '../in-use-record.ts';
import type { RecordedFile } from './record.ts';
import { OutcomeUnknown, type RecordStore } from './record-store.ts';

/** At the soonest, before what could not be read is tried again. */
const RETRY_MS_MIN = 1000;

export interface CommitLogSetup {
  readonly sink: string;
  readonly log: Logger;
  /** Null: files that nothing was committed to stay when the agent is killed. */
  readonly local: InUseRecord | null;
  /** Where the records of a log are: a URI that ends in its name. */
  placeOf(log: string): string;
  openStore(place: string): Promise<RecordStore>;
  /** A file that an earlier life of the sink left: it is cut and finished, or deleted at length 0. */
  recover(file: InUse): void;
  /** The channel is opened anew: resolves when nothing is under way of what it had handed out before. */
  abandon(): Promise<void>;
  /** Events come from another log now: what is open holds events of the one before and must be closed. */
  exchanged(): void;
  /** Before what could not be read is tried again. */
  readonly retryMs: number;
  /** Events that are committed came again. */
  repeated(events: number): void;
}

/** What one commit makes safe. */
export interface Commit {
  readonly ranges: readonly BatchRange[];
  /** With the lengths that they have then. */
  readonly files: readonly RecordedFile[];
}

interface Waiting extends Commit {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What is known of one log. */
interface LogState {
  readonly name: string;
  readonly place: string;
  readonly store: RecordStore;
  covered: TakenOffsets;
  opening: string;
  /** Of its newest record. */
  recorded: ReadonlySet<string>;
}

export class CommitLog implements FilesInUse {
  readonly #setup: CommitLogSetup;
  readonly #logs = new Map<string, Promise<LogState>>();
  #current: LogState | null = null;
  /** Files that are not finished, of all logs, by their names in use. */
  readonly #files = new Map<string, InUse>();
  #waiting: Waiting[] = [];
  /** Commits that those in `#waiting` wait for. */
  #expected = 0;
  #isWriting = false;
  #hasTold = false;
  readonly #retries = new Set<NodeJS.Timeout>();
  readonly #life = randomBytes(4).toString('hex');
  #marks = 0;
  #isStopping = false;
  /** Whether the last record was made is not known. */
  #isUnknown = false;

  constructor(setup: CommitLogSetup) {
    this.#setup = setup;
  }

  /** Finishes what earlier lives of the sink left, as far as this machine knows of it. */
  start(): void {
    const files = this.#setup.local?.files ?? [];
    // Of the sink before it had this mode.
    for (const file of files) if (file.records === null) this.#adopt(file);
    for (const place of new Set(files.map(({ records }) => records))) {
      if (place !== null) this.#finish(place);
    }
  }

  #finish(place: string): void {
    this.#open(place).catch((error: unknown) => {
      const { log, retryMs } = this.#setup;
      if (this.#isStopping) return;
      log.warn(`What was in use is finished later: ${adviceOf(error)}`, error);
      const timer = setTimeout(
        () => {
          this.#retries.delete(timer);
          this.#finish(place);
        },
        Math.max(retryMs, RETRY_MS_MIN),
      );
      this.#retries.add(timer);
    });
  }

  #adopt(file: InUse): void {
    this.#files.set(keyOf(file), file);
    this.#setup.recover(file);
  }

  /** The numbers of events mean something from here on. */
  async #begin(numbering: Numbering): Promise<void> {
    const state = await this.#open(this.#setup.placeOf(numbering.log));
    if (this.#current === state && state.opening === numbering.opening) return;
    await this.#setup.abandon();
    if (this.#current !== state) {
      if (this.#current !== null) this.#setup.exchanged();
      this.#current = state;
      this.#hasTold = false;
    }
    state.opening = numbering.opening;
    state.covered = this.#continued(state, numbering);
  }

  /**
   * What the channel numbered in this opening is new, whatever an earlier one called by that number; what was
   * taken before does not come again.
   */
  #continued({ name, covered }: LogState, { low, end }: Numbering): TakenOffsets {
    const ranges = covered.ranges.map(([from, to]) => [from, Math.min(to, end)] as const);
    const continued = new TakenOffsets(Math.min(covered.low, end), ranges);
    continued.add(0, low);
    const last = covered.ranges.at(-1)?.[1] ?? covered.low;
    if (last > end) {
      this.#setup.log.warn(
        `The channel goes on with event ${end} of ${name}, though events up to ${last} are committed: its ` +
          'directories were set back. What it has is delivered; what came in between may come twice.',
      );
    }
    return continued;
  }

  #open(place: string): Promise<LogState> {
    const known = this.#logs.get(place);
    if (known !== undefined) return known;
    const opening = this.#read(place);
    this.#logs.set(place, opening);
    // What failed is tried again with the next batch.
    opening.catch(() => this.#logs.delete(place));
    return opening;
  }

  async #read(place: string): Promise<LogState> {
    const { log, openStore } = this.#setup;
    const store = await openStore(place);
    const record = await store.newest();
    const name = place.slice(place.lastIndexOf('/') + 1);
    if (record !== null && record.log !== name) {
      const text = `${place} has commit records of ${record.log}`;
      const remedy = 'move them to a directory of that name';
      throw new MillraceError('SINK_FAILED', text, { value: place, remedy });
    }
    const files = (record?.files ?? []).map((file) => ({ ...file, records: place }));
    const state: LogState = {
      name,
      place,
      store,
      covered: new TakenOffsets(record?.low, record?.ranges),
      opening: record?.opening ?? '',
      recorded: new Set(files.map(keyOf)),
    };
    log.info(`Commit records are ${record === null ? 'kept' : 'found'} in ${place}`);
    for (const file of files) {
      log.info(`${file.root}${file.inUse} was in use: ${file.length} bytes of it are committed`);
      this.#adopt(file);
    }
    this.#adoptLocal(place, record !== null);
    return state;
  }

  /** Files that this machine knows and the newest record does not name. */
  #adoptLocal(place: string, hasRecord: boolean): void {
    for (const file of this.#setup.local?.files ?? []) {
      if (file.records !== place || this.#files.has(keyOf(file))) continue;
      this.#setup.log.info(`${file.root}${file.inUse} was in use, and no record names it`);
      // Where there is no record, somebody took it away: what this machine knows of the length counts.
      this.#adopt(hasRecord ? { ...file, length: 0 } : file);
    }
  }

  /**
   * The takes without what is committed, and without those of an opening before: the channel hands them out
   * again. Never called twice at a time.
   */
  async fresh(takes: readonly Batch[]): Promise<readonly Batch[]> {
    const newest = takes.at(-1)?.ranges.at(-1)?.view.place ?? null;
    if (newest === null) throw this.#refused('the channel does not number its events');
    const { opening } = newest.numbering;
    await this.#begin(newest.numbering);
    const current = takes.map(
      ({ ranges }) => new Batch(ranges.filter(({ view }) => view.place?.numbering.opening === opening)),
    );
    const fresh = current.map(({ ranges }) => new Batch(this.#uncovered(ranges)));
    const count = (batches: readonly Batch[]) => batches.reduce((sum, batch) => sum + batch.count, 0);
    const repeated = count(current) - count(fresh);
    if (repeated > 0) this.#tellRepeated(repeated);
    return fresh;
  }

  #uncovered(ranges: readonly BatchRange[]): readonly BatchRange[] {
    const { covered } = this.#current!;
    const fresh: BatchRange[] = [];
    for (const range of ranges) {
      const { view, first, count } = range;
      const number = this.#numberOf(range);
      for (const [from, to] of covered.untaken(number, number + count)) {
        if (to - from === count) fresh.push(range);
        else fresh.push({ view, first: first + from - number, count: to - from });
      }
    }
    return fresh;
  }

  #tellRepeated(events: number): void {
    const { repeated, log, sink } = this.#setup;
    repeated(events);
    if (this.#hasTold) return;
    this.#hasTold = true;
    log.info(
      `sink ${sink}: events that are committed come again and are passed over; ${events} in this batch`,
    );
  }

  /** The number of a range's first event. */
  #numberOf({ view, first }: BatchRange): number {
    const { place } = view;
    if (place !== null && place.numbering.log === this.#current!.name) return place.first + first;
    throw this.#refused('the channel was exchanged');
  }

  #refused(reason: string): MillraceError {
    const { sink } = this.#setup;
    return new MillraceError('SINK_FAILED', `hdfs.delivery = exactly-once: ${reason}`, {
      component: `sink ${sink}`,
      option: 'hdfs.delivery',
      remedy: 'give it a channel of type file of its own',
    });
  }

  /** A commit is on its way that others share a record with: none is written before the returned call. */
  expect(): () => void {
    this.#expected++;
    let isExpected = true;
    return () => {
      if (!isExpected) return;
      isExpected = false;
      this.#expected--;
      void this.#writeAll();
    };
  }

  /** Resolves when it is committed. Commits that come while a record is written share the next one. */
  record(commit: Commit): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ ...commit, resolve, reject });
    void this.#writeAll();
    return promise;
  }

  async #writeAll(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    while (this.#waiting.length > 0 && this.#expected === 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(group);
        for (const { resolve } of group) resolve();
      } catch (error) {
        this.#isUnknown ||= error instanceof OutcomeUnknown;
        for (const { reject } of group) reject(error);
      }
    }
    this.#isWriting = false;
  }

  async #write(group: readonly Commit[]): Promise<void> {
    const state = this.#current!;
    const covered = new TakenOffsets(state.covered.low);
    covered.addAll(state.covered.ranges);
    covered.addAll(this.#numbersOf(group));
    const files = this.#committedFiles(state);
    const grown = group.flatMap((commit) => commit.files);
    for (const file of grown) files.set(keyOf(file), file);
    crashPoint('delivered');
    await this.#writeRecord(state, covered, files);
    crashPoint('recorded');
    state.covered = covered;
    // The next record may be written before those who wait hear of this one.
    for (const { root, inUse, length } of grown) this.#grow(root, inUse, length);
  }

  #numbersOf(group: readonly Commit[]): readonly OffsetRange[] {
    const numbers = group.flatMap(({ ranges }) =>
      ranges.map((range): OffsetRange => {
        const from = this.#numberOf(range);
        return [from, from + range.count];
      }),
    );
    return numbers.sort(([a], [b]) => a - b);
  }

  /** Files of a log that are not finished and hold something. */
  #committedFiles(state: LogState): Map<string, RecordedFile> {
    const files = new Map<string, RecordedFile>();
    for (const [key, { root, inUse, final, length, records }] of this.#files) {
      if (records === state.place && length !== null && length > 0)
        files.set(key, { root, inUse, final, length });
    }
    return files;
  }

  async #writeRecord(
    state: LogState,
    { low, ranges }: TakenOffsets,
    files: ReadonlyMap<string, RecordedFile>,
  ): Promise<void> {
    const { name, opening, store } = state;
    const writer = `${hostname()}, process ${process.pid}`;
    await store.write({ log: name, opening, writer, low, ranges, files: [...files.values()] });
    state.recorded = new Set(files.keys());
  }

  /** For the name of a file in use. */
  mark(): string {
    return `.${this.#life}-${this.#marks++}`;
  }

  add(root: string, inUse: string, final: string): void {
    const current = this.#current!;
    this.#files.set(keyOf({ root, inUse }), { root, inUse, final, length: 0, records: current.place });
    this.#setup.local?.add(root, inUse, final, current.place);
  }

  commit(root: string, inUse: string, length: number): void {
    this.#grow(root, inUse, length);
    this.#setup.local?.commit(root, inUse, length);
  }

  #grow(root: string, inUse: string, length: number): void {
    const key = keyOf({ root, inUse });
    const file = this.#files.get(key);
    if (file !== undefined) this.#files.set(key, { ...file, length });
  }

  done(root: string, inUse: string): void {
    this.#files.delete(keyOf({ root, inUse }));
    this.#setup.local?.done(root, inUse);
  }

  flush(): void {
    this.#setup.local?.flush();
  }

  /** Before a stop: nobody is asked again whether a record was made, or waited for without an end. */
  end(): void {
    this.#isStopping = true;
    for (const timer of this.#retries) clearTimeout(timer);
    this.#current?.store.end();
  }

  /** Resolves when it is known what earlier lives left, so that it can still be finished. */
  async opened(): Promise<void> {
    await Promise.allSettled(this.#logs.values());
  }

  /** Names nothing in records that is finished: the next start has less to look for. */
  async stop(): Promise<void> {
    for (const opening of this.#logs.values()) {
      const state = await opening.catch(() => null);
      if (state === null) continue;
      state.store.end();
      const files = this.#committedFiles(state);
      const isDue =
        !this.#isWriting && !this.#isUnknown && [...state.recorded].some((key) => !files.has(key));
      if (isDue) {
        await this.#writeRecord(state, state.covered, files).catch((error: unknown) =>
          this.#setup.log.info(`The last commit record could not be made: ${messageOf(error)}`),
        );
      }
      await state.store.stop();
    }
  }
}

function keyOf({ root, inUse }: Pick<RecordedFile, 'root' | 'inUse'>): string {
  return `${root}\n${inUse}`;
}
