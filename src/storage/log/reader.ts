/**
 * Looks into a log without changing it: where it ends, what is untaken, and each block with what is wrong
 * about it. EventLog's rules for what is delivered and what is passed over, and none of its deeds.
 *
 * It holds the locks of the data directories, so that no channel starts on them meanwhile; on a disk that is
 * read-only it does without. It keeps one segment of each directory open.
 *
 * It does not see a block that LMDB itself loses on a damaged page: such a segment is unreadable from there.
 */
import { statSync } from 'node:fs';
import { MillraceError, messageOf } from '../../base/errors.ts';
import { Checkpoint } from '../checkpoint.ts';
import { DirectoryLock } from '../lock.ts';
import { type BlockCipher, type Locked, unseal } from './cipher.ts';
import { FrozenSegment } from './frozen-segment.ts';
import { type FoundJournal, journalFirst, readJournals } from './journal.ts';
import { type DirectoryListing, listDirectory } from './listing.ts';
import type { OffsetRange, TakenOffsets } from './ranges.ts';
import { crcOf, type RecordKey } from './record.ts';
import { recover } from './recovery.ts';
import type { StoredRecord } from './segment.ts';

export interface ReaderSettings {
  readonly checkpointDir: string;
  readonly dataDirs: readonly string[];
  /** Named in the locks. */
  readonly owner: string;
  readonly cipher: BlockCipher | null;
}

/** What stands next in the log, in the order of offsets. */
export type Found =
  | {
      readonly what: 'block';
      readonly key: RecordKey;
      /** Decrypted; valid during the call only. */
      readonly value: Buffer;
      readonly untaken: readonly OffsetRange[];
      readonly file: string;
    }
  | { readonly what: 'damaged'; readonly key: RecordKey; readonly file: string }
  | ({ readonly what: 'locked'; readonly key: RecordKey; readonly file: string } & Locked)
  | { readonly what: 'missing'; readonly ranges: readonly OffsetRange[] };

export interface UnreadableFile {
  readonly file: string;
  readonly why: string;
}

export class LogReader {
  /** Why the checkpoint could not be read; null when it could, or when there is none. */
  readonly checkpointProblem: string | null;
  readonly hasCheckpoint: boolean;
  readonly taken: TakenOffsets;
  /** The offset that the next event would get. */
  readonly end: number;
  readonly #directories: readonly FrozenDirectory[];
  readonly #cipher: BlockCipher | null;

  /** @throws STORAGE_LOCKED; CONF_OPTION_VALUE when a directory is not there. */
  static async open(settings: ReaderSettings): Promise<LogReader> {
    const directories: FrozenDirectory[] = [];
    try {
      for (const path of settings.dataDirs) directories.push(new FrozenDirectory(path, settings.owner));
      const checkpoint = await Checkpoint.read(settings.checkpointDir);
      const { taken, end } = await recover(checkpoint.found, directories);
      return new LogReader(settings, directories, checkpoint, taken, end);
    } catch (error) {
      for (const directory of directories) await directory.close();
      throw error;
    }
  }

  private constructor(
    { cipher }: ReaderSettings,
    directories: readonly FrozenDirectory[],
    { found, problem }: Awaited<ReturnType<typeof Checkpoint.read>>,
    taken: TakenOffsets,
    end: number,
  ) {
    this.#cipher = cipher;
    this.#directories = directories;
    this.hasCheckpoint = found !== null;
    this.checkpointProblem = problem;
    this.taken = taken;
    this.end = end;
  }

  /** Segments that cannot be read, of those that were looked at so far. */
  get unreadable(): readonly UnreadableFile[] {
    return this.#directories.flatMap((directory) => directory.unreadable);
  }

