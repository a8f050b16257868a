/** One file that is read: what it is, under which name it is found, and how far it is delivered. */
import type { FileStatus } from './disk.ts';
import type { FileGroup } from './groups.ts';
import type { Tail } from './print.ts';

/** A path as text, and as bytes where they are not UTF-8. */
export interface TailPath {
  readonly text: string;
  readonly bytes: Buffer | null;
}

export function pathOf(directory: string, name: Buffer): TailPath {
  const text = name.toString('utf8');
  const prefix = directory === '/' ? '/' : `${directory}/`;
  if (Buffer.from(text, 'utf8').equals(name)) return { text: prefix + text, bytes: null };
  return { text: prefix + text, bytes: Buffer.concat([Buffer.from(prefix), name]) };
}

/** How far a file is delivered. Bytes before `pos` are never put again while the file is the same. */
export interface Place {
  readonly pos: number;
  /** The bytes before `pos`; null while nobody has looked at them. */
  readonly tail: Tail | null;
}

export const BEGINNING: Place = { pos: 0, tail: null };

export function keyOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}

/** Where a file is found; null for one whose name is gone or does not match any more. */
export interface Home {
  readonly path: string;
}

/** The text of a file's entry in our position file, of which a part and a brace are the one in Flume's. */
export interface PositionEntry {
  readonly bytes: Buffer;
  readonly plainLength: number;
  /** The file has moved on since. */
  isStale: boolean;
  /** Where it stands in either text. */
  exactAt: number;
  plainAt: number;
}

export class TailFile {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly key: string;
  path: TailPath;
  group: FileGroup;
  home: Home | null;
  /** The path by which it belongs to its group; `path` is another one once it was renamed to no group's. */
  matchedAs: string;
  /** Its name there, a character a byte. */
  name = '';
  place: Place;
  /** Print of the first bytes, once they were delivered. */
  head: string | null = null;
  /** Bytes behind the position that were seen and hold no line end. */
  partial = 0;
  /** Length and modification when it was last looked at from outside. */
  size: number;
  mtimeMs: number;
  /** When it was found or last seen to have grown. */
  changedMs: number;
  /** Since when something has been waiting to be delivered; 0: nothing is. */
  behindMs = 0;
  /** When it was last read or tried. */
  lookedMs = 0;
  fd: number | null = null;
  /** A read or put of it is under way: it stays open. */
  isBusy = false;
  /** The system has just told of a write: what was written stands in memory. */
  isHot = false;
  /** More of it waits than a round reads. */
  hasMuch = false;
  /** Nothing of it was read, and nobody knew it: it may be a copy. */
  isNew = false;
  /** It was idle: what stands without a line end is delivered next. */
  isEnding = false;
  /** It is let go; nothing of it is read any more. */
  isGone = false;
  /** Counts up when reading begins anew: what is under way for an older one does not move the place. */
  epoch = 0;
  /** Why it cannot be read, as it was told. */
  trouble: string | null = null;
  /** Its entry in the position files; null when it has none, or another name now. */
  entry: PositionEntry | null = null;

  constructor(status: FileStatus, path: TailPath, group: FileGroup, place: Place, nowMs: number) {
    this.dev = status.dev;
    this.ino = status.ino;
    this.key = keyOf(status);
    this.size = status.size;
    this.mtimeMs = status.mtimeMs;
    this.path = path;
    this.matchedAs = path.text;
    this.group = group;
    this.home = null;
    this.place = place;
    this.changedMs = nowMs;
  }

  /** Whether this is the file, and all that is known of it is delivered. */
  isAs({ dev, ino, size, mtimeMs }: FileStatus): boolean {
    const isSame = dev === this.dev && ino === this.ino && mtimeMs === this.mtimeMs;
    return isSame && size === this.place.pos + this.partial;
  }

  moveTo(path: TailPath, group: FileGroup, home: Home, name: string): void {
    this.path = path;
    this.matchedAs = path.text;
    this.group = group;
    this.home = home;
    this.name = name;
    this.entry = null;
  }

  advance(place: Place): void {
    this.place = place;
    this.partial = 0;
    if (this.entry !== null) this.entry.isStale = true;
  }

  /** Begins anew at `place`. */
  restart(place: Place): void {
    this.epoch++;
    this.advance(place);
    this.head = null;
    this.isNew = false;
    this.isEnding = false;
  }
}
