/**
 * Files that are passed over, each with why and how far it was read: `.millrace-set-aside.json` in the
 * tracker directory, so that a start of the agent goes on with them where they were. All are tried again at a
 * start, as Flume does with the one that stopped it; and before when what was wrong with them is over.
 *
 * Limit: FILES_MAX. When that many files are wrong, the configuration is.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import { type FileState, stateOf } from './spool-file.ts';

export const SET_ASIDE_FILE = '.millrace-set-aside.json';
export const FILES_MAX = 1000;

/** How often it is looked whether a file can be tried again, and for each file at least. */
const CHECK_MS = 1000;
const CHECK_MS_A_FILE = 10;
/** A file that was written to is tried again when it has not been for this time. */
const QUIET_MS = 10_000;

export type SetAsideWhy =
  | 'changed' // written to while it was read
  | 'name-taken' // what marks it as read is there already
  | 'unreadable' // the system does not let it be opened or read
  | 'damaged'; // what it holds cannot be understood

export interface SetAsideFile {
  readonly file: string;
  readonly why: SetAsideWhy;
  readonly reason: string;
  /** From where reading goes on. */
  readonly offset: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: string;
  /** ISO 8601. */
  readonly since: string;
}

interface Held {
  readonly entry: SetAsideFile;
  /** It is to be tried again. */
  isOpen: boolean;
}

export class SetAside {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #held = new Map<string, Held>();
  #checkAtMs = 0;

  constructor(trackerDir: string, clock: Clock, log: Logger) {
    this.#path = join(trackerDir, SET_ASIDE_FILE);
    this.#clock = clock;
    this.#log = log;
  }

  /** Files of before: all are tried again. */
  async load(): Promise<void> {
    let entries: readonly SetAsideFile[] = [];
    try {
      entries = (JSON.parse(await readFile(this.#path, 'utf8')) as { files: SetAsideFile[] }).files;
      for (const entry of entries.slice(0, FILES_MAX)) this.#held.set(entry.file, { entry, isOpen: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      this.#log.warn(`${this.#path} cannot be read (${messageOf(error)}): the files in it are read anew`);
    }
  }

  get count(): number {
    return this.#held.size;
  }

  /** Whether the file is passed over. */
  has(file: string): boolean {
    return this.#held.get(file)?.isOpen === false;
  }

  get(file: string): SetAsideFile | undefined {
    return this.#held.get(file)?.entry;
  }

  /** Files that are passed over. */
  get entries(): readonly SetAsideFile[] {
    return [...this.#held.values()].filter(({ isOpen }) => !isOpen).map(({ entry }) => entry);
  }

  /** For the status; null when no file is passed over. */
  summary(): string | null {
    const { entries } = this;
    const last = entries.at(-1);
    if (last === undefined) return null;
    const more = entries.length === 1 ? '' : `, and ${entries.length - 1} more in ${this.#path}`;
    return `set aside: ${last.reason}${more}`;
  }

  add(entry: SetAsideFile): void {
    this.#held.delete(entry.file);
    this.#held.set(entry.file, { entry, isOpen: false });
  }

  /** Whether there was something to forget. */
  forget(file: string): boolean {
    return this.#held.delete(file);
  }

  async save(): Promise<void> {
    const files = [...this.#held.values()].map(({ entry }) => entry);
    const temporary = `${this.#path}.tmp`;
    await writeFile(temporary, `${JSON.stringify({ files }, null, 2)}\n`);
    await rename(temporary, this.#path);
  }

  /**
   * Opens files for which it is worth to be tried again, and forgets those that are gone. True when the
   * record on the disk is out of date. `markOf` is what marks a file as read.
   */
  async check(markOf: (file: string) => string): Promise<boolean> {
    const nowMs = this.#clock.now();
    if (nowMs < this.#checkAtMs || this.#held.size === 0) return false;
    this.#checkAtMs = nowMs + Math.max(CHECK_MS, CHECK_MS_A_FILE * this.#held.size);
    let changed = false;
    for (const [file, held] of this.#held) {
      const state = await stateOf(file).catch(() => undefined);
      if (state === undefined) continue;
      if (state === null) {
        // One that is tried again, too: a crash may have come between its end and the record.
        this.#held.delete(file);
        changed = true;
      } else if (!held.isOpen && (await isWorthATry(held.entry, state, nowMs, markOf))) {
        held.isOpen = true;
        this.#log.info(`${file} is tried again; it was set aside: ${held.entry.reason}`);
      }
    }
    return changed;
  }
}

async function isWorthATry(
  entry: SetAsideFile,
  state: FileState,
  nowMs: number,
  markOf: (file: string) => string,
): Promise<boolean> {
  const isQuiet = nowMs - state.mtimeMs >= QUIET_MS;
  const isOther = state.inode !== entry.inode;
  switch (entry.why) {
    case 'changed':
      // Grown: the rest is read. Written over: only the operator knows what is right.
      return (
        isQuiet &&
        (isOther || state.size > entry.size || (state.size > entry.offset && entry.size === state.size))
      );
    case 'name-taken':
      return (await stateOf(markOf(entry.file)).catch(() => undefined)) === null;
    case 'unreadable':
      return nowMs - Date.parse(entry.since) >= QUIET_MS;
    case 'damaged':
      return isQuiet && (isOther || state.size !== entry.size || state.mtimeMs !== entry.mtimeMs);
  }
}
