/**
 * A write-ahead log of events over one or more data directories, and what has been taken from it.
 *
 * Limits: offsets stay exact below 2^53 events. A record is one block (BLOCK_BYTES_MAX).
 * Layout: each group of records (all that one `append` brings) goes to the next directory in turn, into its
 *   newest segment (segment.ts), or first to its journal (journal.ts) when it is small; offsets grow over all
 *   directories, each of which holds the log's name (identity.ts). The checkpoint directory holds
 *   the checkpoint (checkpoint.ts).
 * Operations: `append` assigns offsets and resolves when the group is on the disk; groups may overtake each
 *   other there, so `durable` says up to where all are. `read` merges the directories. `take` marks offsets
 *   as taken: the low-water mark travels with the records appended next, and to the checkpoint when none
 *   are. Segments below the low-water mark that is on the disk are deleted as files.
 * Recovery: the newest record of each directory says where the log ends and where gaps may begin; only what
 *   was in flight is looked at. There is no replay. What was in flight and is there is delivered; what is
 *   missing was never acknowledged.
 *
 * It does not bound the backlog (channels do), cache, or know what is in a block. A block that fails its
 * checksum is kept in `quarantine`, reported, and passed over; so is a gap where a segment has gone. A block
 * whose key is not there is neither: reading stops before it.
 */
import { randomUUID } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import { crashPoint } from '../../base/crash-points.ts';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { Numbering } from '../../memory/block/numbering.ts';
import { Checkpoint } from '../checkpoint.ts';
import { type BlockCipher, type Locked, unseal } from './cipher.ts';
import { LogDirectory, type Report } from './directory.ts';
import { type Disk, lmdbDisk } from './environment.ts';
import { nameLog } from './identity.ts';
import type { OffsetRange, TakenOffsets } from './ranges.ts';
import { crcOf, type RecordKey } from './record.ts';
import { recover } from './recovery.ts';
import type { StoredRecord } from './segment-reader.ts';

export interface LogSettings {
  readonly checkpointDir: string;
  readonly dataDirs: readonly string[];
  /** Named in the locks: `agent a1, channel c1`. */
  readonly owner: string;
  readonly segmentBytes: number;
  /** Size of each of the two journal files of a data directory, where small groups go first; 0: none. */
  readonly journalBytes: number;
  /** Appends are refused while a directory's disk has less. */
  readonly freeBytesMin: number;
  /** Longest time for which takes may be known to records only, ms. */
  readonly checkpointMs: number;
  /** Encrypts what is appended; null writes blocks as they are. */
  readonly cipher: BlockCipher | null;
  /** Default: LMDB's files. */
  readonly disk?: Disk;
  readonly report: Report;
}

export interface NewRecord {
  readonly count: number;
  /** Must not change before the append has settled. */
  readonly value: Buffer;
}

/** Where reading stopped for want of a key. */
export interface LockedBlock extends Locked {
  readonly first: number;
  readonly count: number;
}

interface Flight {
  readonly first: number;
  readonly end: number;
  readonly low: number;
  done: boolean;
}

/** After the last record the checkpoint waits so long for another one that would carry its mark. */
const QUIET_MS = 25;
/**
 * While events stay untaken in front of others (a sink holds them), records do not tell of those others: the
 * checkpoint is written so often for them.
 */
const STUCK_MS = 250;
/** After a failed append, time for which further ones are refused. */
const FAILED_MS = 250;
/** How often free space is asked for. */
const SPACE_MS = 500;

export class EventLog {
  readonly #settings: LogSettings;
  readonly #directories: readonly LogDirectory[];
  readonly #checkpoint: Checkpoint;
  readonly #taken: TakenOffsets;
  readonly numbering: Numbering;
  readonly #flights: Flight[] = [];
  #end: number;
  #durable: number;
  #turn = 0;
  /** The low-water mark that is on the disk, in a record or the checkpoint. */
  #lowOnDisk: number;
  /** What the checkpoint on the disk says of `durable`. */
  #durableOnDisk: number;
  #dirty = false;
  #writing: Promise<void> | null = null;
  #checkpointAtMs = 0;
  /** The low-water mark when it last moved, or when a checkpoint was written because it did not. */
  #lowSeen = -1;
  #lowSeenMs = 0;
  #landedMs = 0;
  #releasing: Promise<void> = Promise.resolve();
  #spaceAtMs = 0;
  #spaceError: MillraceError | null = null;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #failure: MillraceError | null = null;