  /** Segments that lack their end, of those that were looked at so far. */
  get torn(): readonly FrozenSegment[] {
    return this.#directories.flatMap((directory) =>
      directory.segments.filter((segment) => segment.missingBytes > 0),
    );
  }

  /** The newest record that has untaken events; null when there is none. */
  async newestUntaken(): Promise<RecordKey | null> {
    let newest: RecordKey | null = null;
    for (const directory of this.#directories) {
      for await (const key of directory.newestKeys()) {
        if (newest !== null && key.first < newest.first) break;
        if (this.taken.untaken(key.first, key.first + key.count).length === 0) continue;
        newest = key;
        break;
      }
    }
    return newest;
  }

  /**
   * Hands on what holds untaken events from `from` on until `visit` returns false. Returns where to go on;
   * `end` when all was seen. It is to be called again from there after a turn of the event loop: values and
   * cursors do not outlive one.
   */
  walk(from: number, visit: (found: Found) => boolean): number {
    let expected = Math.max(from, this.taken.low);
    const cursors = this.#directories.map((directory) => new Cursor(directory, expected));
    for (;;) {
      const cursor = cursors.reduce((a, b) => (b.first < a.first ? b : a));
      const first = Math.min(cursor.first, this.end);
      const gone = first > expected ? this.taken.untaken(expected, first) : [];
      expected = Math.max(expected, first);
      if (gone.length > 0 && !visit({ what: 'missing', ranges: gone })) return expected;
      if (cursor.record === null || first >= this.end) return this.end;
      const { key, value } = cursor.record;
      const end = key.first + key.count;
      if (end > expected) {
        const untaken = this.taken.untaken(expected, end);
        expected = end;
        if (untaken.length > 0 && !visit(this.#foundIn(key, value, untaken, cursor.file))) return expected;
      }
      cursor.advance();
    }
  }

  #foundIn(key: RecordKey, value: Buffer, untaken: readonly OffsetRange[], file: string): Found {
    if (crcOf(value) !== key.crc) return { what: 'damaged', key, file };
    const block = key.isEncrypted ? unseal(value, this.#cipher) : value;
    if (!Buffer.isBuffer(block)) return { what: 'locked', key, file, ...block };
    return { what: 'block', key, value: block, untaken, file };
  }

  async close(): Promise<void> {
    for (const directory of this.#directories) await directory.close();
  }
}

interface FoundRecords {
  readonly file: string;
  readonly records: Iterator<StoredRecord>;
  readonly first: StoredRecord;
}

class FrozenDirectory {
  readonly segments: FrozenSegment[];
  readonly unreadable: UnreadableFile[] = [];
  /** With the records that are in no segment. */
  #journals: readonly FoundJournal[];
  readonly #lock: DirectoryLock | null;
  #reading: FrozenSegment | null = null;

  constructor(path: string, owner: string) {
    listing(path);
    this.#lock = lockOf(path, owner);
    // Looked at again: now nobody deletes a file.
    this.segments = listing(path).segments.map((file) => new FrozenSegment(file));
    this.#journals = readJournals(path);
    for (const { file, damage } of this.#journals)
      if (damage !== null) this.unreadable.push({ file, why: damage });
  }

  newestKeys(): AsyncIterable<RecordKey> {
    return journalFirst(this.#newestInSegments(), (newest) => {
      this.#journals = this.#journals.map((one) => ({
        ...one,
        records: one.records.filter(({ key }) => key.first > newest),
      }));
      return this.#journals.flatMap(({ records }) => records);
    });
  }

  async *#newestInSegments(): AsyncGenerator<RecordKey> {
    for (const segment of this.segments.toReversed()) {
      try {
        yield* segment.keysBackwards();
      } catch (error) {
        this.#giveUp(segment, error);
      }
      await segment.close();
    }
  }

  #giveUp(segment: FrozenSegment, error: unknown): void {
    this.segments.splice(this.segments.indexOf(segment), 1);
    this.unreadable.push({ file: segment.file, why: messageOf(error) });
    void segment.close();
  }

  /** The rest of the segment that is read now cannot be. */
  giveUpReading(error: unknown): void {
    const segment = this.#reading!;
    this.#reading = null;
    this.#giveUp(segment, error);
  }

  /** Records that end behind `from`, in order, of the first segment that has any, else of the journal. */
  recordsFrom(from: number): FoundRecords | null {
    let n = Math.max(
      0,
      this.segments.findLastIndex((segment) => segment.first <= from),
    );
    while (n < this.segments.length) {
      const segment = this.segments[n]!;
      if (this.#reading !== segment) void this.#reading?.close();
      this.#reading = segment;
      try {
        const records = segment.records(from)[Symbol.iterator]();
        const next = records.next();
        if (!next.done) return { file: segment.file, records, first: next.value };
        n++;
      } catch (error) {
        this.giveUpReading(error);
      }
    }
    for (const { file, records } of this.#journals) {
      const behind = records.filter(({ key }) => key.first + key.count > from).values();
      const next = behind.next();
      if (!next.done) return { file, records: behind, first: next.value };
    }
    return null;
  }

  async close(): Promise<void> {
    for (const segment of this.segments) await segment.close();
    this.#lock?.release();
  }
}

function listing(path: string): DirectoryListing {
  try {
    return listDirectory(path);
  } catch (cause) {
    const why = statSync(path, { throwIfNoEntry: false }) === undefined ? 'does not exist' : messageOf(cause);
    throw new MillraceError('CONF_OPTION_VALUE', `data directory ${path}: ${why}`, {
      option: 'dataDirs',
      value: path,
      remedy: 'name the directories that the channel has, all of them',
      cause,
    });
  }
}

function lockOf(path: string, owner: string): DirectoryLock | null {
  try {
    return DirectoryLock.acquire(path, owner);
  } catch (error) {
    if ((error as { code?: string }).code === 'EROFS') return null;
    throw error;
  }
}

/** Where reading stands in one directory. */
class Cursor {
  readonly #directory: FrozenDirectory;
  #records: Iterator<StoredRecord> | null = null;
  record: StoredRecord | null = null;
  file = '';

  constructor(directory: FrozenDirectory, from: number) {
    this.#directory = directory;
    this.#open(from);
  }

  get first(): number {
    return this.record?.key.first ?? Number.POSITIVE_INFINITY;
  }

  #open(from: number): void {
    const found = this.#directory.recordsFrom(from);
    this.#records = found?.records ?? null;
    this.record = found?.first ?? null;
    this.file = found?.file ?? '';
  }

  advance(): void {
    const { key } = this.record!;
    let next: IteratorResult<StoredRecord>;
    try {
      next = this.#records!.next();
    } catch (error) {
      this.#directory.giveUpReading(error);
      this.#open(key.first + key.count);
      return;
    }
    if (next.done) this.#open(key.first + key.count);
    else this.record = next.value;
  }
}
