/**
 * Writes takes to the files of their buckets. A take is safe when every request (or local file) that
 * carries a part of it has been committed; NOTES.md says what that means for buckets that are slow or
 * refuse.
 */
import { MillraceError, messageOf } from '../../base/errors.ts';
import { PathPattern } from '../../component/bucket-path/pattern.ts';
import { EventRouter } from '../../component/bucket-path/router.ts';
import { localHost } from '../../component/local-host.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import { type ProgressTable, progressTable } from '../../component/progress.ts';
import type { Sink, SinkContext } from '../../component/sink.ts';
import type { Batch, BatchRange } from '../../memory/block/batch.ts';
import { Bucket, type BucketSetup } from './bucket.ts';
import { Calls, Gate } from './calls.ts';
import { FileFinisher } from './file-finisher.ts';
import { FileSystemError } from './file-system/door.ts';
import { locate } from './file-system/open.ts';
import { FileSystems, type OpenFileSystems } from './file-systems.ts';
import { formatMaker } from './format/make.ts';
import { GroupCommit } from './group-commit.ts';
import { InUseRecord } from './in-use-record.ts';
import type { options } from './index.ts';
import { type HdfsSettings, settingsOf } from './settings.ts';

/** Takes under way at once: those that one commit carries, and those of the next. */
const TAKES_MAX = 4;
const NO_HOST = { localhost: '', ip: '', fqdn: '' };
/** Timers cannot be set for longer than 24 days. */
const TIMER_MS_MAX = 3_600_000;

export function create(context: SinkContext): Sink {
  const o = context.options as OptionsOf<typeof options>;
  const settings = settingsOf(o, `sink ${context.name}`, (text) => context.log.warn(text));
  return new HdfsSink(context, settings, o, new FileSystems({ ...settings.fileSystem, log: context.log }));
}

