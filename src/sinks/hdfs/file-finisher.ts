/**
 * Gives files their final names, behind the back of the takes: what fails is tried again each
 * `hdfs.retryInterval`, up to `hdfs.closeTries` times, and holds up nobody.
 *
 *   a file that is whole          rename
 *   one that is to be closed      close, rename; when the close fails: cut to what was confirmed, rename
 *   one that failed               cut to what was confirmed, rename; nothing was confirmed: delete
 *
 * A file that is to be deleted and is not there may still come, from a server that was slow to hear of it (a
 * DataNode asks for minutes which of two NameNodes is active): it is looked for during LATE_SERVER_MS.
 */
import { crashPoint } from '../../base/crash-points.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { ProgressRow } from '../../component/progress.ts';
import type { BucketFile, FileNames } from './bucket-file.ts';
import type { Calls, Gate } from './calls.ts';
import { type FileSystem, FileSystemError } from './file-system/door.ts';
import type { OpenFileSystems } from './file-systems.ts';
import type { FilesInUse } from './in-use-record.ts';

/** Final names that are tried when the first one is taken. */
const NAMES_MAX = 100;
/** At the soonest. */
const LOOK_AGAIN_MS = 1000;
/** A server does nothing later than that. */
const LATE_SERVER_MS = 180_000;

/** A file that is to be finished. */
export interface Job {
  readonly root: string;
  readonly names: FileNames;
  /** Where it stands: in use, or where its recovery has put it. */
  at: string;
  /** A file that is still to be closed. */
  file: BucketFile | null;
  /** Undefined: nothing is to be cut. Null: all bytes stay, but it may have to be closed. */
  length: number | null | undefined;
  /** Since when it is known not to be there, though it is to be deleted; null: it is not known. */
  missingSinceMs: number | null;
  tries: number;
  /** Of the last try, if it failed. */
  error: unknown;
  timer: NodeJS.Timeout | null;
  running: Promise<void>;
}

export interface FinisherSetup {
  readonly fileSystems: OpenFileSystems;
  readonly calls: Calls;
  readonly gate: Gate;
  readonly record: FilesInUse | null;
  /** A file that cannot be cut waits until it can; otherwise it is finished with what it holds. */
  readonly isExact: boolean;
  readonly triesMax: number;
  readonly retryMs: number;
  readonly log: Logger;
  /** A file was closed, or given up. */
  closed(): void;
  /** What keeps files from being finished; null when nothing does. */
  troubled(reason: string | null): void;
}

export class FileFinisher {
  readonly #setup: FinisherSetup;
  readonly #jobs = new Set<Job>();
  readonly #running = new Set<Promise<void>>();
  #isStopping = false;

  constructor(setup: FinisherSetup) {
    this.#setup = setup;
  }

  /** A file whose takes are all confirmed and that was closed. */
  rename(root: string, file: BucketFile): void {
    this.#setup.closed();
    this.#begin({ root, names: file.names, file: null, length: undefined });
  }

  /** A file whose takes are all confirmed. */
  close(root: string, file: BucketFile): void {
    this.#begin({ root, names: file.names, file, length: undefined });
  }

  /** A file with a take that failed. */
  cut(root: string, file: BucketFile): Job {
    file.abandon();
    this.#setup.closed();
    return this.#begin({ root, names: file.names, file: null, length: file.confirmedBytes });
  }

  /** A file that this sink, or one before it, left: see `InUse.length`. */
  recover(root: string, names: FileNames, length: number | null): Job {
    return this.#begin({ root, names, file: null, length });
  }

