/**
 * One directory: which names are in it, and when something happens to them. The system tells (inotify) where
 * it can; names that it told of are looked at one by one, all of them only at the start and now and then, in
 * case something was missed. Elsewhere all names are looked at at every poll.
 */
import type { FSWatcher } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Disk, FileStatus } from './disk.ts';
import type { FileGroup } from './groups.ts';
import { type Home, keyOf, pathOf, type TailFile, type TailPath } from './tail-file.ts';

/** Time in which the names of a directory that is watched are all looked at once. */
const SWEEP_MS = 60_000;
/** How often it is looked whether the directory is still the same, or there again. */
const SELF_CHECK_MS = 1000;
/** Names that are looked at at once. */
const LOOKS_AT_ONCE = 32;
/** A directory's modification time may be this coarse: what came later in the same moment does not show. */
const MTIME_GRAIN_MS = 1000;

/** A name that matches a group, and what stands there. */
export interface Sighting {
  readonly name: string;
  readonly path: TailPath;
  readonly group: FileGroup;
  readonly status: FileStatus;
}

export interface DirectoryEvents {
  /** Names were looked at: those that are gone, and what stands at the others, in the order of reading. */
  seen(directory: WatchedDirectory, gone: readonly string[], sightings: readonly Sighting[]): Promise<void>;
  /** The file was written to. */
  grew(file: TailFile): void;
  /** The directory cannot be read (with the reason), or can again (null). */
  trouble(directory: WatchedDirectory, reason: string | null): void;
}

export interface DirectorySettings {
  readonly watches: boolean;
  readonly cachesNames: boolean;
}

/** Names are kept as their bytes, one character each. */
const BYTES = 'latin1';

export class WatchedDirectory implements Home {
  readonly path: string;
  readonly #groups: readonly FileGroup[];
  readonly #disk: Disk;
  readonly #log: Logger;
  readonly #events: DirectoryEvents;
  readonly #settings: DirectorySettings;
  /** Files found here by their names. */
  readonly names = new Map<string, TailFile>();
  #watcher: FSWatcher | null = null;
  #isToldUnwatched = false;
  #key: string | null = null;
  #listedMs = 0;
  #listedMtimeMs = 0;
  readonly #pending = new Set<string>();
  #isListDue = false;
  #working: Promise<void> | null = null;
  #checkedMs = 0;
  #sweepDebt = 0;
  #sweep: Iterator<string> | null = null;
  #isClosed = false;

  constructor(
    path: string,
    groups: readonly FileGroup[],
    disk: Disk,
    log: Logger,
    events: DirectoryEvents,
    settings: DirectorySettings,
  ) {
    this.path = path;
    this.#groups = groups;
    this.#disk = disk;
    this.#log = log;
    this.#events = events;
    this.#settings = settings;
  }

  /** Whether nobody tells of changes here. */
  get isPolled(): boolean {
    return this.#watcher === null;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Watches first, then lists: nothing happens between. @throws when the directory is not there. */
  async open(): Promise<void> {
    this.#key = keyOf(await this.#disk.stat(this.path));
    if (this.#settings.watches && !(await this.#disk.isRemote(this.path))) this.#watch();
    await this.list();
  }

  #watch(): void {
    try {
      const watcher = this.#disk.watch(this.path, (event, name) => this.#told(event, name));
      watcher.on('error', (error) => this.#unwatch(error));
      this.#watcher = watcher;
    } catch (error) {
      this.#unwatch(error);
    }
  }

  #unwatch(error: unknown): void {
    this.#watcher?.close();
    this.#watcher = null;
    if (this.#isToldUnwatched) return;
    this.#isToldUnwatched = true;
    this.#log.warn(
      `directory ${this.path} cannot be watched and is polled instead: ${messageOf(error)} ` +
        '(raise fs.inotify.max_user_watches, or fs.inotify.max_user_instances, with sysctl and restart the source)',
    );
  }

  #told(event: string, name: string | null): void {
    if (name === null) {
      this.#isListDue = true;
    } else {
      const file = this.names.get(name);
      if (event === 'change' && file !== undefined) {
        file.isHot = true;
        this.#events.grew(file);
        return;
      }
      if (file === undefined && this.groupOf(Buffer.from(name, BYTES)) === null) return;
      this.#pending.add(name);
    }
    void this.#work();
  }

  /** The group of a name; the first one that it matches. */
  groupOf(name: Buffer): FileGroup | null {
    const text = name.toString('utf8');
    return this.#groups.find((group) => group.matches(text)) ?? null;
  }

  /** Looks at everything. */
  async list(): Promise<void> {
    this.#isListDue = true;
    await this.#work();
  }

