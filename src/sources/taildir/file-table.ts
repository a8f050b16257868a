/**
 * All files that are read, by what they are; and places that are known from before, whose file is not found
 * yet.
 */
import type { FileStatus } from './disk.ts';
import type { StoredPlace } from './positions.ts';
import { keyOf, type TailFile } from './tail-file.ts';

export type Identity = 'content' | 'inode-path';

/** Places kept of files that are not there. */
const STORED_MAX = 10_000;

export class FileTable {
  readonly identity: Identity;
  readonly #files = new Map<string, TailFile>();
  readonly #stored = new Map<bigint, StoredPlace[]>();
  /** Files whose name is gone or matches no more; read to their end, then let go. */
  readonly nameless = new Set<TailFile>();
  /** Something changed that belongs into the position files. */
  isChanged = false;
  /**
   * A file is known that the position files do not know at all: were it renamed now, a crash would lose it.
   */
  hasUnknown = false;

  constructor(identity: Identity, stored: readonly StoredPlace[]) {
    this.identity = identity;
    for (const place of stored) {
      const same = this.#stored.get(place.ino);
      if (same === undefined) this.#stored.set(place.ino, [place]);
      else same.push(place);
    }
  }

  get size(): number {
    return this.#files.size;
  }

  get(key: string): TailFile | undefined {
    return this.#files.get(key);
  }

  values(): Iterable<TailFile> {
    return this.#files.values();
  }

  add(file: TailFile): void {
    this.#files.set(file.key, file);
    this.isChanged = true;
  }

  /** Lets a file go; its place is kept for a while, should it come back (a disk that was away). */
  remove(file: TailFile): void {
    file.isGone = true;
    this.nameless.delete(file);
    if (this.#files.get(file.key) === file) this.#files.delete(file.key);
    this.isChanged = true;
    const { ino, dev, place, path, matchedAs, head } = file;
    const { pos, tail } = place;
    if (pos === 0) return;
    this.#stored.delete(ino);
    this.#stored.set(ino, [{ ino, dev, pos, tail: tail?.print ?? null, path: path.text, matchedAs, head }]);
    if (this.#stored.size > STORED_MAX) this.#stored.delete(this.#stored.keys().next().value!);
  }

  /** A file has lost its name. */
  detach(file: TailFile): void {
    file.home = null;
    file.entry = null;
    this.nameless.add(file);
    this.isChanged = true;
  }

  /**
   * What is known from before about a file that was found, once. By content: the same inode, whatever its
   * name; the fingerprint is looked at when it is read. Without one, and by inode and path: as in Flume,
   * the path must be the same, too.
   */
  recall(status: FileStatus, path: string): StoredPlace | null {
    const stored = this.#stored.get(status.ino);
    if (stored === undefined) return null;
    const fits = (place: StoredPlace) =>
      place.path === path || (this.identity === 'content' && place.tail !== null);
    const at = [
      stored.findIndex((place) => fits(place) && place.dev === status.dev),
      stored.findIndex((place) => fits(place) && place.path === path),
      stored.findIndex(fits),
    ].find((index) => index >= 0);
    if (at === undefined) return null;
    const [place] = stored.splice(at, 1);
    if (stored.length === 0) this.#stored.delete(status.ino);
    return place!;
  }

  /** The same for a file under another name, by fingerprint only. */
  recallNameless(status: FileStatus): StoredPlace | null {
    if (this.#files.has(keyOf(status)) || !this.#stored.has(status.ino)) return null;
    return this.recall(status, '');
  }

  /** Places whose file was not found, and which are given up hereby. */
  takeUnfound(): readonly StoredPlace[] {
    const places = [...this.#stored.values()].flat();
    this.#stored.clear();
    return places;
  }

  /** Whether places wait for their file in `directory`. */
  storedIn(directory: string): boolean {
    for (const places of this.#stored.values()) {
      if (
        places.some(({ path, tail }) => tail !== null && path.slice(0, path.lastIndexOf('/')) === directory)
      ) {
        return true;
      }
    }
    return false;
  }
}
