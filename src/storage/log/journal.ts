/**
 * The journal of a data directory: small groups of records become durable here, in one short write, and go to
 * a segment later, many at once, if they have not been taken by then. A commit of LMDB is two writes that
 * make its file grow; here one write goes over blocks that the file has already, which costs a disk a third.
 *
 * Limits: groups of up to JOURNAL_GROUP_BYTES; two files of JOURNAL_FILE_BYTES, `journal-0` and `journal-1`.
 * Layout: journal-format.ts.
 * Operations: one write is under way at a time, and takes all that wait for it along. When a file is full the
 *   other one is gone on with; what that still has to keep is put into a segment before (`settle`). Records
 *   below the low-water mark that is on the disk are forgotten. So every record is in a journal file, in a
 *   segment, or was taken, and of the two files the one that is not written always has the marks that say so.
 * Recovery: the records of both files behind the newest one of the segments go on as if they had just been
 *   written; those before it are in a segment, or were taken. A write that did not end was never
 *   acknowledged. After an opening the first write goes to the older file.
 *   A file whose write failed is never written again: what comes then goes to segments at once.
 * Order: a segment gets records in the order of their offsets. Whoever puts one there directly settles what
 *   the journal has before it.
 *
 * A clean end settles everything and removes the files.
 */
import { randomInt } from 'node:crypto';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { crashPoint } from '../../base/crash-points.ts';
import type { Disk } from './environment.ts';
import type { JournalFile } from './journal-file.ts';
import { decodeJournal, encodeWrite, writeBytes } from './journal-format.ts';
import type { RecordKey } from './record.ts';
import type { StoredRecord } from './segment-reader.ts';

/** Larger groups gain nothing: their bytes cost more than a commit does. */
export const JOURNAL_GROUP_BYTES = 32 * 1024;
export const JOURNAL_FILE_BYTES = 4 * 1024 * 1024;
/** What one write takes along. */
const WRITE_BYTES_MAX = 256 * 1024;

