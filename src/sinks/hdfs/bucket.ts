/**
 * The files of one path, one after another. Events are delivered in two steps:
 *
 *     deliver (write, roll, commit) ─┬─ safe, as all that belongs to it ─▶ confirm  (rename what was rolled)
 *                                    └─ failed ─────────────────────────▶ rollBack (cut files back)
 *
 * A file that was rolled back is never gone on with: it is finished at its confirmed length, and the next
 * event opens a new one. So a file whose DataNodes died holds up nobody.
 */
import type { Logger } from '../../base/log.ts';
import type { SinkCounters } from '../../component/counters.ts';
import type { ProgressRow } from '../../component/progress.ts';
import { Batch, type BatchRange } from '../../memory/block/batch.ts';
import type { BatchView } from '../../memory/block/view.ts';
import { BucketFile, type BucketFileSetup, type FileNames } from './bucket-file.ts';
import type { RecordedFile } from './exactly-once/record.ts';
import { OutcomeUnknown } from './exactly-once/record-store.ts';
import type { FileFinisher, Job } from './file-finisher.ts';
import { FileSystemError } from './file-system/door.ts';
import type { Location } from './file-system/open.ts';
import type { OpenFileSystems } from './file-systems.ts';
import type { FilesInUse } from './in-use-record.ts';
import type { Names, Rolls } from './settings.ts';

/** Bodies that are made into bytes in one go, while the ones before are written. */
const CHUNK_BYTES = 1024 * 1024;
/** Names that are tried when others have them. */
const NAMES_MAX = 100;
/** Flume's: a cluster that stays short of replicas would get a file a commit. */
const UNDER_REPLICATED_ROLLS_MAX = 30;

export interface BucketSetup extends BucketFileSetup {
  readonly rolls: Rolls;
  readonly names: Names;
  readonly finisher: FileFinisher;
  readonly log: Logger;
  readonly fileSystems: OpenFileSystems;
  readonly record: FilesInUse | null;
  readonly counters: SinkCounters;
  /** Stands in the name of a file in use, another one each time; empty where names may come again. */
  mark(): string;
}

export class Bucket {
  /** The expanded path and prefix. */
  readonly key: string;
  readonly #location: Location;
  readonly #prefix: string;
  readonly #setup: BucketSetup;
  #file: BucketFile | null = null;
  /** Files that were closed within the take that is being delivered. */
  #rolled: BucketFile[] = [];
  /**
   * Files that nothing was committed to and that failed. No further one is made before they are known to be
   * gone: an outage would leave one a try.
   */
  #doubtful: Job[] = [];
  /** Of the last file; null: the next one begins with the clock. */
  #counter: number | null = null;
  #touchedAtMs = 0;
  /** `busy` while it is written, `delivered` until the take is confirmed or rolled back. */
  #state: 'resting' | 'busy' | 'delivered' = 'resting';
  #isUnderReplicated = false;
  #underReplicatedRolls = 0;

  constructor(key: string, location: Location, prefix: string, setup: BucketSetup) {
    this.key = key;
    this.#location = location;
    this.#prefix = prefix;
    this.#setup = setup;
  }

  get isOpen(): boolean {
    return this.#file !== null;
  }

  /** A bucket that is not needed may be forgotten: it has no file and nothing to write. */
  get isNeeded(): boolean {
    return this.#file !== null || this.#state !== 'resting';
  }

  get isBusy(): boolean {
    return this.#state === 'busy';
  }

