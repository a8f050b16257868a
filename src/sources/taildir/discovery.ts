/**
 * Finds files: what was seen in the directories becomes files that are read, go on under another name, or are
 * read to their end because their name is gone.
 */
import { dirname } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Copies } from './copies.ts';
import type { Descriptors } from './descriptors.ts';
import {
  type DirectoryEvents,
  type DirectorySettings,
  type Sighting,
  WatchedDirectory,
} from './directory.ts';
import type { Disk, FileStatus } from './disk.ts';
import type { FileTable } from './file-table.ts';
import type { FileGroup } from './groups.ts';
import { placeOf, type StoredPlace } from './positions.ts';
import { BEGINNING, keyOf, type Place, TailFile, type TailPath } from './tail-file.ts';

export interface DiscoveryParts {
  readonly disk: Disk;
  /** Of Flume's ReliableTaildirEventReader. */
  readonly log: Logger;
  readonly clock: Clock;
  readonly table: FileTable;
  readonly descriptors: Descriptors;
  readonly copies: Copies;
}

export interface DiscoverySettings extends DirectorySettings {
  readonly skipsToEnd: boolean;
}

export interface DiscoveryEvents {
  /** New files, in the order of reading. */
  found(files: readonly TailFile[]): void;
  /** The file may have something new. */
  grew(file: TailFile): void;
  /** A directory cannot be read (with the reason), or can again (null). */
  trouble(directory: string, reason: string | null): void;
}

export class Discovery implements DirectoryEvents {
  readonly #parts: DiscoveryParts;
  readonly #settings: DiscoverySettings;
  readonly #events: DiscoveryEvents;
  readonly directories: readonly WatchedDirectory[];
  /** While the first listing lasts: all that is found by it. */
  #first: TailFile[] | null = [];
  #searching: Promise<void> | null = null;

  constructor(
    groups: readonly FileGroup[],
    parts: DiscoveryParts,
    settings: DiscoverySettings,
    events: DiscoveryEvents,
  ) {
    this.#parts = parts;
    this.#settings = settings;
    this.#events = events;
    const { disk, log } = parts;
    this.directories = [...Map.groupBy(groups, (group) => group.directory)].map(
      ([path, own]) => new WatchedDirectory(path, own, disk, log, this, settings),
    );
  }

  /** Finds all files. @throws when a directory is not there. */
  async open(): Promise<void> {
    for (const directory of this.directories) await directory.open();
    const first = this.#first!;
    this.#first = null;
    first.sort((a, b) => a.group.index - b.group.index || a.mtimeMs - b.mtimeMs);
    await this.#findRenamed();
    for (const place of this.#parts.table.takeUnfound()) {
      this.#parts.log.info(`Missing file: ${place.path}, inode: ${place.ino}, pos: ${place.pos}`);
      if (place.head !== null) {
        const { head, path } = place;
        this.#parts.copies.remember({ head, place: placeOf(place), path });
      }
    }
    this.#events.found(first);
  }

  tick(nowMs: number, elapsedMs: number): void {
    for (const directory of this.directories) directory.tick(nowMs, elapsedMs);
    // Those that were just being opened when they lost their names.
    for (const file of this.#parts.table.nameless) {
      if (file.fd === null && !file.isBusy) this.#searching ??= this.#findLostAnywhere();
    }
  }

