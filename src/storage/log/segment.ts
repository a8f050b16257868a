/**
 * One segment of the log: an LMDB file that records are appended to, and that is deleted as a whole once all
 * its events are taken. No page is rewritten to remove an event.
 *
 * Name: `segment-` and the offset of its first event as 16 hexadecimal digits, `.mdb`; LMDB's lock beside it
 * with `-lock` at the end. LMDB has it while it is written; before and after that it is read by its pages
 * (segment-reader.ts), so no file that was ever out of this process's hands is opened by LMDB.
 */
import { existsSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../../base/assert.ts';
import { committed, type Disk, type Environment, type Written } from './environment.ts';
import { decodeKey, encodeKey, keyFrom, type RecordKey } from './record.ts';
import { SegmentReader, type StoredRecord } from './segment-reader.ts';

/** LMDB's MDB_APPEND: keys come in order, pages are filled to the end. */
const APPEND = { append: true } as unknown as number;
const NAME = /^segment-([0-9a-f]{16})\.mdb$/;
/** Records and pages of trees beside the data: room that a full segment needs at most. */
const MAP_SLACK_BYTES = 128 * 1024 * 1024;

export function firstOffsetOf(name: string): number | null {
  const match = NAME.exec(name);
  return match === null ? null : Number.parseInt(match[1]!, 16);
}

export class LogSegment {
  readonly file: string;
  readonly first: number;
  /** Appends that have not ended: counted by the directory. */
  underWay = 0;
  readonly #directory: string;
  readonly #bytesMax: number;
  readonly #disk: Disk;
  readonly #reader: SegmentReader;
  #environment: Environment | null = null;
  /** Resolves when the file's name is on the disk. */
  #named: Promise<void> = Promise.resolve();
  /**
   * Resolves when the first record is on the disk. It is put alone, so that a file that was never synced has
   * no other: after a power cut nobody could tell which of them are whole (../pages/tree.ts).
   */
  #first: Promise<void> | null = null;
  #bytes = 0;
  #syncFailed = false;

  /** @param onDamage hears of a damaged tree whose records can be read all the same. */
  constructor(
    directory: string,
    first: number,
    bytesMax: number,
    disk: Disk,
    onDamage: (segment: LogSegment, why: string) => void,
  ) {
    this.file = join(directory, `segment-${first.toString(16).padStart(16, '0')}.mdb`);
    this.first = first;
    this.#directory = directory;
    this.#bytesMax = bytesMax;
    this.#disk = disk;
    this.#reader = new SegmentReader(this.file, first, (why) => onDamage(this, why));
  }

  /** Bytes of the file on the disk; 0 when there is none. */
  get diskBytes(): number {
    return statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /**
   * Nothing more is to be appended. After a sync that failed the kernel may have dropped pages that later
   * ones of the same file would build upon, and a later sync would not say so.
   */
  get isSealed(): boolean {
    return this.#syncFailed || this.#bytes >= this.#bytesMax;
  }

  /** The next segment of the directory has been made. */
  endBefore(first: number): void {
    this.#reader.end = first;
  }

  /** Makes the file, for appending to it. @throws the system's error. */
  create(): Environment {
    if (this.#environment !== null) return this.#environment;
    this.#environment = this.#disk.open(this.file, this.#bytesMax + MAP_SLACK_BYTES);
    this.#named = this.#disk.syncDirectory(this.#directory);
    this.#named.catch(() => {});
    return this.#environment;
  }

  /** Appends a record; resolves when it is on the disk. The value must not change before. */
  async append(key: RecordKey, value: Buffer): Promise<void> {
    const environment = this.create();
    this.#bytes += value.length;
    if (this.#first === null) {
      const first = this.#put(environment, key, value);
      this.#first = first;
      first.catch(() => {
        this.#first = null;
      });
      return first;
    }
    await this.#first;
    return this.#put(environment, key, value);
  }

  async #put(environment: Environment, key: RecordKey, value: Buffer): Promise<void> {
    const written = environment.put(encodeKey(key), value, APPEND) as Written;
    await committed(written);
    try {
      await written.flushed;
      await this.#named;
    } catch (error) {
      this.#syncFailed = true;
      throw error;
    }
  }

  /** Records that end behind `from`, in order. @throws PageDamage when nothing can be read. */
  records(from: number): Iterable<StoredRecord> {
    const environment = this.#environment;
    return environment === null ? this.#reader.records(from) : recordsOf(environment, from);
  }

  /** SegmentReader's, of a segment that is not written. @throws PageDamage when nothing can be read. */
  searchFor(from: number, to: number): void {
    if (this.#environment === null) this.#reader.searchFor(from, to);
  }

  /**
   * Keys from the newest on, of a segment that is not written. @throws PageDamage when nothing can be read.
   */
  keysBackwards(): Iterable<RecordKey> {
    assert(this.#environment === null, 'a segment is written while the log is opened');
    return this.#reader.keysBackwards();
  }

  async close(): Promise<void> {
    this.#reader.close();
    const environment = this.#environment;
    this.#environment = null;
    await environment?.close();
  }

  async remove(): Promise<void> {
    await this.close();
    for (const file of [this.file, `${this.file}-lock`]) {
      if (existsSync(file)) unlinkSync(file);
    }
  }
}

/** The same of a segment that is written now. */
function* recordsOf(environment: Environment, from: number): Iterable<StoredRecord> {
  // A snapshot from before the newest commit would make its events look missing.
  environment.resetReadTxn();
  // The record that `from` stands in begins before it: look back one.
  const before = [...environment.getKeys({ start: keyFrom(from), reverse: true, limit: 1 })][0];
  const previous = before === undefined ? null : decodeKey(before);
  const start =
    previous !== null && previous.first + previous.count > from ? encodeKey(previous) : keyFrom(from);
  for (const { key: bytes, value } of environment.getRange({ start })) {
    const key = decodeKey(bytes);
    if (key !== null) yield { key, value };
  }
}
