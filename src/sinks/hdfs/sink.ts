/**
 * Writes takes to the files of their buckets. A take is committed when every request (or local file) that
 * carries a part of it has been, and for exactly-once delivery a commit record was made; parts for buckets
 * that are slow or refuse are held, and committed by themselves (bucket-queue.ts, NOTES.md). In a sink group
 * a take is delivered whole or not at all.
 */
import { MillraceError, messageOf } from '../../base/errors.ts';
import { PathPattern } from '../../component/bucket-path/pattern.ts';
import { EventRouter } from '../../component/bucket-path/router.ts';
import type { Counters, Gauges, HdfsCounterName, SinkCounterName } from '../../component/counters.ts';
import { localHost } from '../../component/local-host.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import { type ProgressTable, progressTable } from '../../component/progress.ts';
import type { HeldLimits, HeldPart, Sink, SinkContext } from '../../component/sink.ts';
import type { Batch, BatchRange } from '../../memory/block/batch.ts';
import { Bucket, type BucketSetup } from './bucket.ts';
import { BucketQueue, type QueueSetup } from './bucket-queue.ts';
import { Calls, Gate } from './calls.ts';
import type { CommitLog } from './exactly-once/commit-log.ts';
import { openCommitLog } from './exactly-once/open.ts';
import { OutcomeUnknown } from './exactly-once/record-store.ts';
import { FileFinisher } from './file-finisher.ts';
import { FileSystemError } from './file-system/door.ts';
import { locate } from './file-system/open.ts';
import { FileSystems, type OpenFileSystems } from './file-systems.ts';
import { formatMaker } from './format/make.ts';
import { GroupCommit } from './group-commit.ts';
import { type InUse, InUseRecord } from './in-use-record.ts';
import type { options } from './index.ts';
import { type Part, rangesOf } from './part.ts';
import { type HdfsSettings, settingsOf } from './settings.ts';

