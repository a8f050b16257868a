/**
 * Tells whether an agent holds a directory. Flume's channel locks `in_use.lock` in each of its directories, by
 * fcntl; an agent that ends by itself removes the file, one that is killed leaves it behind unlocked. Node cannot
 * ask for such locks, but Linux lists them in /proc/locks by device and inode.
 *
 * It does not see the locks of other machines (NFS) and of containers with processes of their own: the operator
 * stops the agent first in any case.
 */
import { type BigIntStats, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../base/errors.ts';
import type { Findings } from './findings.ts';

const LOCK_FILE = 'in_use.lock';
const LOCKS = '/proc/locks';

/** A line of /proc/locks: `1: POSIX  ADVISORY  WRITE 708 fe:01:1234 0 EOF`; waiting ones have an arrow. */
const HELD = /^\d+: (\w+) +\w+ +\w+ +(-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+) /;

export interface HeldLock {
  readonly pid: number;
  /** Whether the device is the same, too. On some file systems (Btrfs, overlay) it never is. */
  readonly sameDevice: boolean;
}

/** The locks on an inode in the text of /proc/locks. */
export function locksOn(text: string, { dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): readonly HeldLock[] {
  const major = Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn));
  const minor = Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n));
  return text.split('\n').flatMap((line) => {
    const found = HELD.exec(line);
    if (found === null || BigInt(found[5]!) !== ino) return [];
    const sameDevice = Number.parseInt(found[3]!, 16) === major && Number.parseInt(found[4]!, 16) === minor;
    return [{ pid: Number(found[2]), sameDevice }];
  });
}

/** @throws MillraceError STORAGE_LOCKED when a process holds one of the directories. */
export function refuseIfHeld(directories: readonly string[], findings: Findings): void {
  for (const directory of directories) {
    const path = join(directory, LOCK_FILE);
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stats === undefined) continue;
    const text = textOf(LOCKS);
    if (text === null) {
      const detail = 'no /proc/locks here: make sure that no agent runs on this directory';
      findings.add('warning', 'it is not known whether the lock is held', path, detail);
      continue;
    }
    const holder = locksOn(text, stats).find((lock) => lock.sameDevice || hasOpen(lock.pid, stats));
    if (holder === undefined) continue;
    throw new MillraceError('STORAGE_LOCKED', `${directory} is in use by process ${holder.pid}`, {
      value: path,
      remedy: 'stop the Flume agent, then try again',
    });
  }
}

/** Whether a process has the file open; false when it may not be asked. */
function hasOpen(pid: number, { ino, dev }: BigIntStats): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => {
      const one = statSync(join(folder, fd), { bigint: true, throwIfNoEntry: false });
      return one !== undefined && one.ino === ino && one.dev === dev;
    });
  } catch {
    return false;
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
