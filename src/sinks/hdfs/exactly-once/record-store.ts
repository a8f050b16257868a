/**
 * The commit records of one log, in a directory beside the data.
 *
 * Layout: `commit-` and a number of 16 digits, one more for each record; the newest one counts. While it is
 *   written a record has a name that ends in `.draft`, and another one each time.
 * Commit: the draft is written, closed and renamed. The rename is the commit point: it makes the record all
 *   at once, and never replaces another one. The record before it is then deleted, behind the commit.
 * Outcome: a rename without an answer may have been done, or may be done yet by a server that is slow. So the
 *   draft is deleted: if it was there, the rename has not been done and cannot be done any more; if it was
 *   not, the record is there. While nobody answers that, nothing is known, and it is asked again.
 * End: whoever does not answer soon is given up, and nothing more is asked of him. What is not known then,
 *   the next start finds out, as after a kill.
 * Recovery: drafts are deleted first, for the same reason; then what is listed is final.
 * Somebody else's: when the next number is taken, or the record before is gone, another writer commits for
 *   the same log (its channel's directories were copied): this one must stop.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError, messageOf } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import type { Calls } from '../calls.ts';
import type { FileStatus, FileSystem, FileSystemError } from '../file-system/door.ts';
import { type CommitRecord, decodeRecord, encodeRecord } from './record.ts';

const DIGITS = 16;
const NAME = /^commit-(\d{16})$/;
const DRAFT = /^commit-\d{16}\.[0-9a-f]+\.draft$/;
/** Of a record: a start reads it whole. No larger one is made. */
export const RECORD_BYTES_MAX = 256 * 1024 * 1024;
/** Between two questions about a rename: from, to. */
const ASK_MS = 200;
const ASK_MS_MAX = 5000;
/** For a record that is under way when the end comes. A file system that is well answers in a few of them. */
const ANSWER_MS = 2000;

interface OldRecord {
  readonly path: string;
  /** Its deletion may have been asked for before: it may be gone. */
  readonly isDoubtful: boolean;
}

/** The end came before it was known whether a record was made. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
}

export interface RecordStoreSetup {
  readonly fileSystem: FileSystem;
  /** Absolute; made with the first record. */
  readonly directory: string;
  /** Of a record: a larger one is not read, and not made. */
  readonly bytesMax: number;
  /** They end when it is not known at the end whether a record is made. */
  readonly calls: Calls;
  readonly log: Logger;
  /** What keeps a commit from going on; null when nothing does. */
  troubled(reason: string | null): void;
}

export class RecordStore {
  readonly #setup: RecordStoreSetup;
  /** Of the newest record; 0: there is none. */
  #number = 0;
  /** Records that the next one makes superfluous. */
  #old: OldRecord[] = [];
  /** A record of ours that somebody else deleted. */
  #robbed: string | null = null;
  #deleting: Promise<void> = Promise.resolve();
  readonly #end = new AbortController();
  #isWriting = false;
  #patience: NodeJS.Timeout | undefined;

  constructor(setup: RecordStoreSetup) {
    this.#setup = setup;
  }

  get place(): string {
    return `${this.#setup.fileSystem.root}${this.#setup.directory}`;
  }

