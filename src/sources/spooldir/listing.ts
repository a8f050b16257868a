/**
 * The files of the spooling directory that are to be read, in the order in which they are.
 *
 * A directory that has not changed since it was read is not read again: one full of files that were read
 * already costs a look at its time of modification. It is read again after RELIST_MS in any case, since times
 * of a file server are not to be relied upon.
 */
import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import type { JavaPattern } from '../../base/java/regex.ts';
import type { Logger } from '../../base/log.ts';

/** A directory that changed less than this before it was read may have changed after it, too. */
const SETTLED_MS = 2000;
const RELIST_MS = 30_000;
/** Files whose attributes are asked for at once. */
const STATS_AT_ONCE = 64;
/** Names of what is passed over that are remembered, so that each is told once. */
const TOLD_MAX = 1000;

export interface Candidate {
  /** Below spoolDir as it was configured, as Flume writes it. */
  readonly path: string;
  readonly mtimeMs: number;
  readonly size: number;
}

export interface ListingSettings {
  readonly spoolDir: string;
  readonly trackerDir: string;
  readonly fileSuffix: string;
  /** Null for any name. */
  readonly include: JavaPattern | null;
  readonly ignore: JavaPattern;
  readonly recursive: boolean;
  readonly order: 'oldest' | 'youngest' | 'random';
  /** Files that were read are known by an empty file in trackerDir. */
  readonly marksInTracker: boolean;
  /** A part of the directory cannot be read; called once for each. */
  readonly onFailure: (text: string, error: unknown) => void;
  readonly log: Logger;
}

interface KnownDirectory {
  readonly mtimeMs: number;
  readonly readAtMs: number;
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

export class Listing {
  readonly #settings: ListingSettings;
  readonly #spool = new Map<string, KnownDirectory>();
  readonly #tracker = new Map<string, KnownDirectory>();
  readonly #told = new Set<string>();
  #foundNone = false;

  constructor(settings: ListingSettings) {
    this.#settings = settings;
  }