/** Takes under way at once: those that one commit carries, and those of the next. */
const TAKES_MAX = 4;
/** Before a bucket that failed is tried again: a cluster that is back is not kept waiting. */
const PAUSE_MAX_MS = 30_000;
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
  readonly heldMax: HeldLimits;
  readonly #context: SinkContext;
  readonly #settings: HdfsSettings;
  readonly #options: OptionsOf<typeof options>;
  readonly #fileSystems: OpenFileSystems;
  /** Of buckets that the router knows, that have a file or events. */
  readonly #queues = new Map<string, BucketQueue>();
  /** Of the take that is being routed. */
  readonly #taking = new Set<BucketQueue>();
  /** Buckets with an open file, the one that was written last at the end. */
  readonly #open = new Map<string, Bucket>();
  readonly #gate: Gate;
  readonly #commits: GroupCommit;
  #router!: EventRouter<BucketQueue>;
  #finisher!: FileFinisher;
  #record: InUseRecord | null = null;
  /** Null: at least once. */
  #commitLog: CommitLog | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** What keeps files from being finished. */
  #fileTrouble: string | null = null;
  /** What keeps a commit record from being made. */
  #commitTrouble: string | null = null;
  /** What the status says. */
  #trouble: string | null = null;

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
    this.heldMax = settings.heldMax;
    this.#fileSystems = fileSystems;
    this.#gate = new Gate(settings.concurrency);
    this.#commits = new GroupCommit({
      eventsMin: settings.batchSize,
      intervalMs: settings.commitIntervalMs,
      deliver: (takes) => this.#commit(takes),
    });
  }

  async start(): Promise<void> {
    const { clock, counters, log } = this.#context;
    const { rolls, names, callTimeoutMs, concurrency } = this.#settings;
    const makeFormat = await this.#formatMaker();
    const patterns = await this.#patterns();
    const calls = new Calls(callTimeoutMs);
    this.#record = this.#openRecord();
    this.#commitLog = this.#openCommitLog(calls);
    const record = this.#commitLog ?? this.#record;
    const fileSystems = this.#fileSystems;
    this.#finisher = new FileFinisher({
      fileSystems,
      calls,
      gate: new Gate(concurrency),
      record,
      isExact: this.#commitLog !== null,
      triesMax: this.#settings.finishTries,
      retryMs: this.#settings.retryMs,
      log,
      closed: () => counters.add('ConnectionClosedCount', 1),
      troubled: (reason) => {
        this.#fileTrouble = reason;
        this.#report();
      },
    });
    const finisher = this.#finisher;
    const files = { rolls, names, calls, finisher, makeFormat, clock, log, fileSystems, record, counters };
    const setup = { ...files, mark: () => this.#commitLog?.mark() ?? '' };
    this.#router = this.#makeRouter(patterns, setup, {
      gate: this.#gate,
      gateBehind: new Gate(concurrency),
      counters,
      commitLog: this.#commitLog,
      pauseMaxMs: Math.min(this.#settings.retryMs || PAUSE_MAX_MS, PAUSE_MAX_MS),
      makeRoom: (bucket) => this.#makeRoom(bucket),
      changed: (queue) => this.#changed(queue),
    });
    if (this.#commitLog !== null) this.#commitLog.start();
    else for (const file of this.#record?.files ?? []) this.#recover(file);
  }

  #recover({ root, inUse, final, length }: InUse): void {
    this.#context.log.info(`${root}${inUse} was left in use by an agent that is gone`);
    this.#finisher.recover(root, { inUse, final, suffix: '' }, length);
  }

  #openCommitLog(calls: Calls): CommitLog | null {
    const { recordsPlace, retryMs } = this.#settings;
    if (recordsPlace === null) return null;
    const { name, log } = this.#context;
    const counters = this.#context.counters as Counters<SinkCounterName | HdfsCounterName>;
    return openCommitLog({
      recordsPlace,
      sink: name,
      log,
      calls,
      fileSystems: this.#fileSystems,
      local: this.#record,
      retryMs,
      recover: (file) => this.#recover(file),
      abandon: async () => {
        await Promise.all([...this.#queues.values()].map((queue) => queue.abandon()));
      },
      exchanged: () => this.#closeAll(),
      repeated: (events) => counters.add('EventRepeatedCount', events),
      troubled: (reason) => {
        this.#commitTrouble = reason;
        this.#report();
      },
    });
  }

  async #patterns(): Promise<readonly PathPattern[]> {
    const { zone, rounding, path, filePrefix } = this.#settings;
    const texts = [path, filePrefix];
    // A name server that does not answer holds up those only who ask for the host's names.
    const host = texts.some((text) => text.includes('%[')) ? await localHost() : NO_HOST;
    return texts.map((text) => new PathPattern(text, { zone, rounding, host }));
  }

  #makeRouter(
    patterns: readonly PathPattern[],
    setup: BucketSetup,
    queueSetup: QueueSetup,
  ): EventRouter<BucketQueue> {
    const { zone, useLocalTime } = this.#settings;
    return new EventRouter({
      patterns,
      zone,
      useLocalTime,
      headerText,
      make: ([directory, prefix]) => this.#queue(directory!, prefix!, setup, queueSetup),
      forgotten: () => {
        for (const [key, queue] of this.#queues) {
          if (!queue.isNeeded && !this.#taking.has(queue)) this.#queues.delete(key);
        }
      },
    });
  }

  /** One for each place: different header values may lead to the same one. */
  #queue(directory: string, prefix: string, setup: BucketSetup, queueSetup: QueueSetup): BucketQueue {
    const location = locate(directory);
    const key = `${location.root}${location.path}/${prefix}`;
    const known = this.#queues.get(key);
    if (known !== undefined) return known;
    const queue = new BucketQueue(new Bucket(key, location, prefix, setup), queueSetup);
    this.#queues.set(key, queue);
    return queue;
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

  process(batch: Batch): Promise<readonly HeldPart[]> {
    this.#countBatch(batch.count);
    return this.#commits.add(batch);
  }

  async #commit(takes: readonly Batch[]): Promise<readonly (readonly HeldPart[])[]> {
    const events = takes.reduce((sum, { count }) => sum + count, 0);
    this.#context.counters.add('EventDrainAttemptCount', events);
    const queues = new Set<BucketQueue>();
    try {
      const fresh = await this.#fresh(takes);
      const parts = this.#routeAll(fresh, queues);
      if (this.#context.mayHold) await Promise.all([...queues].map((queue) => queue.deliver()));
      else await this.#deliverTogether([...queues], fresh);
      return parts.map((own) => own.filter(({ state }) => state === 'waiting'));
    } finally {
      for (const { bucket } of queues) this.#touch(bucket);
      this.#record?.flush();
      this.#tidy();
    }
  }

  /** To all buckets or to none: what stands in the files of others is cut back when one fails. */
  async #deliverTogether(queues: readonly BucketQueue[], fresh: readonly Batch[]): Promise<void> {
    const { counters } = this.#context;
    const parts = queues.map((queue) => queue.takeAll());
    const outcomes = await Promise.allSettled(
      queues.map(({ bucket }, n) =>
        this.#gate.run(async () => {
          await this.#makeRoom(bucket);
          await bucket.deliver(rangesOf(parts[n]!));
        }),
      ),
    );
    const errors = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : null));
    let failure = errors.find((error) => error !== null);
    if (failure === undefined) failure = await this.#recorded(queues, fresh);
    if (failure !== undefined) {
      const unknown = failure instanceof OutcomeUnknown ? failure : null;
      for (const [n, { bucket }] of queues.entries()) bucket.rollBack(errors[n] ?? unknown);
      counters.add('EventWriteFail', 1);
      throw this.#explained(failure, 'the take is kept');
    }
    for (const { bucket } of queues) bucket.confirm();
    for (const part of parts.flat()) {
      part.confirm();
      counters.add('EventDrainSuccessCount', part.events);
    }
  }

  /** The takes without events that are committed, where that is known. */
  async #fresh(takes: readonly Batch[]): Promise<readonly Batch[]> {
    if (this.#commitLog === null) return takes;
    try {
      return await this.#commitLog.fresh(takes);
    } catch (error) {
      throw this.#explained(error, 'the take is kept');
    }
  }

  /** Makes the commit record, in that mode. Resolves with what went wrong. */
  async #recorded(queues: readonly BucketQueue[], takes: readonly Batch[]): Promise<unknown> {
    if (this.#commitLog === null || queues.length === 0) return undefined;
    const ranges = takes.flatMap((batch) => batch.ranges);
    const files = queues.flatMap(({ bucket }) => bucket.unconfirmed());
    return await this.#commitLog.record({ ranges, files }).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  /** Flume's batches are of `hdfs.batchSize`; a take may hold several. */
  #countBatch(events: number): void {
    const { counters } = this.#context;
    const { batchSize } = this.#settings;
    counters.add('BatchCompleteCount', Math.floor(events / batchSize));
    if (events % batchSize > 0) counters.add('BatchUnderflowCount', 1);
  }

  /** Hands each bucket its events, before any of them is written. Resolves with the parts of each take. */
  #routeAll(takes: readonly Batch[], queues: Set<BucketQueue>): readonly (readonly Part[])[] {
    const routed: Part[][] = [];
    try {
      for (const batch of takes) {
        const parts: Part[] = [];
        routed.push(parts);
        for (const queue of this.#route(batch)) {
          parts.push(queue.endPart());
          queues.add(queue);
        }
      }
      return routed;
    } catch (error) {
      const given = new Set(routed.flat());
      for (const queue of [...queues, ...this.#taking]) queue.drop(given);
      this.#context.counters.add('EventWriteFail', 1);
      throw error;
    }
  }

  #route({ ranges }: Batch): ReadonlySet<BucketQueue> {
    this.#taking.clear();
    this.#router.beginBatch(this.#context.clock.now());
    for (const range of ranges) this.#routeRange(range);
    return this.#taking;
  }

  #routeRange({ view, first, count }: BatchRange): void {
    const router = this.#router;
    let current = router.route(view, first);
    this.#taking.add(current);
    if (router.isConstant) return current.add(view, first, count);
    let from = first;
    for (let at = first + 1; at < first + count; at++) {
      const queue = router.route(view, at);
      if (queue === current) continue;
      this.#taking.add(queue);
      current.add(view, from, at - from);
      from = at;
      current = queue;
    }
    current.add(view, from, first + count - from);
  }

  /** Closes the files that were not written for the longest time until the bucket has room for one. */
  async #makeRoom(bucket: Bucket): Promise<void> {
    while (!bucket.isOpen && this.#open.size >= this.#settings.openFilesMax) {
      const oldest = this.#oldest();
      if (oldest === null) break;
      this.#open.delete(oldest.key);
      await oldest.release();
    }
    this.#open.set(bucket.key, bucket);
  }

  /** A bucket has failed, or caught up behind the back of the takes. */
  #changed({ bucket, failure, pauseMs }: BucketQueue): void {
    this.#touch(bucket);
    this.#record?.flush();
    this.#tidy();
    if (failure !== null) {
      const text = `the events of ${bucket.key} are held, and tried again in ${pauseMs / 1000} s`;
      this.#context.log.warn(`HDFS IO error: ${messageOf(this.#explained(failure, text))}`, failure);
    }
    this.#report();
  }

  /** What is wrong, for the status. */
  #report(): void {
    const failing = [...this.#queues.values()].filter(({ failure }) => failure !== null);
    const [first] = failing;
    let trouble = this.#commitTrouble ?? this.#fileTrouble;
    if (first !== undefined) {
      const more = failing.length > 1 ? `, as those of ${failing.length - 1} more` : '';
      const text = `the events of ${first.bucket.key} are held${more}`;
      trouble = messageOf(this.#explained(first.failure, text));
    }
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#context.degraded(trouble);
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

  end(): void {
    this.#commitLog?.end();
  }

  async stop(): Promise<void> {
    this.end();
    await Promise.all([...this.#queues.values()].map((queue) => queue.stop()));
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#closeAll();
    await this.#commitLog?.opened();
    await this.#finisher.stop();
    await this.#commitLog?.stop();
    await this.#fileSystems.close();
    this.#record?.close();
  }

  #closeAll(): void {
    for (const bucket of this.#open.values()) bucket.close();
    this.#open.clear();
  }

  progress(): readonly ProgressTable[] {
    const nowMs = this.#context.clock.now();
    const latestFirst = [...this.#open.values()].reverse();
    return [
      progressTable('buckets', latestFirst, (bucket) => bucket.progress(nowMs)),
      progressTable('held back', this.#behind(), (queue) => queue.progress()),
      progressTable('files to finish', this.#finisher.failing, (row) => row),
    ];
  }

  gauges(): Gauges {
    let bytes = 0;
    for (const bucket of this.#open.values()) bytes += bucket.bodyBytes;
    return { OpenBucketCount: this.#open.size, OpenBucketBytes: bytes };
  }

  /** Those that hold events, with most of them first. */
  #behind(): readonly BucketQueue[] {
    const behind = [...this.#queues.values()].filter(({ isBehind }) => isBehind);
    return behind.sort((a, b) => b.events - a.events);
  }

  #explained(error: unknown, outcome: string): unknown {
    const component = `sink ${this.#context.name}`;
    const textOf = (message: string, remedy: string | undefined) =>
      `${message} (${remedy === undefined ? '' : `${remedy}; `}${outcome})`;
    if (error instanceof MillraceError) {
      const { code, message, detail } = error;
      const text = textOf(`${component}: ${message}`, detail.remedy);
      return new MillraceError(code, text, { ...detail, component, cause: error });
    }
    if (!(error instanceof FileSystemError)) return error;
    const { path } = this.#settings;
    const text = textOf(`${component} cannot write to ${path}: ${messageOf(error)}`, error.remedy);
    return new MillraceError('SINK_FAILED', text, {
      component,
      option: 'hdfs.path',
      value: path,
      cause: error,
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    });
  }
}

/** A header is a part of a path, not a way out of it. */
function headerText(value: string): string {
  return value.replace(/(^|\/)\.{1,2}(?=\/|$)/g, (found) => found.replaceAll('.', '_')).replaceAll('\0', '_');
}
