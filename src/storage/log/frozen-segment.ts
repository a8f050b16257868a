/**
 * A segment for those who only look: LMDB opens it read-only, and not a byte of it changes. A file that lacks
 * its end is copied to the system's temporary directory and completed there, as checkFile would in place.
 *
 * The caller holds the lock of the directory. What LMDB makes beside the file is removed again.
 */
import { constants, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addZeros, type Environment, inspectFile, openEnvironment } from './environment.ts';
import type { SegmentFile } from './listing.ts';
import type { RecordKey } from './record.ts';
import { keysBackwardsOf, recordsOf, type StoredRecord } from './segment.ts';

/** Beyond the file's size: LMDB maps at least what its last page needs. */
const MAP_SLACK_BYTES = 1024 * 1024;

export class FrozenSegment {
  readonly file: string;
  readonly first: number;
  readonly bytes: number;
  /** Bytes that the file lacks at its end; known once it was opened. */
  missingBytes = 0;
  #environment: Environment | null = null;
  #copy: string | null = null;
  #hadLock = false;

  constructor({ file, first, bytes }: SegmentFile) {
    this.file = file;
    this.first = first;
    this.bytes = bytes;
  }

  /** @throws when LMDB cannot open it. */
  #open(): Environment {
    if (this.#environment !== null) return this.#environment;
    const { damage, missingBytes } = inspectFile(this.file);
    if (damage !== null) throw new Error(damage);
    this.missingBytes = missingBytes;
    this.#hadLock = existsSync(`${this.file}-lock`);
    const file = missingBytes === 0 ? this.file : this.#completeCopy(missingBytes);
    this.#environment = openEnvironment(file, this.bytes + missingBytes + MAP_SLACK_BYTES, true);
    return this.#environment;
  }

  #completeCopy(missingBytes: number): string {
    this.#copy = mkdtempSync(join(tmpdir(), 'millrace-segment-'));
    const file = join(this.#copy, 'segment.mdb');
    copyFileSync(this.file, file, constants.COPYFILE_FICLONE);
    addZeros(file, missingBytes);
    return file;
  }

  /** Records that end behind `from`, in order. A new, empty file has none. */
  records(from: number): Iterable<StoredRecord> {
    return this.bytes === 0 ? [] : recordsOf(this.#open(), from);
  }

  /** Keys from the newest on. */
  keysBackwards(): Iterable<RecordKey> {
    return this.bytes === 0 ? [] : keysBackwardsOf(this.#open());
  }

  async close(): Promise<void> {
    const environment = this.#environment;
    this.#environment = null;
    await environment?.close();
    if (this.#copy !== null) rmSync(this.#copy, { recursive: true, force: true });
    else if (environment !== null && !this.#hadLock) rmSync(`${this.file}-lock`, { force: true });
    this.#copy = null;
  }
}
