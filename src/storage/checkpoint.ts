/**
 * The checkpoint: which offsets are taken, and up to where the log was on the disk. It is written whole, by
 * each process into a file that it makes at its first checkpoint; LMDB keeps the state before until the new
 * one is on the disk. Files of earlier processes are read by their pages, and deleted then. Taken stays
 * taken: of several states all are right, and what one lacks costs repeated events.
 *
 * Name: `checkpoint-` and a number that grows, `.mdb`. One record:
 *   key `state` · value: msgpack {version, low, ranges, durable} · crc-32 of it (u32, big-endian)
 * Version 1 is read: `checkpoint.mdb`, without `durable` and checksum.
 *
 * A checkpoint that is lost or damaged costs repeated events, never lost ones: the log's records carry
 * low-water marks, too.
 */
import { readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import '../base/native.ts';
import { Packr } from 'msgpackr';
import { messageOf } from '../base/errors.ts';
import { committed, type Disk, type Environment, type Written } from './log/environment.ts';
import { type OffsetRange, TakenOffsets } from './log/ranges.ts';
import { crcOf } from './log/record.ts';
import { type Node, PageDamage, PageFile } from './pages/page-file.ts';
import { nodesAnywhere } from './pages/scan.ts';
import { leafPages } from './pages/tree.ts';
import { makeDirectory } from './sync-directory.ts';

const NAME = /^checkpoint(?:-(\d+))?\.mdb$/;
const KEY = Buffer.from('state');
const KEY_SIZES: ReadonlySet<number> = new Set([KEY.length]);
const MAP_BYTES = 64 * 1024 * 1024;
const VERSION = 2;
const CRC_BYTES = 4;

export interface CheckpointState {
  /** Everything below is taken. */
  readonly low: number;
  /** What is taken above. */
  readonly ranges: readonly OffsetRange[];
  /** Offsets below were on the disk. */
  readonly durable: number;
}

export interface FoundCheckpoint {
  /** Null when there is none that could be read. */
  readonly state: CheckpointState | null;
  /** Why a file could not be read, or not as it was written last; null when all could. */
  readonly problem: string | null;
}

const packr = new Packr({ useRecords: false });

export function isCheckpoint(name: string): boolean {
  return NAME.test(name);
}

export class Checkpoint {
  readonly #directory: string;
  readonly #file: string;
  readonly #disk: Disk;
  readonly found: FoundCheckpoint;
  #environment: Environment | null = null;
  /** Whether the name of the file is on the disk. */
  #isNamed = false;
  /** Files of earlier processes, until this one has written a state. */
  #earlier: readonly string[];

  private constructor(directory: string, files: readonly string[], disk: Disk, found: FoundCheckpoint) {
    const numbers = files.map((file) => Number(NAME.exec(file)![1] ?? 0));
    this.#directory = directory;
    this.#file = join(directory, `checkpoint-${Math.max(0, ...numbers) + 1}.mdb`);
    this.#disk = disk;
    this.#earlier = files.map((file) => join(directory, file));
    this.found = found;
  }

  /** Moves files that are damaged aside. */
  static open(directory: string, disk: Disk): Checkpoint {
    makeDirectory(directory);
    const files = filesIn(directory);
    const found = read(directory, files, (file) => renameSync(file, `${file}.damaged-${Date.now()}`));
    return new Checkpoint(directory, files, disk, found);
  }

  /** What stands there, for those who only look. */
  static look(directory: string): FoundCheckpoint {
    return read(directory, filesIn(directory), () => {});
  }

  /** Resolves when the state is on the disk. */
  async write({ low, ranges, durable }: CheckpointState): Promise<void> {
    const state = packr.pack({ version: VERSION, low, ranges, durable });
    const value = Buffer.alloc(state.length + CRC_BYTES);
    value.set(state);
    value.writeUInt32BE(crcOf(state), state.length);
    this.#environment ??= this.#disk.open(this.#file, MAP_BYTES);
    const written = this.#environment.put(KEY, value) as Written;
    await committed(written);
    await written.flushed;
    if (this.#isNamed) return;
    await this.#disk.syncDirectory(this.#directory);
    this.#isNamed = true;
    for (const file of this.#earlier) {
      rmSync(file, { force: true });
      rmSync(`${file}-lock`, { force: true });
    }
    this.#earlier = [];
  }

  async close(): Promise<void> {
    await this.#environment?.close();
  }
}

function filesIn(directory: string): string[] {
  return readdirSync(directory).filter(isCheckpoint);
}

/** All that the files know. */
function read(
  directory: string,
  files: readonly string[],
  onDamage: (file: string) => void,
): FoundCheckpoint {
  let taken: TakenOffsets | null = null;
  let durable = 0;
  let problem: string | null = null;
  for (const name of files) {
    const file = join(directory, name);
    if (statSync(file).size === 0) continue;
    const found = statesIn(file);
    if (found.problem !== null) {
      problem = found.problem;
      onDamage(file);
    }
    for (const state of found.states) {
      taken ??= new TakenOffsets();
      taken.add(0, state.low);
      for (const [from, to] of state.ranges) taken.add(from, to);
      durable = Math.max(durable, state.durable);
    }
  }
  const state = taken === null ? null : { low: taken.low, ranges: taken.ranges, durable };
  return { state, problem };
}

/** The newest state of a file, or of a damaged one all earlier states that are left in it. */
function statesIn(file: string): {
  readonly states: readonly CheckpointState[];
  readonly problem: string | null;
} {
  const pages = new PageFile(file);
  try {
    const nodes = leafPages(pages).flatMap((page) => pages.leafNodes(page));
    return {
      states: nodes.filter(({ key }) => key.equals(KEY)).map((node) => stateOf(pages, node)),
      problem: null,
    };
  } catch (error) {
    if (!(error instanceof PageDamage)) throw error;
    return { states: salvaged(pages), problem: error.message };
  } finally {
    pages.close();
  }
}

function salvaged(pages: PageFile): CheckpointState[] {
  return [...nodesAnywhere(pages, KEY_SIZES, (key) => key.equals(KEY))].flatMap((node) => {
    try {
      return stateOf(pages, node);
    } catch {
      return [];
    }
  });
}

/** @throws PageDamage */
function stateOf(pages: PageFile, node: Node): CheckpointState {
  const value = pages.value(node);
  const end = value.length - CRC_BYTES;
  const isWhole = end > 0 && crcOf(value.subarray(0, end)) === value.readUInt32BE(end);
  try {
    const state = packr.unpack(isWhole ? value.subarray(0, end) : value) as CheckpointState & {
      version: number;
    };
    if (state.version === VERSION ? isWhole : state.version === 1) return checked(state);
  } catch (error) {
    throw new PageDamage(messageOf(error));
  }
  throw new PageDamage('its state fails its checksum, or is of another version');
}

function checked({ low, ranges, durable = 0 }: CheckpointState): CheckpointState {
  const isOffset = (one: unknown) => Number.isSafeInteger(one) && (one as number) >= 0;
  if (![low, durable].every(isOffset) || !Array.isArray(ranges) || !ranges.flat().every(isOffset)) {
    throw new Error('it has no valid state');
  }
  return { low, ranges, durable };
}
