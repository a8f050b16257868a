/** One data directory of a log: its segments in order, the last of them open for appending. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { crashPoint } from '../../base/crash-points.ts';
import { messageOf } from '../../base/errors.ts';
import { DirectoryLock } from '../lock.ts';
import { PageDamage } from '../pages/page-file.ts';
import { makeDirectory, syncDirectoryNow } from '../sync-directory.ts';
import type { Disk } from './environment.ts';
import { forgetName } from './identity.ts';
import { Journal, journalFirst, readJournals } from './journal.ts';
import type { RecordKey } from './record.ts';
import { firstOffsetOf, LogSegment } from './segment.ts';
import type { StoredRecord } from './segment-reader.ts';

/** Folder of blocks that failed their checksum, in a data directory. */
export const QUARANTINE = 'quarantine';

/** End of the second name of a segment that is damaged. */
export const DAMAGED = '.damaged';

/** Hears what was found broken: events that are passed over, or the checkpoint. */
export type Report = (text: string, what: 'events' | 'checkpoint') => void;

export interface DirectorySizes {
  readonly segmentBytes: number;
  /** Of each of the two files of the journal; 0: none. */
  readonly journalBytes: number;
}

/** So many more groups go past the journal after a large one: each change of ways costs a sync. */
const PAST_JOURNAL_GROUPS = 16;

export class LogDirectory {
  readonly path: string;
  readonly #segmentBytes: number;
  readonly #lock: DirectoryLock;
  readonly #disk: Disk;
  readonly #report: Report;
  /** In order of their first offsets; the last one is appended to, if `#isOpen`. */
  readonly #segments: LogSegment[] = [];
  #isOpen = false;
  readonly #journal: Journal;
  /** Ends when every group for a segment that waited for the journal has been given to one. */
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Groups that still go past the journal, whatever their size. */
  #pastJournal = 0;
  /** Sealed segments that are open for reading are closed when reading has left them. */
  #reading: LogSegment | null = null;

  constructor(path: string, owner: string, sizes: DirectorySizes, disk: Disk, report: Report) {
    makeDirectory(path);
    this.path = path;
    this.#segmentBytes = sizes.segmentBytes;
    this.#disk = disk;
    this.#report = report;
    this.#lock = DirectoryLock.acquire(path, owner);
    const firsts = readdirSync(path).flatMap((name) => firstOffsetOf(name) ?? []);
    for (const first of firsts.sort((a, b) => a - b)) {
      this.#add(this.#segmentAt(first));
    }
    const found = readJournals(path);
    for (const { damage } of found) if (damage !== null) this.#lost(damage);
    this.#journal = new Journal(path, sizes.journalBytes, disk, found, (record) => this.#store(record));
  }

  #segmentAt(first: number): LogSegment {
    const damaged = (segment: LogSegment, why: string) => this.#keepDamaged(segment, why);
    return new LogSegment(this.path, first, this.#segmentBytes, this.#disk, damaged);
  }

