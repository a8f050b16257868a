/**
 * The checkpoint: which offsets are taken, in a small LMDB environment of its own (`checkpoint.mdb`, one
 * record `state`, msgpack). It is written whole; LMDB keeps the state before until the new one is on the
 * disk. A checkpoint that is lost or damaged costs repeated events, never lost ones: the log's records carry
 * low-water marks, too.
 */
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import '../base/native.ts';
import { Packr } from 'msgpackr';
import { messageOf } from '../base/errors.ts';
import {
  checkFile,
  committed,
  type Disk,
  type Environment,
  inspectFile,
  openEnvironment,
  type Written,
} from './log/environment.ts';
import type { OffsetRange } from './log/ranges.ts';

const NAME = 'checkpoint.mdb';
const KEY = Buffer.from('state');
const MAP_BYTES = 64 * 1024 * 1024;
const VERSION = 1;

export interface CheckpointState {
  readonly low: number;
  readonly ranges: readonly OffsetRange[];
}

const packr = new Packr({ useRecords: false });

export class Checkpoint {
  readonly #environment: Environment;
  /** What was found at the opening; null when there was none that could be read. */
  readonly found: CheckpointState | null;
  /** Why an earlier checkpoint could not be used; it was moved aside. */
  readonly problem: string | null;

  private constructor(environment: Environment, found: CheckpointState | null, problem: string | null) {
    this.#environment = environment;
    this.found = found;
    this.problem = problem;
  }

  static open(directory: string, disk: Disk): Checkpoint {
    mkdirSync(directory, { recursive: true });
    const file = join(directory, NAME);
    let problem: string | null = null;
    try {
      if (existsSync(file)) {
        const { damage } = checkFile(file);
        if (damage !== null) throw new Error(damage);
      }
      const environment = disk.open(file, MAP_BYTES);
      const found = stateIn(environment);
      return new Checkpoint(environment, found, null);
    } catch (error) {
      problem = messageOf(error);
    }
    renameSync(file, `${file}.damaged-${Date.now()}`);
    return new Checkpoint(disk.open(file, MAP_BYTES), null, problem);
  }

  /** What stands there, for those who only look: nothing is made or moved aside. */
  static async read(directory: string): Promise<{ found: CheckpointState | null; problem: string | null }> {
    const file = join(directory, NAME);
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) return { found: null, problem: null };
    let environment: Environment | null = null;
    try {
      const { damage, missingBytes } = inspectFile(file);
      if (damage !== null) throw new Error(damage);
      if (missingBytes > 0) throw new Error(`${missingBytes} bytes are missing at its end`);
      environment = openEnvironment(file, MAP_BYTES, true);
      return { found: stateIn(environment), problem: null };
    } catch (error) {
      return { found: null, problem: messageOf(error) };
    } finally {
      await environment?.close();
    }
  }

  /** Resolves when the state is on the disk. */
  async write(state: CheckpointState): Promise<void> {
    const value = Buffer.from(packr.pack({ version: VERSION, low: state.low, ranges: state.ranges }));
    const written = this.#environment.put(KEY, value) as Written;
    await committed(written);
    await written.flushed;
  }

  async close(): Promise<void> {
    await this.#environment.close();
  }
}

function stateIn(environment: Environment): CheckpointState | null {
  const value = environment.get(KEY);
  if (value === undefined) return null;
  const { version, low, ranges } = packr.unpack(value) as CheckpointState & { version: number };
  if (version !== VERSION) throw new Error(`it has format version ${version}; this version reads ${VERSION}`);
  const isOffset = (one: unknown) => Number.isSafeInteger(one) && (one as number) >= 0;
  if (!isOffset(low) || !Array.isArray(ranges) || !ranges.flat().every(isOffset)) {
    throw new Error('it has no valid state');
  }
  return { low, ranges };
}