  static async open(settings: LogSettings): Promise<EventLog> {
    const { dataDirs, owner, report, disk = lmdbDisk } = settings;
    const checkpoint = Checkpoint.open(settings.checkpointDir, disk);
    const directories: LogDirectory[] = [];
    try {
      const { state, problem } = checkpoint.found;
      if (problem !== null) {
        report(`The checkpoint in ${settings.checkpointDir} could not be read (${problem})`, 'checkpoint');
      }
      for (const path of dataDirs) {
        directories.push(new LogDirectory(path, owner, settings, disk, report));
      }
      const { taken, end } = await recover(state, directories);
      // Behind the recovery: what it sets aside takes the log's name with it.
      const log = await nameLog(dataDirs);
      const numbering = { log, opening: randomUUID(), low: taken.low, end };
      return new EventLog(settings, directories, checkpoint, taken, numbering);
    } catch (error) {
      for (const directory of directories) await directory.close();
      await checkpoint.close();
      throw error;
    }
  }

  private constructor(
    settings: LogSettings,
    directories: readonly LogDirectory[],
    checkpoint: Checkpoint,
    taken: TakenOffsets,
    numbering: Numbering,
  ) {
    this.#settings = settings;
    this.#directories = directories;
    this.#checkpoint = checkpoint;
    this.#taken = taken;
    this.numbering = numbering;
    this.#end = numbering.end;
    this.#durable = numbering.end;
    this.#lowOnDisk = checkpoint.found.state?.low ?? 0;
    this.#durableOnDisk = checkpoint.found.state?.durable ?? 0;
    this.#release();
  }

  /** Offsets below are on the disk, but for those whose append failed (which count as taken). */
  get durable(): number {
    return this.#durable;
  }

  /** The offset that the next event gets. */
  get end(): number {
    return this.#end;
  }

  get taken(): TakenOffsets {
    return this.#taken;
  }

  get segmentCount(): number {
    return this.#directories.reduce((sum, directory) => sum + directory.segmentCount, 0);
  }

  get diskBytes(): number {
    return this.#directories.reduce((sum, directory) => sum + directory.diskBytes, 0);
  }