  /** Tries once more, now. Rejects while the file cannot be finished. */
  async hasten(job: Job): Promise<void> {
    const isMissing = job.missingSinceMs !== null && job.error === null;
    if (job.timer !== null && !isMissing) {
      clearTimeout(job.timer);
      this.#run(job);
    }
    await job.running;
    if (job.error !== null && this.#jobs.has(job)) throw job.error;
  }

  /** Files that failed and are tried again. */
  get failing(): readonly ProgressRow[] {
    const failing = [...this.#jobs].filter(({ error }) => error !== null);
    return failing.map(({ root, names, tries, error }) => ({
      file: `${root}${names.inUse}`,
      tries,
      failure: messageOf(error),
    }));
  }

  /** Resolves when every file had a last try. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const job of this.#jobs) {
      if (job.timer === null) continue;
      clearTimeout(job.timer);
      this.#run(job);
    }
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #begin(given: Pick<Job, 'root' | 'names' | 'file' | 'length'>): Job {
    const { inUse } = given.names;
    const state = { at: inUse, missingSinceMs: null, tries: 0, error: null, timer: null };
    const job: Job = { ...given, ...state, running: Promise.resolve() };
    this.#jobs.add(job);
    this.#run(job);
    return job;
  }

  #run(job: Job): void {
    job.timer = null;
    const running = this.#setup.gate
      .run(() => this.#attempt(job))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    job.running = running;
  }

  async #attempt(job: Job): Promise<void> {
    const { record, log, triesMax, retryMs } = this.#setup;
    job.tries++;
    try {
      const isDone = await this.#finish(job);
      this.#mended(job);
      if (!isDone && !this.#isStopping) {
        job.timer = setTimeout(() => this.#run(job), Math.max(retryMs, LOOK_AGAIN_MS));
        return;
      }
      this.#jobs.delete(job);
      // Otherwise it stays in the record: the next start looks for it.
      if (isDone) record?.done(job.root, job.names.inUse);
      record?.flush();
    } catch (error) {
      job.error = error;
      const failed = `${job.root}${job.names.inUse} could not be finished: ${messageOf(error)}`;
      if (this.#isStopping || job.tries >= triesMax) {
        // It stays in the record: the next start tries again.
        this.#jobs.delete(job);
        log.error(`${failed}; tried ${job.tries} times, it is left as it is`);
        return;
      }
      log.warn(`${failed}; it is tried again in ${retryMs / 1000} s`, error);
      this.#setup.troubled(failed);
      job.timer = setTimeout(() => this.#run(job), retryMs);
    }
  }

  #mended(job: Job): void {
    if (job.error === null) return;
    job.error = null;
    if (this.failing.length === 0) this.#setup.troubled(null);
  }

  /** False: it is to be looked at again. */
  async #finish(job: Job): Promise<boolean> {
    const fileSystem = await this.#setup.fileSystems.of(job.root);
    if (job.file !== null) await this.#close(job, job.file);
    if (job.length === 0) return await this.#delete(fileSystem, job);
    if (job.length !== undefined && !(await this.#cut(fileSystem, job, job.length))) return true;
    if (job.at !== job.names.final) await this.#rename(fileSystem, job);
    return true;
  }

  async #close(job: Job, file: BucketFile): Promise<void> {
    const { log, closed } = this.#setup;
    log.info(`Closing ${job.root}${job.names.inUse}`);
    job.file = null;
    closed();
    try {
      await file.close();
    } catch (error) {
      log.warn(`${job.root}${job.names.inUse} could not be closed; it is cut to what was committed`, error);
      file.abandon();
      job.length = file.confirmedBytes;
    }
  }

  async #delete(fileSystem: FileSystem, job: Job): Promise<boolean> {
    const { inUse } = job.names;
    if (await this.#setup.calls.run(`delete of ${inUse}`, () => fileSystem.delete(inUse))) return true;
    const nowMs = performance.now();
    job.missingSinceMs ??= nowMs;
    return nowMs - job.missingSinceMs >= LATE_SERVER_MS;
  }

  /** False when there is no such file. */
  async #cut(fileSystem: FileSystem, job: Job, length: number | null): Promise<boolean> {
    const { calls, log, isExact } = this.#setup;
    const path = job.names.inUse;
    try {
      const at = await calls.run(`recovery of ${path}`, () => fileSystem.recover(path, length));
      if (at === null) await this.#tellGone(fileSystem, job);
      else log.info(`Recovered ${job.root}${path}${length === null ? '' : ` at ${length} bytes`}`);
      job.length = undefined;
      job.at = at ?? path;
      return at !== null;
    } catch (error) {
      const kind = error instanceof FileSystemError ? error.kind : 'unavailable';
      if (isExact || length === null || (kind !== 'unsupported' && kind !== 'other')) throw error;
      log.error(`${job.root}${path} keeps what it holds: ${messageOf(error)}`);
      job.length = null;
      return this.#cut(fileSystem, job, null);
    }
  }

  /** A life of the sink that ended may have finished it. */
  async #tellGone(fileSystem: FileSystem, { root, names }: Job): Promise<void> {
    const { calls, log } = this.#setup;
    const { inUse, final } = names;
    const there = await calls.run(`status of ${final}`, () => fileSystem.status(final));
    if (there === null) log.warn(`${root}${inUse} is gone: somebody else moved or removed it`);
    else log.info(`${root}${inUse} has its final name already`);
  }

  async #rename(fileSystem: FileSystem, { root, names, at }: Job): Promise<void> {
    const { calls, log } = this.#setup;
    for (let n = 1; ; n++) {
      const to = n === 1 ? names.final : numbered(names, n);
      log.info(`Renaming ${root}${at} to ${root}${to}`);
      try {
        crashPoint('rename');
        await calls.run(`rename of ${at}`, () => fileSystem.rename(at, to));
        crashPoint('renamed');
        return;
      } catch (error) {
        const kind = error instanceof FileSystemError ? error.kind : 'other';
        if (kind === 'missing') {
          log.warn(`${root}${at} is gone: somebody else moved or removed it`);
          return;
        }
        if (kind !== 'exists' || n === NAMES_MAX) throw error;
      }
    }
  }
}

/** `a.1.gz` → `a.1-2.gz` */
function numbered({ final, suffix }: FileNames, n: number): string {
  return `${final.slice(0, final.length - suffix.length)}-${n}${suffix}`;
}
