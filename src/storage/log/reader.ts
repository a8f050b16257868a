/**
 * Looks into a log without changing it: where it ends, what is untaken, and each block with what is wrong
 * about it. EventLog's rules for what is delivered and what is passed over, and none of its deeds.
 *
 * It holds the locks of the data directories, so that no channel starts on them meanwhile; on a disk that is
 * read-only it does without. It keeps one segment of each directory open.
 */
import { existsSync, statSync } from 'node:fs';
import { MillraceError, messageOf } from '../../base/errors.ts';
import { Checkpoint, type FoundCheckpoint } from '../checkpoint.ts';
import { DirectoryLock } from '../lock.ts';
import { PageDamage } from '../pages/page-file.ts';
import { type BlockCipher, type Locked, unseal } from './cipher.ts';
import { DAMAGED } from './directory.ts';
import { type FoundJournal, journalFirst, readJournals } from './journal.ts';
import { type DirectoryListing, listDirectory } from './listing.ts';
import type { OffsetRange, TakenOffsets } from './ranges.ts';
import { crcOf, type RecordKey } from './record.ts';
import { recover } from './recovery.ts';
import { SegmentReader, type StoredRecord } from './segment-reader.ts';

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

export interface DamagedFile {
  readonly file: string;
  readonly why: string;
  /** A segment, of which nothing is used or what is whole; or a journal, which says so itself. */
  readonly what: 'segment' | 'part of a segment' | 'journal';
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
      const checkpoint = Checkpoint.look(settings.checkpointDir);
      const { taken, end } = await recover(checkpoint.state, directories);
      return new LogReader(settings, directories, checkpoint, taken, end);
    } catch (error) {
      for (const directory of directories) directory.close();
      throw error;
    }
  }

  private constructor(
    { cipher }: ReaderSettings,
    directories: readonly FrozenDirectory[],
    { state, problem }: FoundCheckpoint,
    taken: TakenOffsets,
    end: number,
  ) {
    this.#cipher = cipher;
    this.#directories = directories;
    this.hasCheckpoint = state !== null;
    this.checkpointProblem = problem;
    this.taken = taken;
    this.end = end;
  }

  /** Segments that are damaged beyond single blocks, of those that were looked at so far. */
  get damaged(): readonly DamagedFile[] {
    return this.#directories.flatMap((directory) => directory.damaged);
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
    let searched = -1;
    let cursors = this.#cursorsAt(expected);
    for (;;) {
      const cursor = cursors.reduce((a, b) => (b.first < a.first ? b : a));
      const first = Math.min(cursor.first, this.end);
      const gone = first > expected ? this.taken.untaken(expected, first) : [];
      if (gone.length > 0 && searched !== expected) {
        searched = expected;
        for (const directory of this.#directories) directory.searchFor(expected, first);
        cursors = this.#cursorsAt(expected);
        continue;
      }
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

  #cursorsAt(from: number): Cursor[] {
    return this.#directories.map((directory) => new Cursor(directory, from));
  }

  #foundIn(key: RecordKey, value: Buffer, untaken: readonly OffsetRange[], file: string): Found {
    if (crcOf(value) !== key.crc) return { what: 'damaged', key, file };
    const block = key.isEncrypted ? unseal(value, this.#cipher) : value;
    if (!Buffer.isBuffer(block)) return { what: 'locked', key, file, ...block };
    return { what: 'block', key, value: block, untaken, file };
  }

  close(): void {
    for (const directory of this.#directories) directory.close();
  }
}

interface FoundRecords {
  readonly file: string;
  readonly records: Iterator<StoredRecord>;
  readonly first: StoredRecord;
}

class FrozenDirectory {
  readonly #segments: SegmentReader[] = [];
  readonly damaged: DamagedFile[] = [];
  /** With the records that are in no segment. */
  #journals: readonly FoundJournal[];
  readonly #lock: DirectoryLock | null;
  #reading: SegmentReader | null = null;

  constructor(path: string, owner: string) {
    listing(path);
    this.#lock = lockOf(path, owner);
    // Looked at again: now nobody deletes a file.
    for (const { file, first } of listing(path).segments) {
      const before = this.#segments.at(-1);
      if (before !== undefined) before.end = first;
      this.#segments.push(
        new SegmentReader(file, first, (why) => this.#damaged(file, why, 'part of a segment')),
      );
    }
    this.#journals = readJournals(path);
    for (const { file, damage } of this.#journals) {
      if (damage !== null) this.damaged.push({ file, why: damage, what: 'journal' });
    }
  }

  #damaged(file: string, why: string, what: DamagedFile['what']): void {
    // An earlier start, or repair, has told and kept it; or the file was closed and read again.
    if (existsSync(`${file}${DAMAGED}`) || this.damaged.some((one) => one.file === file)) return;
    this.damaged.push({ file, why, what });
  }

  /** Nothing of it can be read. */
  #giveUp(segment: SegmentReader, error: unknown): void {
    if (!(error instanceof PageDamage)) throw error;
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    segment.close();
    this.#damaged(segment.file, error.message, 'segment');
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
    for (const segment of this.#segments.toReversed()) {
      try {
        yield* segment.keysBackwards();
      } catch (error) {
        this.#giveUp(segment, error);
      }
      segment.close();
    }
  }

  /** The last segment that begins at or before `from`, else the first. */
  #segmentOf(from: number): number {
    const at = this.#segments.findLastIndex((segment) => segment.first <= from);
    return Math.max(0, at);
  }

  #read(segment: SegmentReader): void {
    if (this.#reading !== segment) this.#reading?.close();
    this.#reading = segment;
  }

  /** Searches segments for records with events of [from, to) that reading passed over. */
  searchFor(from: number, to: number): void {
    for (const segment of this.#segments.slice(this.#segmentOf(from))) {
      if (segment.first >= to) return;
      this.#read(segment);
      try {
        segment.searchFor(from, to);
      } catch (error) {
        this.#giveUp(segment, error);
      }
    }
  }

  /** Records that end behind `from`, in order, of the first segment that has any, else of the journal. */
  recordsFrom(from: number): FoundRecords | null {
    let n = this.#segmentOf(from);
    while (n < this.#segments.length) {
      const segment = this.#segments[n]!;
      this.#read(segment);
      try {
        const records = segment.records(from)[Symbol.iterator]();
        const next = records.next();
        if (!next.done) return { file: segment.file, records, first: next.value };
        n++;
      } catch (error) {
        this.#giveUp(segment, error);
      }
    }
    for (const { file, records } of this.#journals) {
      const behind = records.filter(({ key }) => key.first + key.count > from).values();
      const next = behind.next();
      if (!next.done) return { file, records: behind, first: next.value };
    }
    return null;
  }

  close(): void {
    for (const segment of this.#segments) segment.close();
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
    const next = this.#records!.next();
    if (next.done) this.#open(key.first + key.count);
    else this.record = next.value;
  }
}
