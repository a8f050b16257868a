/** What stands in the directories of a log by its names: to look at one that somebody else holds. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DirectoryLock, type Holder } from '../lock.ts';
import { QUARANTINE } from './directory.ts';
import { isJournal } from './journal.ts';
import { firstOffsetOf } from './segment.ts';

export interface NamedFile {
  readonly file: string;
  readonly bytes: number;
}

export interface SegmentFile extends NamedFile {
  readonly first: number;
}

export interface DirectoryListing {
  readonly path: string;
  /** In the order of their first offsets. */
  readonly segments: readonly SegmentFile[];
  readonly journals: readonly NamedFile[];
  /** Blocks that failed their checksum. */
  readonly quarantined: readonly NamedFile[];
  /** Segments, or checkpoints, that could not be read. */
  readonly setAside: readonly NamedFile[];
  readonly lock: { readonly holder: Holder; readonly isAlive: boolean } | null;
}

const SET_ASIDE = /\.mdb\.damaged(-\d+)?$/;

/** @throws the error of the system when the directory is not there or cannot be read. */
export function listDirectory(path: string): DirectoryListing {
  const names = readdirSync(path).sort();
  const segments = names.flatMap((name) => {
    const first = firstOffsetOf(name);
    return first === null ? [] : filesOf(path, [name]).map((file) => ({ ...file, first }));
  });
  const quarantine = join(path, QUARANTINE);
  const isThere = statSync(quarantine, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return {
    path,
    segments,
    journals: filesOf(
      path,
      names.filter((name) => isJournal(name)),
    ),
    quarantined: isThere ? filesOf(quarantine, readdirSync(quarantine).sort()) : [],
    setAside: filesOf(
      path,
      names.filter((name) => SET_ASIDE.test(name)),
    ),
    lock: DirectoryLock.look(path),
  };
}

/** An agent that runs deletes segments meanwhile: what has gone is left out. */
function filesOf(folder: string, names: readonly string[]): NamedFile[] {
  return names.flatMap((name) => {
    const file = join(folder, name);
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ file, bytes: stats.size }];
  });
}