  /** Looks at these names. */
  check(names: Iterable<string>): void {
    for (const name of names) this.#pending.add(name);
    if (this.#pending.size > 0) void this.#work();
  }

  /** One at a time: what is asked for meanwhile is done afterwards. */
  #work(): Promise<void> {
    this.#working ??= this.#workOff().finally(() => {
      this.#working = null;
    });
    return this.#working;
  }

  async #workOff(): Promise<void> {
    // What comes in the same turn is done together: a rename tells of two names.
    await null;
    while ((this.#isListDue || this.#pending.size > 0) && !this.#isClosed) {
      const isList = this.#isListDue;
      this.#isListDue = false;
      try {
        if (isList) await this.#listAll();
        else await this.#checkPending();
      } catch (error) {
        this.#vanish(messageOf(error));
        return;
      }
    }
  }

  async #listAll(): Promise<void> {
    this.#pending.clear();
    const { mtimeMs } = await this.#disk.stat(this.path);
    const listedMs = Date.now();
    const all = await this.#disk.names(this.path);
    this.#listedMs = listedMs;
    this.#listedMtimeMs = mtimeMs;
    await this.#look(all, true);
  }

  async #checkPending(): Promise<void> {
    const names = [...this.#pending].map((name) => Buffer.from(name, BYTES));
    this.#pending.clear();
    await this.#look(names, false);
  }

  async #look(names: readonly Buffer[], isAll: boolean): Promise<void> {
    const gone = new Set<string>(isAll ? this.names.keys() : names.map((name) => name.toString(BYTES)));
    const sightings: Sighting[] = [];
    await this.statEach(names, (name, status) => {
      const group = this.groupOf(name);
      if (group === null || status.kind !== 'file') return;
      const key = name.toString(BYTES);
      gone.delete(key);
      sightings.push({ name: key, path: pathOf(this.path, name), group, status });
    });
    // Names that were not looked at any more are not gone.
    if (this.#isClosed) return;
    sightings.sort(
      (a, b) =>
        a.group.index - b.group.index || a.status.mtimeMs - b.status.mtimeMs || (a.name < b.name ? -1 : 1),
    );
    const lost = [...gone].filter((name) => this.names.has(name));
    await this.#events.seen(this, lost, sightings);
  }

  /** Looks at names of this directory that match; those that are gone are passed over. */
  async statEach(
    names: readonly Buffer[],
    visit: (name: Buffer, status: FileStatus) => void,
    wanted: (name: Buffer) => boolean = (name) => this.groupOf(name) !== null,
  ): Promise<void> {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < names.length && !this.#isClosed) {
        const name = names[next++]!;
        if (!wanted(name)) continue;
        const path = pathOf(this.path, name);
        const status = await this.#disk.stat(path.bytes ?? path.text).catch(() => null);
        if (status !== null) visit(name, status);
      }
    };
    await Promise.all(Array.from({ length: Math.min(LOOKS_AT_ONCE, names.length) }, lane));
  }

  /** Names in the directory that match no group: a file that was renamed may be among them. */
  async strangers(visit: (path: TailPath, status: FileStatus) => void): Promise<void> {
    const all = await this.#disk.names(this.path);
    await this.statEach(
      all,
      (name, status) => {
        if (status.kind === 'file') visit(pathOf(this.path, name), status);
      },
      (name) => this.groupOf(name) === null,
    );
  }

  #vanish(reason: string): void {
    if (this.#isClosed) return;
    this.#key = null;
    this.#watcher?.close();
    this.#watcher = null;
    this.#pending.clear();
    this.#isListDue = false;
    this.#sweep = null;
    const text = `directory ${this.path} cannot be read: ${reason}`;
    this.#log.warn(`${text}; it is tried again until it can`);
    this.#events.trouble(this, text);
    void this.#events.seen(this, [...this.names.keys()], []);
  }

  /** Called every now and then. */
  tick(nowMs: number, elapsedMs: number): void {
    if (this.#working !== null) return;
    if (nowMs - this.#checkedMs >= SELF_CHECK_MS) {
      this.#checkedMs = nowMs;
      void this.#checkSelf();
      return;
    }
    if (this.#key === null || this.isPolled) return;
    this.#sweepDebt += (this.names.size * elapsedMs) / SWEEP_MS;
    const changed: string[] = [];
    for (; this.#sweepDebt >= 1; this.#sweepDebt--) {
      this.#sweep ??= this.names.keys();
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = null;
        break;
      }
      if (!this.#isAsKnown(next.value)) changed.push(next.value);
    }
    this.check(changed);
  }

  /** At once: of the many names that are looked at in case something was missed, hardly one has changed. */
  #isAsKnown(name: string): boolean {
    const file = this.names.get(name)!;
    try {
      const status = this.#disk.statNow(file.path.bytes ?? file.path.text);
      return status !== null && file.isAs(status);
    } catch {
      return false;
    }
  }

  async #checkSelf(): Promise<void> {
    const status = await this.#disk.stat(this.path).catch(() => null);
    if (this.#isClosed) return;
    if (this.#key !== null && (status === null || keyOf(status) !== this.#key)) {
      this.#vanish(status === null ? 'it is gone' : 'it was replaced');
    }
    if (this.#key !== null || status?.kind !== 'directory') return;
    try {
      await this.open();
      if (this.#key !== null) this.#events.trouble(this, null);
    } catch (error) {
      this.#log.debug(`directory ${this.path} cannot be opened: ${messageOf(error)}`);
    }
  }

  /** Looks at all names, those that are new only when the directory has changed. */
  async poll(): Promise<void> {
    if (this.#key === null || this.#isClosed) return;
    const mtimeMs = (await this.#disk.stat(this.path).catch(() => null))?.mtimeMs ?? Number.NaN;
    const isSame = mtimeMs === this.#listedMtimeMs && this.#listedMs - mtimeMs > MTIME_GRAIN_MS;
    if (this.#settings.cachesNames && isSame) this.check(this.names.keys());
    else this.#isListDue = true;
    await this.#work();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watcher?.close();
    await this.#working;
  }
}