/** Groups that wait for a write. */
interface Waiting {
  readonly records: readonly StoredRecord[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface FoundJournal {
  readonly file: string;
  readonly generation: number;
  readonly records: readonly StoredRecord[];
  /** What is wrong with the file, as a sentence; null when nothing is. */
  readonly damage: string | null;
}

/** The journal files of a data directory, the older one first. */
export function readJournals(directory: string): FoundJournal[] {
  const found = [0, 1].map((n) => {
    const file = fileOf(directory, n);
    const { generation, records, damagedAt } = decodeJournal(contentOf(file));
    const damage =
      damagedAt === null ? null : `${file} is damaged at byte ${damagedAt}: what stood there is passed over`;
    return { file, generation, records, damage };
  });
  return found.sort((a, b) => a.generation - b.generation);
}

function fileOf(directory: string, n: number): string {
  return join(directory, `journal-${n}`);
}

/** Whether a journal has that name. */
export function isJournal(name: string): boolean {
  return /^journal-[01]$/.test(name);
}

function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

export class Journal {
  readonly #directory: string;
  readonly #fileBytes: number;
  readonly #disk: Disk;
  /** Puts a record into a segment; resolves when it is on the disk there. */
  readonly #store: (record: StoredRecord) => Promise<void>;
  readonly #files: (JournalFile | null)[] = [null, null];
  /** The file that is written, and where; none is before the first write. */
  #current: number;
  #at = Number.POSITIVE_INFINITY;
  #generation: number;
  #nonce = 0;
  /** Offsets of the records in the other file end here. */
  #otherEnd: number;
  /** In the order of their offsets: what is durable here, and neither in a segment nor taken. */
  #records: StoredRecord[];
  /** Everything below is taken, and that is on the disk. */
  #low = 0;
  #isBroken = false;
  readonly #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #settling: Promise<void> = Promise.resolve();

  constructor(
    directory: string,
    fileBytes: number,
    disk: Disk,
    found: readonly FoundJournal[],
    store: (record: StoredRecord) => Promise<void>,
  ) {
    this.#directory = directory;
    this.#fileBytes = fileBytes;
    this.#disk = disk;
    this.#store = store;
    this.#records = found.flatMap(({ records }) => records);
    const [older, newer] = found as [FoundJournal, FoundJournal];
    this.#generation = newer.generation;
    this.#current = newer.file === fileOf(directory, 0) ? 0 : 1;
    this.#otherEnd = endOf(older.records);
  }

  get isEmpty(): boolean {
    return this.#records.length === 0 && this.#writing === null;
  }

  /** Whether a group belongs here rather than into a segment. */
  takes(bytes: number): boolean {
    return !this.#isBroken && bytes <= Math.min(JOURNAL_GROUP_BYTES, this.#fileBytes >> 2);
  }

  /** Resolves when the records are on the disk. Their values must not change before. */
  append(records: readonly StoredRecord[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, bytes: writeBytes(records), resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    // What else this turn of the event loop appends goes along.
    await null;
    while (this.#waiting.length > 0) {
      const groups = this.#nextGroups();
      try {
        await this.#write(groups.flatMap(({ records }) => records));
        for (const { resolve } of groups) resolve();
      } catch (error) {
        for (const { reject } of groups) reject(error);
      }
    }
    // In the same step as the last look: who appends next begins anew.
    this.#writing = null;
  }

  #nextGroups(): Waiting[] {
    let count = 0;
    const most = Math.min(WRITE_BYTES_MAX, this.#fileBytes);
    for (let bytes = 0; count < this.#waiting.length; count++) {
      bytes += this.#waiting[count]!.bytes;
      if (count > 0 && bytes > most) break;
    }
    return this.#waiting.splice(0, count);
  }

  async #write(records: readonly StoredRecord[]): Promise<void> {
    if (this.#at + writeBytes(records) > this.#fileBytes) await this.#rotate();
    const pass = { generation: this.#generation, nonce: this.#nonce };
    const { bytes, copies } = encodeWrite(records, pass);
    try {
      if (this.#isBroken) throw new Error('an earlier write to the journal failed');
      await this.#files[this.#current]!.write(bytes, this.#at);
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
    const half = this.#fileBytes / 2;
    const isHalfFull = this.#at < half && this.#at + bytes.length >= half;
    this.#at += bytes.length;
    this.#records.push(...copies);
    // Ahead of the other file's turn; what fails is tried again then.
    if (isHalfFull) this.settle(this.#otherEnd).catch(() => {});
  }

  /** Goes on with the other file, from its start. */
  async #rotate(): Promise<void> {
    const next = 1 - this.#current;
    await this.settle(this.#otherEnd);
    crashPoint('journal');
    this.#files[next] ??= await this.#disk.openJournal(fileOf(this.#directory, next), this.#fileBytes);
    this.#otherEnd = endOf(this.#records);
    this.#current = next;
    this.#at = 0;
    this.#generation++;
    this.#nonce = randomInt(2 ** 32);
  }

  /**
   * Resolves when the records that begin before an offset are on the disk in a segment, those apart that are
   * taken. Rejects when they are not; they stay here then.
   */
  settle(before: number): Promise<void> {
    const settled = this.#settling.then(() => this.#settle(before));
    this.#settling = settled.catch(() => {});
    return settled;
  }

  async #settle(before: number): Promise<void> {
    this.#forget(this.#low);
    const records = this.#records.slice(0, this.#countBefore(before));
    if (records.length === 0) return;
    const results = await Promise.allSettled(records.map((record) => this.#store(record)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    crashPoint('settled');
    this.#records.splice(0, this.#countBefore(before));
  }

  #countBefore(offset: number): number {
    const at = this.#records.findIndex(({ key }) => key.first >= offset);
    return at < 0 ? this.#records.length : at;
  }

  /** Resolves when what waits is written, or refused. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** Everything below is taken, and that is on the disk. */
  release(low: number): void {
    this.#low = low;
    this.#forget(low);
  }

  #forget(low: number): void {
    const at = this.#records.findIndex(({ key }) => key.first + key.count > low);
    if (at !== 0) this.#records.splice(0, at < 0 ? this.#records.length : at);
  }

  /**
   * The newest record of the segments begins here: those up to it are there, or were taken. Returns what is
   * left.
   */
  dropUpTo(first: number): readonly StoredRecord[] {
    this.#records = this.#records.filter(({ key }) => key.first > first);
    return this.#records;
  }

  /** Records that end behind `from`, in order; null when there are none. */
  recordsFrom(from: number): readonly StoredRecord[] | null {
    const at = this.#records.findIndex(({ key }) => key.first + key.count > from);
    return at < 0 ? null : this.#records.slice(at);
  }

  /** Of both files. */
  get diskBytes(): number {
    const bytes = (n: number) => statSync(fileOf(this.#directory, n), { throwIfNoEntry: false })?.size ?? 0;
    return bytes(0) + bytes(1);
  }

  async close(): Promise<void> {
    await this.written();
    for (const file of this.#files.splice(0)) await file?.close();
  }

  /** When nothing in it is needed any more. */
  async remove(): Promise<void> {
    await this.close();
    for (const n of [0, 1]) rmSync(fileOf(this.#directory, n), { force: true });
  }
}

/**
 * Keys of all records of a directory, newest first: those of the journal, then those of the segments.
 * `behind` answers with the records of the journal behind the one that begins there.
 */
export async function* journalFirst(
  segments: AsyncGenerator<RecordKey>,
  behind: (newest: number) => readonly StoredRecord[],
): AsyncGenerator<RecordKey> {
  const newest = await segments.next();
  for (const { key } of behind(newest.done ? -1 : newest.value.first).toReversed()) yield key;
  if (newest.done) return;
  yield newest.value;
  yield* segments;
}

function endOf(records: readonly StoredRecord[]): number {
  const last = records.at(-1);
  return last === undefined ? 0 : last.key.first + last.key.count;
}