  /** Why nothing can be appended now; null when it can. */
  refusal(nowMs: number): MillraceError | null {
    // A disk that fails is not asked again at once: each try makes files and uses up offsets.
    if (nowMs < this.#failedAtMs + FAILED_MS) return this.#failure;
    if (nowMs < this.#spaceAtMs) return this.#spaceError;
    this.#spaceAtMs = nowMs + SPACE_MS;
    this.#spaceError = null;
    for (const directory of this.#directories) {
      const free = directory.freeBytes();
      if (free >= this.#settings.freeBytesMin) continue;
      const text = `Usable space exhausted, only ${free} bytes remaining, required ${this.#settings.freeBytesMin} bytes`;
      const remedy = `free space on the disk of ${directory.path}, or lower minimumRequiredSpace`;
      this.#spaceError = new MillraceError('STORAGE_FULL', text, { value: directory.path, remedy });
    }
    return this.#spaceError;
  }

  /** Appends a group. `settled` resolves when it is on the disk, and rejects when it is not. */
  append(records: readonly NewRecord[]): { readonly first: number; readonly settled: Promise<void> } {
    assert(records.length > 0, 'an empty group');
    crashPoint('append');
    const directory = this.#directories[this.#turn++ % this.#directories.length]!;
    const { cipher } = this.#settings;
    const first = this.#end;
    const { low } = this.#taken;
    const group = records.map(({ count, value }) => {
      const stored = cipher?.seal(value) ?? value;
      const isEncrypted = cipher !== null;
      const key = { first: this.#end, count, crc: crcOf(stored), low, durable: this.#durable, isEncrypted };
      this.#end += count;
      return { key, value: stored };
    });
    const flight: Flight = { first, end: this.#end, low, done: false };
    this.#flights.push(flight);
    return { first, settled: this.#land(flight, directory.append(group)) };
  }

  async #land(flight: Flight, written: Promise<void>): Promise<void> {
    const failure = await written.then(
      () => null,
      (cause: unknown) =>
        new MillraceError('STORAGE_FAILED', `A group of events could not be written: ${messageOf(cause)}`, {
          cause,
        }),
    );
    flight.done = true;
    this.#landedMs = Date.now();
    crashPoint('stored');
    // Nobody is told that these events are there, so nobody gets them.
    if (failure === null) this.#lowOnDisk = Math.max(this.#lowOnDisk, flight.low);
    else this.take(flight.first, flight.end);
    while (this.#flights[0]?.done) this.#durable = this.#flights.shift()!.end;
    this.#release();
    if (failure === null) return;
    this.#failedAtMs = this.#landedMs;
    this.#failure = failure;
    throw failure;
  }

  /**
   * Hands records that hold untaken, durable events from `from` on to `visit`, in order, until it returns
   * false. The value is valid during the call only. Returns the block before which it stopped because its
   * key is missing; null when there was none.
   */
  read(from: number, visit: (key: RecordKey, value: Buffer) => boolean): LockedBlock | null {
    let cursors = this.#cursorsAt(from);
    let rechecked = -1;
    let searched = -1;
    let expected = Math.max(from, this.#taken.low);
    for (;;) {
      const cursor = cursors.reduce((a, b) => (firstOf(b) < firstOf(a) ? b : a));
      const record = cursor.record;
      const first = Math.min(record?.key.first ?? this.#durable, this.#durable);
      if (first > expected && searched !== expected && this.#taken.untaken(expected, first).length > 0) {
        // Nothing is given up after one look; a search takes as long as reading the segment.
        if (rechecked === expected) {
          searched = expected;
          for (const directory of this.#directories) directory.searchFor(expected, first);
        }
        rechecked = expected;
        cursors = this.#cursorsAt(expected);
        continue;
      }
      if (first > expected) this.#missing(expected, first);
      if (record === null || record.key.first >= this.#durable) return null;
      const { key, value } = record;
      const end = key.first + key.count;
      if (end > expected) {
        if (crcOf(value) !== key.crc) this.#quarantine(cursor.directory, key, value);
        else if (this.#taken.untaken(key.first, end).length > 0) {
          const block = key.isEncrypted ? unseal(value, this.#settings.cipher) : value;
          if (!Buffer.isBuffer(block)) return { first: key.first, count: key.count, ...block };
          if (!visit(key, block)) return null;
        }
        expected = end;
      }
      cursor.advance();
    }
  }

  #cursorsAt(from: number): Cursor[] {
    return this.#directories.map((directory) => new Cursor(directory, from));
  }

  #missing(from: number, to: number): void {
    for (const [first, end] of this.#taken.untaken(from, to)) {
      this.take(first, end);
      this.#settings.report(
        `Events ${first} to ${end - 1} (${end - first}) are missing from the log: a segment has gone`,
        'events',
      );
    }
  }

  #quarantine(directory: LogDirectory, key: RecordKey, value: Buffer): void {
    const end = key.first + key.count;
    if (this.#taken.untaken(key.first, end).length === 0) return;
    let place: string;
    try {
      const file = directory.quarantine(key.first, value);
      this.take(key.first, end);
      place = `it is kept in ${file} and passed over`;
    } catch (error) {
      // Not taken, so its segment stays, and it is looked at again after a restart.
      place = `it is passed over and stays in its segment, as it cannot be copied (${messageOf(error)})`;
    }
    const events = `events ${key.first} to ${end - 1} (${key.count})`;
    this.#settings.report(`The block of ${events} fails its checksum: ${place}`, 'events');
  }

  /** Marks [from, to) as taken. */
  take(from: number, to: number): void {
    this.#taken.add(from, to);
    this.#dirty = true;
  }

  /** Marks many ranges as taken, sorted and disjoint. */
  takeAll(ranges: readonly OffsetRange[]): void {
    this.#taken.addAll(ranges);
    this.#dirty = true;
  }

  /** Whether takes are on the disk, in records or the checkpoint. */
  get isClean(): boolean {
    return !this.#dirty && this.#writing === null;
  }

  /** Called often: writes the checkpoint when takes are due to be on the disk by it. */
  maintain(nowMs: number): void {
    if (!this.#dirty || this.#writing !== null) return;
    // While records are written they carry the mark, and a sync of its own would slow them down.
    const quiet = this.#flights.length === 0 && nowMs >= this.#landedMs + QUIET_MS;
    if (!quiet && nowMs < this.#checkpointAtMs && !this.#isStuck(nowMs)) return;
    this.#checkpointAtMs = nowMs + this.#settings.checkpointMs;
    void this.#writeCheckpoint().catch((error: unknown) => {
      this.#dirty = true;
      this.#settings.report(`The checkpoint could not be written: ${messageOf(error)}`, 'checkpoint');
    });
  }

  /** Whether the mark has not moved for a while, so that no record tells of the takes behind it. */
  #isStuck(nowMs: number): boolean {
    const { low, ranges } = this.#taken;
    if (low !== this.#lowSeen || ranges.length === 0) {
      this.#lowSeen = low;
      this.#lowSeenMs = nowMs;
    } else if (nowMs >= this.#lowSeenMs + STUCK_MS) {
      this.#lowSeenMs = nowMs;
      return true;
    }
    return false;
  }

  #writeCheckpoint(): Promise<void> {
    this.#dirty = false;
    crashPoint('checkpoint');
    const { low, ranges } = this.#taken;
    const durable = this.#durable;
    const written = this.#checkpoint
      .write({ low, ranges: [...ranges], durable })
      .then(() => {
        crashPoint('checkpointed');
        this.#durableOnDisk = durable;
        this.#lowOnDisk = Math.max(this.#lowOnDisk, low);
        this.#release();
      })
      .finally(() => {
        this.#writing = null;
      });
    this.#writing = written;
    return written;
  }

  #release(): void {
    const low = this.#lowOnDisk;
    this.#releasing = this.#releasing.then(async () => {
      for (const directory of this.#directories) await directory.release(low);
    });
  }

  /** Waits for what is in flight, writes the checkpoint, and lets the directories go. */
  async close(): Promise<void> {
    while (this.#flights.length > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await this.#writing?.catch(() => {});
    const isTold = !this.#dirty && this.#durable <= this.#durableOnDisk;
    const isKnown = isTold || (await this.#checkpointAtEnd());
    await this.#releasing;
    for (const directory of this.#directories) {
      // Takes that the checkpoint does not know may be known to the journal.
      await directory.settleJournal(!isKnown).catch((error: unknown) => {
        const text = `The journal in ${directory.path} could not be put into a segment: ${messageOf(error)}`;
        this.#settings.report(text, 'checkpoint');
      });
      await directory.close();
    }
    await this.#checkpoint.close();
  }

  async #checkpointAtEnd(): Promise<boolean> {
    try {
      await this.#writeCheckpoint();
      return true;
    } catch (error) {
      this.#settings.report(`The checkpoint could not be written: ${messageOf(error)}`, 'checkpoint');
      return false;
    }
  }
}

/** Where reading stands in one directory. */
class Cursor {
  readonly directory: LogDirectory;
  #records: Iterator<StoredRecord> | null = null;
  record: StoredRecord | null = null;

  constructor(directory: LogDirectory, from: number) {
    this.directory = directory;
    this.#open(from);
  }

  #open(from: number): void {
    this.#records = this.directory.recordsFrom(from)?.[Symbol.iterator]() ?? null;
    const next = this.#records?.next();
    this.record = next === undefined || next.done ? null : next.value;
  }

  advance(): void {
    const { key } = this.record!;
    const next = this.#records!.next();
    if (next.done) this.#open(key.first + key.count);
    else this.record = next.value;
  }
}

function firstOf({ record }: Cursor): number {
  return record?.key.first ?? Number.POSITIVE_INFINITY;
}