  #add(segment: LogSegment): void {
    this.#segments.at(-1)?.endBefore(segment.first);
    this.#segments.push(segment);
  }

  /** Records may have gone, and with them the numbers that they had. */
  #lost(text: string): void {
    forgetName(this.path);
    this.#report(text, 'events');
  }

  /** Keys of the newest records, newest first. */
  newestKeys(): AsyncIterable<RecordKey> {
    return journalFirst(this.#newestInSegments(), (newest) => this.#journal.dropUpTo(newest));
  }

  /** Segments that cannot be read are moved aside. */
  async *#newestInSegments(): AsyncGenerator<RecordKey> {
    for (let n = this.#segments.length - 1; n >= 0; n--) {
      const segment = this.#segments[n]!;
      let any = false;
      try {
        for (const key of segment.keysBackwards()) {
          any = true;
          yield key;
        }
      } catch (error) {
        if (!(error instanceof PageDamage)) throw error;
        this.#setAside(segment, error.message);
        continue;
      }
      await segment.close();
      // Made, and nothing written to it before the end.
      if (!any) {
        this.#segments.splice(n, 1);
        await segment.remove();
      }
    }
  }

  /** Nothing of it can be read. */
  #setAside(segment: LogSegment, why: string): void {
    renameSync(segment.file, `${segment.file}${DAMAGED}`);
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    void segment.remove();
    const aside = `it is set aside as ${segment.file}${DAMAGED}`;
    this.#lost(`${segment.file} cannot be read (${why}): ${aside}`);
  }

  /** Its tree is damaged: the file stays under a second name when its events are taken and it is deleted. */
  #keepDamaged(segment: LogSegment, why: string): void {
    const aside = `${segment.file}${DAMAGED}`;
    // An earlier start has told.
    if (existsSync(aside)) return;
    let kept = `it is kept as ${aside}`;
    try {
      linkAside(segment.file);
    } catch (error) {
      kept = `it cannot be kept as ${aside} (${messageOf(error)})`;
    }
    this.#lost(`${segment.file} is damaged (${why}): the records that are whole are used; ${kept}`);
  }

  /** Appends a group; resolves when all of it is on the disk. Values must not change before. */
  append(records: readonly StoredRecord[]): Promise<void> {
    const bytes = records.reduce((sum, { value }) => sum + value.length, 0);
    if (!this.#journal.takes(bytes)) this.#pastJournal = PAST_JOURNAL_GROUPS;
    else if (this.#pastJournal === 0) return this.#journal.append(records);
    else this.#pastJournal--;
    return this.#waiting === 0 && this.#journal.isEmpty
      ? this.#storeAll(records)
      : this.#storeBehindJournal(records);
  }

  /** A segment gets its records in order: those of the journal come before. */
  async #storeBehindJournal(records: readonly StoredRecord[]): Promise<void> {
    this.#waiting++;
    const given = this.#turn.then(async () => {
      await this.#journal.written();
      await this.#journal.settle(records[0]!.key.first);
      return { stored: this.#storeAll(records) };
    });
    this.#turn = given.catch(() => {}).finally(() => this.#waiting--);
    await (await given).stored;
  }

  async #storeAll(records: readonly StoredRecord[]): Promise<void> {
    const results = await Promise.allSettled(records.map((record) => this.#store(record)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #store({ key, value }: StoredRecord): Promise<void> {
    let active = this.#isOpen ? this.#segments.at(-1)! : null;
    if (active === null || active.isSealed) {
      if (active !== null && active !== this.#reading) void this.#closeWhenQuiet(active);
      if (active !== null) crashPoint('roll');
      active = this.#segmentAt(key.first);
      // What cannot be made is not looked for when events are read.
      active.create();
      this.#add(active);
      this.#isOpen = true;
    }
    await this.#track(active, active.append(key, value));
  }

  async #track(segment: LogSegment, written: Promise<void>): Promise<void> {
    segment.underWay++;
    try {
      await written;
    } finally {
      if (--segment.underWay === 0) await this.#closeWhenQuiet(segment);
    }
  }

  /** A sealed segment needs neither memory nor a map while nobody writes or reads it. */
  async #closeWhenQuiet(segment: LogSegment): Promise<void> {
    const isActive = this.#isOpen && segment === this.#segments.at(-1);
    if (isActive || segment === this.#reading || segment.underWay > 0) return;
    await segment.close();
  }

  /**
   * Records that end behind `from`, in order, of the segment that `from` stands in, or of the journal; null
   * when there are none.
   */
  recordsFrom(from: number): Iterable<StoredRecord> | null {
    for (let n = this.#segmentOf(from); n < this.#segments.length; n++) {
      const segment = this.#segments[n]!;
      this.#read(segment);
      try {
        const records = segment.records(from)[Symbol.iterator]();
        const first = records.next();
        if (!first.done) return continued(first.value, records);
      } catch (error) {
        if (!(error instanceof PageDamage)) throw error;
        this.#setAside(segment, error.message);
        n--;
      }
    }
    return this.#journal.recordsFrom(from);
  }

  /** Searches segments for records with events of [from, to) that reading passed over. */
  searchFor(from: number, to: number): void {
    for (const segment of this.#segments.slice(this.#segmentOf(from))) {
      if (segment.first >= to) return;
      this.#read(segment);
      try {
        segment.searchFor(from, to);
      } catch (error) {
        if (!(error instanceof PageDamage)) throw error;
        this.#setAside(segment, error.message);
      }
    }
  }

  #read(segment: LogSegment): void {
    const before = this.#reading;
    if (before === segment) return;
    this.#reading = segment;
    if (before !== null) void this.#closeWhenQuiet(before);
  }

  /** The last segment that begins at or before `from`, else the first. */
  #segmentOf(from: number): number {
    const at = this.#segments.findLastIndex((segment) => segment.first <= from);
    return Math.max(0, at);
  }

  /** Deletes the segments whose events are all below `low`. The one that is appended to stays. */
  async release(low: number): Promise<void> {
    this.#journal.release(low);
    while (this.#segments.length > 1 && this.#segments[1]!.first <= low) {
      const segment = this.#segments[0]!;
      // A segment's events end before its successor's begin, in this directory; others may hold some between.
      if (segment.underWay > 0) return;
      this.#segments.shift();
      if (this.#reading === segment) this.#reading = null;
      crashPoint('delete');
      await segment.remove();
      crashPoint('deleted');
    }
  }

  get segmentCount(): number {
    return this.#segments.length;
  }

  get diskBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.diskBytes, this.#journal.diskBytes);
  }

  freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Keeps a block that fails its checksum; on the disk, as its segment may be deleted. Returns its file. */
  quarantine(first: number, value: Buffer): string {
    const folder = join(this.path, QUARANTINE);
    makeDirectory(folder);
    const file = join(folder, `block-${first}`);
    const fd = openSync(file, 'w');
    try {
      for (let done = 0; done < value.length; ) done += writeSync(fd, value, done);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    syncDirectoryNow(folder);
    return file;
  }

  /**
   * Puts what the journal has into a segment, at the end, and removes its files unless they are to be kept.
   * Rejects when that fails: the journal has its records then.
   */
  async settleJournal(keep: boolean): Promise<void> {
    await this.#turn;
    await this.#journal.settle(Number.POSITIVE_INFINITY);
    if (!keep) await this.#journal.remove();
  }

  async close(): Promise<void> {
    await this.#journal.close();
    for (const segment of this.#segments) await segment.close();
    this.#lock.release();
  }
}

function* continued<T>(first: T, rest: Iterator<T>): Iterable<T> {
  yield first;
  for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
}

/** A second name, which is on the disk before the first may go. */
function linkAside(file: string): void {
  linkSync(file, `${file}${DAMAGED}`);
  syncDirectoryNow(dirname(file));
}