  /** @throws the system's error when spoolDir itself cannot be read. */
  async list(): Promise<Candidate[]> {
    const { spoolDir, trackerDir, marksInTracker, fileSuffix } = this.#settings;
    const spool = new Walk(this.#spool, (name) => this.#isWanted(name), this.#descends);
    await spool.walk(spoolDir, this.#failed);
    let changed = spool.changed;
    const marks = new Set<string>();
    if (marksInTracker) {
      const tracker = new Walk(
        this.#tracker,
        (name) => name.endsWith(fileSuffix),
        () => true,
      );
      await tracker.walk(trackerDir, this.#failed).catch(() => {});
      changed ||= tracker.changed;
      for (const path of tracker.files) marks.add(path.slice(trackerDir.length));
    }
    if (!changed && this.#foundNone) return [];
    const paths =
      marks.size === 0
        ? spool.files
        : spool.files.filter((path) => !marks.has(path.slice(spoolDir.length) + fileSuffix));
    const candidates = await this.#withTimes(paths);
    this.#foundNone = candidates.length === 0;
    return this.#sorted(candidates);
  }

  #isWanted(name: string): boolean {
    const { fileSuffix, include, ignore } = this.#settings;
    return (
      !name.endsWith(fileSuffix) &&
      !name.startsWith('.') &&
      (include?.matches(name) ?? true) &&
      !ignore.matches(name)
    );
  }

  readonly #descends = (name: string): boolean =>
    this.#settings.recursive && !name.startsWith('.') && !this.#settings.ignore.matches(name);

  readonly #failed = (path: string, error: unknown): void => {
    const text = `I/O exception occurred while listing directories. ${path}: ${messageOf(error)}`;
    if (this.#tellOnce(text)) this.#settings.onFailure(text, error);
  };

  #tellOnce(text: string): boolean {
    if (this.#told.has(text)) return false;
    if (this.#told.size >= TOLD_MAX) this.#told.clear();
    this.#told.add(text);
    return true;
  }

  async #withTimes(paths: readonly string[]): Promise<Candidate[]> {
    const found: Candidate[] = [];
    for (let i = 0; i < paths.length; i += STATS_AT_ONCE) {
      const some = await Promise.all(paths.slice(i, i + STATS_AT_ONCE).map((path) => this.#candidate(path)));
      for (const one of some) if (one !== null) found.push(one);
    }
    return found;
  }

  async #candidate(path: string): Promise<Candidate | null> {
    let stats: Stats;
    try {
      stats = await stat(path);
    } catch (error) {
      // Gone since it was listed; or its name is no UTF-8 and was listed as another one.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#failed(path, error);
      else if (path.includes('\ufffd') && this.#tellOnce(path)) {
        this.#settings.log.warn(`The name of ${path} is not UTF-8: it is passed over; rename the file`);
      }
      return null;
    }
    if (stats.isFile()) return { path, mtimeMs: Math.floor(stats.mtimeMs), size: stats.size };
    if (this.#tellOnce(path)) this.#settings.log.warn(`${path} is not a plain file: it is passed over`);
    return null;
  }

  #sorted(candidates: Candidate[]): Candidate[] {
    const { order } = this.#settings;
    if (order === 'random') return candidates;
    const sign = order === 'oldest' ? 1 : -1;
    return candidates.sort(
      (a, b) =>
        sign * (a.mtimeMs - b.mtimeMs) ||
        compare(basename(a.path), basename(b.path)) ||
        compare(a.path, b.path),
    );
  }
}

/** Java's order of strings. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Reads a tree, but for what has not changed. */
class Walk {
  readonly files: string[] = [];
  changed = false;
  readonly #known: Map<string, KnownDirectory>;
  readonly #isWanted: (name: string) => boolean;
  readonly #descends: (name: string) => boolean;
  readonly #seen = new Set<string>();

  constructor(
    known: Map<string, KnownDirectory>,
    isWanted: (name: string) => boolean,
    descends: (name: string) => boolean,
  ) {
    this.#known = known;
    this.#isWanted = isWanted;
    this.#descends = descends;
  }

  /** @throws when `root` cannot be read; other directories that cannot are told to `failed`. */
  async walk(root: string, failed: (directory: string, error: unknown) => void): Promise<void> {
    const open = [root];
    for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
      try {
        const known = await this.#directory(directory);
        for (const name of known.files) this.files.push(below(directory, name));
        // The last one is taken first.
        for (const name of known.directories.toReversed()) open.push(below(directory, name));
      } catch (error) {
        this.#known.delete(directory);
        this.changed = true;
        if (directory === root) throw error;
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') failed(directory, error);
      }
    }
    for (const directory of this.#known.keys()) if (!this.#seen.has(directory)) this.#known.delete(directory);
  }

  async #directory(directory: string): Promise<KnownDirectory> {
    this.#seen.add(directory);
    const nowMs = Date.now();
    const { mtimeMs } = await stat(directory);
    const known = this.#known.get(directory);
    if (known?.mtimeMs === mtimeMs && nowMs - known.readAtMs < RELIST_MS) return known;
    const entries = await readdir(directory, { withFileTypes: true });
    const read = this.#sort(entries, mtimeMs, nowMs);
    this.changed = true;
    if (nowMs - mtimeMs > SETTLED_MS) this.#known.set(directory, read);
    else this.#known.delete(directory);
    return read;
  }

  #sort(entries: readonly Dirent[], mtimeMs: number, readAtMs: number): KnownDirectory {
    const files: string[] = [];
    const directories: string[] = [];
    for (const entry of entries) {
      const { name } = entry;
      if (entry.isDirectory()) {
        if (this.#descends(name)) directories.push(name);
      } else if (this.#isWanted(name)) files.push(name);
    }
    return { mtimeMs, readAtMs, files, directories };
  }
}

/** Without `join`'s care for dots: paths stay as they were configured. */
function below(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}