export class HdfsSink implements Sink {
  readonly batchSize: number;
  readonly overlap = TAKES_MAX;
  readonly #context: SinkContext;
  readonly #settings: HdfsSettings;
  readonly #options: OptionsOf<typeof options>;
  readonly #fileSystems: OpenFileSystems;
  /** Buckets that the router knows, or that have a file. */
  readonly #buckets = new Map<string, Bucket>();
  /** Of the take that is being routed. */
  readonly #taking = new Set<Bucket>();
  /** Buckets with an open file, the one that was written last at the end. */
  readonly #open = new Map<string, Bucket>();
  readonly #gate: Gate;
  readonly #commits: GroupCommit;
  #router!: EventRouter<Bucket>;
  #finisher!: FileFinisher;
  #record: InUseRecord | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    context: SinkContext,
    settings: HdfsSettings,
    o: OptionsOf<typeof options>,
    fileSystems: OpenFileSystems,
  ) {
    this.#context = context;
    this.#settings = settings;
    this.#options = o;
    this.batchSize = settings.takeEvents;
    this.#fileSystems = fileSystems;
    this.#gate = new Gate(settings.concurrency);
    this.#commits = new GroupCommit({
      eventsMin: settings.batchSize,
      intervalMs: settings.commitIntervalMs,
      deliver: (batch) => this.#commit(batch),
    });
  }

  async start(): Promise<void> {
    const { clock, counters, log } = this.#context;
    const { rolls, names, callTimeoutMs, concurrency } = this.#settings;
    const makeFormat = await this.#formatMaker();
    const patterns = await this.#patterns();
    const calls = new Calls(callTimeoutMs);
    this.#record = this.#openRecord();
    const record = this.#record;
    const fileSystems = this.#fileSystems;
    this.#finisher = new FileFinisher({
      fileSystems,
      calls,
      gate: new Gate(concurrency),
      record,
      triesMax: this.#settings.finishTries,
      retryMs: this.#settings.retryMs,
      log,
      closed: () => counters.add('ConnectionClosedCount', 1),
      troubled: (reason) => this.#context.degraded(reason),
    });
    const finisher = this.#finisher;
    const setup = { rolls, names, calls, finisher, makeFormat, clock, log, fileSystems, record, counters };
    this.#router = this.#makeRouter(patterns, setup);
    for (const { root, inUse, final, length } of record?.files ?? []) {
      log.info(`${root}${inUse} was left in use by an agent that is gone`);
      finisher.recover(root, { inUse, final, suffix: '' }, length);
    }
  }

  async #patterns(): Promise<readonly PathPattern[]> {
    const { zone, rounding, path, filePrefix } = this.#settings;
    const texts = [path, filePrefix];
    // A name server that does not answer holds up those only who ask for the host's names.
    const host = texts.some((text) => text.includes('%[')) ? await localHost() : NO_HOST;
    return texts.map((text) => new PathPattern(text, { zone, rounding, host }));
  }

  #makeRouter(patterns: readonly PathPattern[], setup: BucketSetup): EventRouter<Bucket> {
    const { zone, useLocalTime } = this.#settings;
    return new EventRouter({
      patterns,
      zone,
      useLocalTime,
      headerText,
      make: ([directory, prefix]) => this.#bucket(directory!, prefix!, setup),
      forgotten: () => {
        for (const [key, bucket] of this.#buckets) {
          if (!bucket.isNeeded && !this.#taking.has(bucket)) this.#buckets.delete(key);
        }
      },
    });
  }

  /** One for each place: different header values may lead to the same one. */
  #bucket(directory: string, prefix: string, setup: BucketSetup): Bucket {
    const location = locate(directory);
    const key = `${location.root}${location.path}/${prefix}`;
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    const bucket = new Bucket(key, location, prefix, setup);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #formatMaker() {
    const o = this.#options;
    const { clock, work } = this.#context;
    return formatMaker(this.#settings.form, {
      clock,
      compress: (form, bytes) => work.compress(form, bytes),
      serializer: () => this.#context.serializer(o.serializer, o['serializer.*']),
    });
  }

  #openRecord(): InUseRecord | null {
    const { stateDirectory, path } = this.#settings;
    if (stateDirectory === null) return null;
    const { name, log } = this.#context;
    const warn = (error: unknown) =>
      log.warn(
        `hdfs.stateDir ${stateDirectory} cannot be used: files that a killed agent leaves in use will stay so`,
        error,
      );
    try {
      return InUseRecord.open(stateDirectory, name, `sink ${name} of ${path}`, warn);
    } catch (error) {
      warn(error);
      return null;
    }
  }

  process(batch: Batch): Promise<void> {
    this.#countBatch(batch.count);
    return this.#commits.add(batch);
  }

  async #commit(batch: Batch): Promise<void> {
    const { counters } = this.#context;
    counters.add('EventDrainAttemptCount', batch.count);
    let buckets: readonly Bucket[] = [];
    try {
      buckets = this.#route(batch);
      const outcomes = await Promise.allSettled(
        buckets.map((bucket) => this.#gate.run(() => this.#deliver(bucket))),
      );
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed === undefined) {
        for (const bucket of buckets) bucket.confirm();
        counters.add('EventDrainSuccessCount', batch.count);
        return;
      }
      for (const [n, outcome] of outcomes.entries()) {
        buckets[n]!.rollBack(outcome.status === 'rejected' ? outcome.reason : null);
      }
      throw failed.reason;
    } catch (error) {
      counters.add('EventWriteFail', 1);
      throw this.#explained(error);
    } finally {
      for (const bucket of buckets) this.#touch(bucket);
      this.#record?.flush();
      this.#tidy();
    }
  }

  /** Flume's batches are of `hdfs.batchSize`; a take may hold several. */
  #countBatch(events: number): void {
    const { counters } = this.#context;
    const { batchSize } = this.#settings;
    counters.add('BatchCompleteCount', Math.floor(events / batchSize));
    if (events % batchSize > 0) counters.add('BatchUnderflowCount', 1);
  }

  /** Hands each bucket its events, before any of them is written. */
  #route(batch: Batch): readonly Bucket[] {
    const router = this.#router;
    this.#taking.clear();
    router.beginBatch(this.#context.clock.now());
    try {
      for (const range of batch.ranges) this.#routeRange(range);
    } catch (error) {
      for (const bucket of this.#taking) bucket.clear();
      throw error;
    }
    return [...this.#taking];
  }

  #routeRange({ view, first, count }: BatchRange): void {
    const router = this.#router;
    let current = router.route(view, first);
    this.#taking.add(current);
    if (router.isConstant) return current.add(view, first, count);
    let from = first;
    for (let at = first + 1; at < first + count; at++) {
      const bucket = router.route(view, at);
      if (bucket === current) continue;
      this.#taking.add(bucket);
      current.add(view, from, at - from);
      from = at;
      current = bucket;
    }
    current.add(view, from, first + count - from);
  }

  async #deliver(bucket: Bucket): Promise<void> {
    while (!bucket.isOpen && this.#open.size >= this.#settings.openFilesMax) {
      const oldest = this.#oldest();
      if (oldest === null) break;
      this.#open.delete(oldest.key);
      await oldest.release();
    }
    this.#open.set(bucket.key, bucket);
    await bucket.deliver();
  }

  /** The bucket that was written the longest time ago; null while all are being written. */
  #oldest(): Bucket | null {
    for (const bucket of this.#open.values()) if (!bucket.isBusy) return bucket;
    return null;
  }

  /** Makes it the one that was written last. */
  #touch(bucket: Bucket): void {
    this.#open.delete(bucket.key);
    if (bucket.isOpen) this.#open.set(bucket.key, bucket);
  }

  /** Closes what is due, and what is too many; sets the timer for what will be. */
  #tidy(): void {
    const nowMs = this.#context.clock.now();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const bucket of [...this.#open.values()]) {
      const dueAtMs = bucket.dueAtMs();
      if (dueAtMs > nowMs) {
        nextMs = Math.min(nextMs, dueAtMs);
        continue;
      }
      this.#open.delete(bucket.key);
      bucket.close();
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    const waitMs = Math.min(nextMs - nowMs, TIMER_MS_MAX);
    this.#timer = nextMs === Number.POSITIVE_INFINITY ? null : setTimeout(() => this.#tidy(), waitMs);
  }

  idle(): void {
    this.#context.counters.add('BatchEmptyCount', 1);
    this.#tidy();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const bucket of this.#open.values()) bucket.close();
    this.#open.clear();
    await this.#finisher.stop();
    await this.#fileSystems.close();
    this.#record?.close();
  }

  progress(): readonly ProgressTable[] {
    const nowMs = this.#context.clock.now();
    const latestFirst = [...this.#open.values()].reverse();
    return [
      progressTable('buckets', latestFirst, (bucket) => bucket.progress(nowMs)),
      progressTable('files to finish', this.#finisher.failing, (row) => row),
    ];
  }

  #explained(error: unknown): unknown {
    if (!(error instanceof FileSystemError)) return error;
    const component = `sink ${this.#context.name}`;
    const remedy = error.remedy === undefined ? '' : `${error.remedy}; `;
    const text = `${component} cannot write to ${this.#settings.path}: ${messageOf(error)} (${remedy}the take is kept)`;
    return new MillraceError('SINK_FAILED', text, {
      component,
      option: 'hdfs.path',
      value: this.#settings.path,
      cause: error,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    });
  }
}

/** A header is a part of a path, not a way out of it. */
function headerText(value: string): string {
  return value.replace(/(^|\/)\.{1,2}(?=\/|$)/g, (found) => found.replaceAll('.', '_')).replaceAll('\0', '_');
}