  /**
   * Rejects when an event could not be made safe, or `safe`, which is called when all are; `confirm` or
   * `rollBack` follows in any case.
   */
  async deliver(ranges: readonly BatchRange[], safe?: () => Promise<void> | undefined): Promise<void> {
    this.#state = 'busy';
    let chunk: BatchRange[] = [];
    let chunkBytes = 0;
    for (const { view, first, count } of ranges) {
      const end = first + count;
      for (let at = first; at < end; ) {
        if (chunkBytes >= CHUNK_BYTES || (this.#mustRoll() && chunk.length > 0)) {
          await this.#file!.append(new Batch(chunk));
          chunk = [];
          chunkBytes = 0;
        }
        if (this.#mustRoll()) await this.#roll();
        const file = this.#file ?? (await this.#open());
        const before = file.bodyBytes;
        const fit = this.#count(file, view, at, end, CHUNK_BYTES - chunkBytes);
        chunk.push({ view, first: at, count: fit });
        chunkBytes += file.bodyBytes - before;
        at += fit;
      }
    }
    await this.#file!.append(new Batch(chunk));
    await this.#file!.commit();
    await this.#checkReplicas(this.#file!.names.inUse);
    await safe?.();
    this.#state = 'delivered';
  }

  /** Counts in the events that the file takes before it is rolled or the chunk is full; one at least. */
  #count(file: BucketFile, view: BatchView, from: number, to: number, chunkBytes: number): number {
    const { count, bodyBytes, minBodyBytes } = this.#setup.rolls;
    // A file that is too small takes more than its limits say, until it is not.
    const floor = this.#isTooSmall(file) ? minBodyBytes - file.bodyBytes : 0;
    const eventsMax = count === 0 ? to - from : count - file.events;
    const bytesMax = bodyBytes === 0 ? chunkBytes : bodyBytes - file.bodyBytes;
    let at = from;
    let bytes = 0;
    do bytes += view.bodyLength(at++);
    while (at < to && bytes < chunkBytes && (bytes < floor || (at - from < eventsMax && bytes < bytesMax)));
    file.events += at - from;
    file.bodyBytes += bytes;
    return at - from;
  }

  /** Flume looks before each event, so that a full file stays open until another one comes. */
  #mustRoll(): boolean {
    const file = this.#file;
    if (file === null) return false;
    const { count, bodyBytes } = this.#setup.rolls;
    if (this.#isUnderReplicated) return true;
    if (this.#isTooSmall(file)) return false;
    return (count !== 0 && file.events >= count) || (bodyBytes !== 0 && file.bodyBytes >= bodyBytes);
  }

  /** Whether `hdfs.minFileSize` keeps it from being closed now. */
  #isTooSmall(file: BucketFile): boolean {
    const { minBodyBytes, maxAgeMs } = this.#setup.rolls;
    if (file.bodyBytes >= minBodyBytes) return false;
    return this.#setup.clock.now() < file.openedAtMs + maxAgeMs;
  }

  async #roll(): Promise<void> {
    const file = this.#file!;
    this.#setup.log.info(`Closing ${this.#location.root}${file.names.inUse}`);
    await file.close();
    this.#file = null;
    this.#isUnderReplicated = false;
    this.#rolled.push(file);
  }

  async #open(): Promise<BucketFile> {
    const { record, counters, fileSystems, finisher, log } = this.#setup;
    const { root } = this.#location;
    const fileSystem = await fileSystems.of(root);
    for (const job of this.#doubtful) await finisher.hasten(job);
    this.#doubtful = [];
    for (let tries = 1; ; tries++) {
      const names = this.#nextNames();
      log.info(`Creating ${root}${names.inUse}`);
      record?.add(root, names.inUse, names.final);
      try {
        const late = () => finisher.recover(root, names, 0);
        this.#file = await BucketFile.create(fileSystem, names, this.#setup, late);
        counters.add('ConnectionCreatedCount', 1);
        return this.#file;
      } catch (error) {
        this.#disown(names, error);
        if (isTaken(error) && tries < NAMES_MAX) continue;
        counters.add('ConnectionFailedCount', 1);
        throw error;
      }
    }
  }