  async #findLostAnywhere(): Promise<void> {
    for (const directory of this.directories) await this.#findLost(directory);
    this.#searching = null;
  }

  async poll(): Promise<void> {
    const isDue = (one: WatchedDirectory) => one.isPolled || !this.#settings.cachesNames;
    await Promise.all(this.directories.filter(isDue).map((directory) => directory.poll()));
  }

  async close(): Promise<void> {
    await Promise.all(this.directories.map((directory) => directory.close()));
    await this.#searching;
  }

  grew(file: TailFile): void {
    this.#events.grew(file);
  }

  trouble(directory: WatchedDirectory, reason: string | null): void {
    this.#events.trouble(directory.path, reason);
  }

  async seen(
    directory: WatchedDirectory,
    gone: readonly string[],
    sightings: readonly Sighting[],
  ): Promise<void> {
    for (const name of gone) this.#loseName(directory, name);
    const found: TailFile[] = [];
    for (const sighting of sightings) {
      const file = await this.#settle(directory, sighting);
      if (file !== null) found.push(file);
    }
    if (this.#first !== null) this.#first.push(...found);
    else if (found.length > 0) this.#events.found(found);
    await this.#findLost(directory);
  }

  #loseName(directory: WatchedDirectory, name: string): void {
    const file = directory.names.get(name);
    if (file === undefined) return;
    directory.names.delete(name);
    this.#parts.table.detach(file);
    if (file.fd !== null) this.#events.grew(file);
  }

  /** Returns the file when it is new. */
  async #settle(directory: WatchedDirectory, sighting: Sighting): Promise<TailFile | null> {
    const { table, log } = this.#parts;
    const { name, path, group, status } = sighting;
    const there = directory.names.get(name);
    const known = table.get(keyOf(status));
    if (known !== undefined && there === known) {
      this.#update(known, status);
      return null;
    }
    if (there !== undefined) this.#loseName(directory, name);
    if (known === undefined) return this.#adopt(directory, sighting);
    if (known.home !== null) {
      // Two names for one file: it is read under the first.
      if (await this.#stands(known)) {
        this.#update(known, status);
        return null;
      }
      (known.home as WatchedDirectory).names.delete(known.name);
    }
    log.info(`File ${known.path.text} is now ${path.text}, inode: ${known.ino}, pos: ${known.place.pos}`);
    table.nameless.delete(known);
    table.isChanged = true;
    known.moveTo(path, group, directory, name);
    directory.names.set(name, known);
    if (table.identity === 'inode-path') known.restart(BEGINNING);
    this.#update(known, status);
    this.#events.grew(known);
    return null;
  }

  async #stands(file: TailFile): Promise<boolean> {
    const { bytes, text } = file.path;
    const status = await this.#parts.disk.stat(bytes ?? text).catch(() => null);
    return status !== null && keyOf(status) === file.key;
  }

  #update(file: TailFile, status: FileStatus): void {
    const isSame = file.isAs(status);
    file.size = status.size;
    file.mtimeMs = status.mtimeMs;
    if (!isSame) this.#events.grew(file);
  }

  #adopt(directory: WatchedDirectory, { name, path, group, status }: Sighting): TailFile {
    const { table, log, copies, clock, descriptors } = this.#parts;
    const stored = table.recall(status, path.text);
    const place = this.#placeOf(stored, status, path);
    const file = new TailFile(status, path, group, place, clock.now());
    file.moveTo(path, group, directory, name);
    directory.names.set(name, file);
    table.add(file);
    descriptors.prepare(file);
    if (stored !== null && stored.head !== null) {
      if (place === BEGINNING) {
        copies.remember({ head: stored.head, place: placeOf(stored), path: stored.path });
      } else {
        file.head = stored.head;
        copies.note(file);
      }
    }
    file.isNew = stored === null && place === BEGINNING && table.identity === 'content';
    log.info(`Opening file: ${path.text}, inode: ${status.ino}, pos: ${place.pos}`);
    return file;
  }

  #placeOf(stored: StoredPlace | null, { ino, size }: FileStatus, path: TailPath): Place {
    if (stored === null) {
      return this.#settings.skipsToEnd && this.#first !== null ? { pos: size, tail: null } : BEGINNING;
    }
    const { pos } = stored;
    const { log, table } = this.#parts;
    if (pos > size) {
      log.info(
        `Pos ${pos} is larger than file size! Restarting from pos 0, file: ${path.text}, inode: ${ino}`,
      );
      return BEGINNING;
    }
    log.info(`Updated position, file: ${path.text}, inode: ${ino}, pos: ${pos}`);
    return table.identity === 'content' ? placeOf(stored) : { pos, tail: null };
  }

  /** Files that got a name that matches nothing while nobody was here: they are read to their end. */
  async #findRenamed(): Promise<void> {
    const { table, clock, log } = this.#parts;
    if (table.identity !== 'content') return;
    for (const directory of this.directories) {
      if (!table.storedIn(directory.path)) continue;
      await this.#strangers(directory, (path, status) => {
        const stored = table.recallNameless(status);
        if (stored === null || stored.pos > status.size) return;
        const matchedAs = stored.matchedAs ?? stored.path;
        const group = directory.groupOf(Buffer.from(matchedAs.slice(matchedAs.lastIndexOf('/') + 1)));
        if (group === null) return;
        const file = new TailFile(status, path, group, placeOf(stored), clock.now());
        file.matchedAs = matchedAs;
        file.head = stored.head;
        if (file.head !== null) this.#parts.copies.note(file);
        table.add(file);
        table.detach(file);
        log.info(`File ${stored.path} is now ${path.text}, inode: ${file.ino}, pos: ${stored.pos}`);
        this.#events.grew(file);
      });
    }
  }

  /** Files that are closed and have lost their name: they are looked for under names that match nothing. */
  async #findLost(directory: WatchedDirectory): Promise<void> {
    const { table, descriptors, copies } = this.#parts;
    const isLost = (file: TailFile) =>
      file.fd === null && !file.isBusy && dirname(file.path.text) === directory.path;
    const lost = [...table.nameless].filter(isLost);
    if (lost.length === 0) return;
    const byKey = new Map(lost.map((file) => [file.key, file]));
    const opened: Promise<unknown>[] = [];
    await this.#strangers(directory, (path, status) => {
      const file = byKey.get(keyOf(status));
      if (file === undefined) return;
      file.path = path;
      opened.push(descriptors.openAt(file, path).catch(() => null));
    });
    if (directory.isClosed) return;
    await Promise.all(opened);
    for (const file of lost) {
      if (file.fd !== null) {
        this.#events.grew(file);
      } else if (!file.isBusy && file.home === null) {
        table.remove(file);
        copies.retire(file);
      }
    }
  }

  async #strangers(
    directory: WatchedDirectory,
    visit: (path: TailPath, status: FileStatus) => void,
  ): Promise<void> {
    try {
      await directory.strangers(visit);
    } catch (error) {
      this.#parts.log.debug(`directory ${directory.path} cannot be listed: ${messageOf(error)}`);
    }
  }
}
