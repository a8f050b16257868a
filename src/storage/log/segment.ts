/**
 * One segment of the log: an LMDB file that records are appended to, and that is deleted as a whole once all
 * its events are taken. No page is rewritten to remove an event.
 *
 * Name: `segment-` and the offset of its first event as 16 hexadecimal digits, `.mdb`; LMDB's lock beside it
 * with
 *   `-lock` at the end. A sealed segment is closed until it is read.
 */
import { existsSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { checkFile, committed, type Disk, type Environment, type Written } from './environment.ts';
import { decodeKey, encodeKey, keyFrom, type RecordKey } from './record.ts';

export interface StoredRecord {
  readonly key: RecordKey;
  /** Valid until the next turn of the event loop. */
  readonly value: Buffer;
}

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
  readonly #bytesMax: number;
  readonly #disk: Disk;
  #environment: Environment | null = null;
  #bytes = 0;
  #syncFailed = false;
  /** The file had lost its end when it was opened: the newest records may be gone with it. */
  wasTorn = false;

  constructor(directory: string, first: number, bytesMax: number, disk: Disk) {
    this.file = join(directory, `segment-${first.toString(16).padStart(16, '0')}.mdb`);
    this.first = first;
    this.#bytesMax = bytesMax;
    this.#disk = disk;
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

  /** @throws when the file is no LMDB file, or damaged so that LMDB cannot open it. */
  open(): Environment {
    if (this.#environment !== null) return this.#environment;
    if (existsSync(this.file)) {
      const { damage, missingBytes } = checkFile(this.file);
      if (damage !== null) throw new Error(damage);
      this.wasTorn ||= missingBytes > 0;
    }
    this.#bytes = this.diskBytes;
    this.#environment = this.#disk.open(this.file, Math.max(this.#bytesMax, this.#bytes) + MAP_SLACK_BYTES);
    return this.#environment;
  }

  /** Appends a record; resolves when it is on the disk. The value must not change before. */
  async append(key: RecordKey, value: Buffer): Promise<void> {
    const environment = this.open();
    this.#bytes += value.length;
    const written = environment.put(encodeKey(key), value, APPEND) as Written;
    await committed(written);
    try {
      await written.flushed;
    } catch (error) {
      this.#syncFailed = true;
      throw error;
    }
  }

  /** Records that end behind `from`, in order. */
  records(from: number): Iterable<StoredRecord> {
    return recordsOf(this.open(), from);
  }

  /** Keys from the newest on. */
  keysBackwards(): Iterable<RecordKey> {
    return keysBackwardsOf(this.open());
  }

  async close(): Promise<void> {
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

/** Records of a segment that end behind `from`, in order. */
export function* recordsOf(environment: Environment, from: number): Iterable<StoredRecord> {
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

/** Keys of a segment from the newest on. */
export function* keysBackwardsOf(environment: Environment): Iterable<RecordKey> {
  for (const bytes of environment.getKeys({ reverse: true })) {
    const key = decodeKey(bytes);
    if (key !== null) yield key;
  }
}