  #nextNames(): FileNames {
    const { clock, names, mark } = this.#setup;
    this.#counter = (this.#counter ?? clock.now()) + 1;
    const name = `${this.#prefix}.${this.#counter}${names.suffix}`;
    const { path } = this.#location;
    const directory = path === '/' ? '' : path;
    return {
      inUse: `${directory}/${names.inUsePrefix}${name}${mark()}${names.inUseSuffix}`,
      final: `${directory}/${name}`,
      suffix: names.suffix,
    };
  }

  /** A name that is taken is somebody else's file. After any other failure it may be there, or come yet. */
  #disown(names: FileNames, error: unknown): void {
    const { record, finisher } = this.#setup;
    const { root } = this.#location;
    if (isTaken(error)) record?.done(root, names.inUse);
    else this.#doubtful.push(finisher.recover(root, names, 0));
  }

  async #checkReplicas(path: string): Promise<void> {
    const { rolls, calls, fileSystems, log } = this.#setup;
    if (rolls.minReplicas < 2) return;
    const fileSystem = await fileSystems.of(this.#location.root);
    const replicas = await calls.run(`replicas of ${path}`, () => fileSystem.replicas(path));
    if (replicas === null || replicas >= rolls.minReplicas) {
      this.#underReplicatedRolls = 0;
      return;
    }
    if (this.#underReplicatedRolls >= UNDER_REPLICATED_ROLLS_MAX) return;
    log.warn('Block Under-replication detected. Rotating file.');
    this.#isUnderReplicated = true;
    this.#underReplicatedRolls++;
    if (this.#underReplicatedRolls < UNDER_REPLICATED_ROLLS_MAX) return;
    log.error(
      `Hit max consecutive under-replication rotations (${UNDER_REPLICATED_ROLLS_MAX}); ` +
        'will not continue rolling files under this path due to under-replication',
    );
  }

  /** What `confirm` would make stay. */
  unconfirmed(): readonly RecordedFile[] {
    const { root } = this.#location;
    const files = this.#file === null ? this.#rolled : [...this.#rolled, this.#file];
    return files.map(({ names: { inUse, final }, committedBytes }) => {
      return { root, inUse, final, length: committedBytes };
    });
  }

  /** What was delivered stays. */
  confirm(): void {
    const { finisher, record, clock } = this.#setup;
    const { root } = this.#location;
    this.#state = 'resting';
    this.#touchedAtMs = clock.now();
    for (const file of this.#rolled.splice(0)) {
      file.confirm();
      record?.commit(root, file.names.inUse, file.confirmedBytes);
      finisher.rename(root, file);
    }
    const file = this.#file;
    if (file === null) return;
    file.confirm();
    record?.commit(root, file.names.inUse, file.confirmedBytes);
  }

  /** Bytes may count or not: the next start knows, and finishes the files. */
  #leave(): void {
    for (const file of [...this.#rolled.splice(0), this.#file]) file?.abandon();
    this.#file = null;
    this.#state = 'resting';
  }

  /**
   * What was delivered failed, here or elsewhere: nothing of it stays. `error` is this bucket's own failure,
   * if it had one.
   */
  rollBack(error: unknown): void {
    if (error instanceof OutcomeUnknown) return this.#leave();
    const { record } = this.#setup;
    const { root } = this.#location;
    this.#state = 'resting';
    for (const file of this.#rolled.splice(0)) this.#cut(file);
    const file = this.#file;
    this.#file = null;
    this.#isUnderReplicated = false;
    if (file === null) return;
    if (isTaken(error) && file.confirmedBytes === 0) {
      file.abandon();
      record?.done(root, file.names.inUse);
    } else {
      this.#cut(file);
    }
  }

  #cut(file: BucketFile): void {
    const job = this.#setup.finisher.cut(this.#location.root, file);
    if (file.confirmedBytes === 0) this.#doubtful.push(job);
  }

  /** Of the file in use. */
  get bodyBytes(): number {
    return this.#file?.bodyBytes ?? 0;
  }

  progress(nowMs: number): ProgressRow {
    const file = this.#file;
    return {
      file: `${this.#location.root}${file?.names.inUse ?? ''}`,
      events: file?.events ?? 0,
      'body bytes': file?.bodyBytes ?? 0,
      'committed bytes': file?.confirmedBytes ?? 0,
      'age ms': file === null ? 0 : nowMs - file.openedAtMs,
    };
  }

  /** When the file is to be closed because of its age or idleness; Infinity: not for these. */
  dueAtMs(): number {
    const file = this.#file;
    if (file === null || this.#state !== 'resting') return Number.POSITIVE_INFINITY;
    const { intervalMs, idleMs, minBodyBytes, maxAgeMs } = this.#setup.rolls;
    const dueAtMs = Math.min(
      intervalMs === 0 ? Number.POSITIVE_INFINITY : file.openedAtMs + intervalMs,
      idleMs === 0 ? Number.POSITIVE_INFINITY : this.#touchedAtMs + idleMs,
    );
    return file.bodyBytes < minBodyBytes ? Math.max(dueAtMs, file.openedAtMs + maxAgeMs) : dueAtMs;
  }

  /**
   * Closes the file to make room for another one. Rejects when a part of the take under way is not safe
   * then.
   */
  async release(): Promise<void> {
    if (this.#state === 'resting') return this.close();
    await this.#roll();
  }

  /** Closes the file behind the back of later takes. The next one's name begins with the clock again. */
  close(): void {
    const file = this.#file;
    this.#file = null;
    this.#counter = null;
    if (file !== null) this.#setup.finisher.close(this.#location.root, file);
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof FileSystemError && error.kind === 'exists';
}