  /** The newest record; null when there is none. @throws when it cannot be read: nothing may be written. */
  async newest(): Promise<CommitRecord | null> {
    const { fileSystem, bytesMax, calls } = this.#setup;
    let found = await this.#list();
    const drafts = found.filter(({ name }) => DRAFT.test(name));
    for (const { name } of drafts) {
      const path = this.#path(name);
      await calls.run(`delete of ${path}`, () => fileSystem.delete(path));
    }
    if (drafts.length > 0) found = await this.#list();
    const records = found.filter(({ name }) => NAME.test(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
    const newest = records.pop();
    if (newest === undefined) return null;
    const path = this.#path(newest.name);
    if (newest.bytes > bytesMax)
      throw this.#unusable(path, `it has ${newest.bytes} bytes, and ${bytesMax} are the limit`);
    const bytes = await calls.run(`read of ${path}`, () => fileSystem.read(path, bytesMax));
    try {
      const record = decodeRecord(bytes);
      this.#number = Number(NAME.exec(newest.name)![1]);
      // Who was killed may have asked for the end of older ones, and be heard late.
      const older = records.map(({ name }) => ({ path: this.#path(name), isDoubtful: true }));
      this.#old = [...older, certain(path)];
      return record;
    } catch (cause) {
      throw this.#unusable(path, messageOf(cause), cause);
    }
  }

  #unusable(path: string, reason: string, cause?: unknown): MillraceError {
    const text = `the commit record ${this.#setup.fileSystem.root}${path} cannot be used: ${reason}`;
    const remedy = `restore it; moving ${this.place} away makes events come twice that it covers`;
    return new MillraceError('SINK_FAILED', text, { value: path, remedy, cause });
  }

  async #list(): Promise<{ readonly name: string; readonly bytes: number }[]> {
    const { fileSystem, directory, calls } = this.#setup;
    const found: readonly FileStatus[] = await calls.run(`list of ${directory}`, () =>
      fileSystem.list(directory),
    );
    return found.map(({ path, length }) => ({
      name: path.slice(path.lastIndexOf('/') + 1),
      bytes: length,
    }));
  }

  #path(name: string): string {
    return `${this.#setup.directory}/${name}`;
  }

  /**
   * Makes the next record; never called twice at a time. Rejects when it is certain that it is not made, and
   * with OutcomeUnknown when that is not known at the end.
   */
  async write(record: CommitRecord): Promise<void> {
    this.#isWriting = true;
    if (this.#end.signal.aborted) this.#losePatience();
    try {
      await this.#write(record);
    } finally {
      this.#isWriting = false;
      clearTimeout(this.#patience);
    }
  }

  async #write(record: CommitRecord): Promise<void> {
    if (this.#robbed !== null) throw await this.#foreign(this.#robbed);
    const number = this.#number + 1;
    const path = this.#path(`commit-${String(number).padStart(DIGITS, '0')}`);
    const draft = `${path}.${randomBytes(6).toString('hex')}.draft`;
    const bytes = encodeRecord(record);
    if (bytes.length > this.#setup.bytesMax) throw this.#tooLarge(path, bytes.length, record);
    await this.#writeDraft(draft, bytes);
    if (!(await this.#rename(draft, path))) throw await this.#foreign(path);
    this.#number = number;
    const old = this.#old;
    this.#old = [certain(path)];
    this.#deleting = this.#deleting.then(() => this.#delete(old));
  }

  /** No start could read it. */
  #tooLarge(path: string, bytes: number, { files, ranges }: CommitRecord): MillraceError {
    const { fileSystem, bytesMax } = this.#setup;
    const text =
      `the commit record ${fileSystem.root}${path} would have ${bytes} bytes, and ${bytesMax} are the limit: ` +
      `files that are not finished: ${files.length}, ranges of events: ${ranges.length}`;
    const remedy = 'mend what `millrace status` shows under `files to finish` and `held back`';
    return new MillraceError('SINK_FAILED', text, { value: path, remedy });
  }

  async #writeDraft(draft: string, bytes: Buffer): Promise<void> {
    const { fileSystem, calls } = this.#setup;
    const file = await calls.run(
      `create of ${draft}`,
      () => fileSystem.create(draft),
      (late) => late.abandon(),
    );
    try {
      await calls.run(`write to ${draft}`, () => file.write([bytes]));
      await calls.run(`close of ${draft}`, () => file.close());
    } catch (error) {
      // It stays a draft: nobody renames it, and the next start deletes it.
      file.abandon();
      throw error;
    }
  }

  /** False: that name is taken. */
  async #rename(draft: string, path: string): Promise<boolean> {
    const { fileSystem, calls, troubled, log } = this.#setup;
    try {
      await calls.run(`rename of ${draft}`, () => fileSystem.rename(draft, path));
      return true;
    } catch (error) {
      const { kind } = error as FileSystemError;
      if (kind === 'exists') return false;
      log.warn(`It is not known whether ${path} was made`, error);
      for (let pauseMs = ASK_MS; ; pauseMs = Math.min(pauseMs * 2, ASK_MS_MAX)) {
        try {
          if (!(await this.#isMade(draft, path))) throw error;
          troubled(null);
          return true;
        } catch (asked) {
          if (asked === error) {
            troubled(null);
            throw error;
          }
          troubled(`it is not known whether the commit record ${path} was made: ${messageOf(asked)}`);
          await this.#pause(pauseMs);
        }
      }
    }
  }

  async #isMade(draft: string, path: string): Promise<boolean> {
    const { fileSystem, calls } = this.#setup;
    if (await calls.run(`delete of ${draft}`, () => fileSystem.delete(draft))) return false;
    // An earlier question may have deleted the draft without an answer: then neither is there.
    return (await calls.run(`status of ${path}`, () => fileSystem.status(path))) !== null;
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#end;
    await sleep(ms, undefined, { signal }).catch(() => {
      // A record that came after it could not be told from it.
      this.#setup.calls.end();
      throw new OutcomeUnknown('the sink stops before it is known whether its last commit was made');
    });
  }

  async #foreign(path: string): Promise<MillraceError> {
    const { fileSystem, bytesMax, calls } = this.#setup;
    let writer = 'somebody else';
    try {
      const read = () => fileSystem.read(path, bytesMax);
      writer = decodeRecord(await calls.run(`read of ${path}`, read)).writer;
    } catch {
      // Whoever it is: it is told that there is one.
    }
    const text =
      `the commit record ${fileSystem.root}${path} was made or deleted by ${writer}: ` +
      'another agent runs on a copy of the directories of this channel';
    const remedy = 'stop one of them; start the one that stays on anew';
    return new MillraceError('SINK_FAILED', text, { value: path, remedy });
  }

  /** Behind a commit: what cannot be deleted is left for later. */
  async #delete(old: readonly OldRecord[]): Promise<void> {
    const { fileSystem, calls, log } = this.#setup;
    for (const { path, isDoubtful } of old) {
      try {
        const wasThere = await calls.run(`delete of ${path}`, () => fileSystem.delete(path));
        if (!wasThere && !isDoubtful) this.#robbed = path;
      } catch (error) {
        this.#old.push({ path, isDoubtful: true });
        log.debug(`${path} is left for now: ${messageOf(error)}`);
      }
    }
  }

  /** No question is asked twice any more, and the record under way is not waited for without an end. */
  end(): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    if (this.#isWriting) this.#losePatience();
  }

  #losePatience(): void {
    this.#patience = setTimeout(() => this.#setup.calls.end(), ANSWER_MS);
  }

  async stop(): Promise<void> {
    this.end();
    await this.#deleting;
  }
}

function certain(path: string): OldRecord {
  return { path, isDoubtful: false };
}
