/**
 * Tells whether an agent runs on a directory. Flume's channel has `in_use.lock` open in each of its
 * directories; an agent that ends by itself removes the file, one that is killed leaves it behind. So a file
 * that is there and that no process has open is in nobody's way.
 *
 * The lock itself tells nothing on Linux: Flume tries it twice to see whether locks work, and closing the
 * second descriptor gives the process's lock up.
 *
 * It does not see processes of other machines (NFS) and other containers. Of processes of other users it sees
 * the command line only: a Flume agent among them is a finding. Elsewhere than on Linux it can only warn. The
 * operator stops the agent first in any case; reading beside it loses nothing, but what it still delivers
 * comes twice.
 */
import { type BigIntStats, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../base/errors.ts';
import type { Findings } from './findings.ts';

const LOCK_FILE = 'in_use.lock';
const PROCESSES = '/proc';
const AGENT = 'org.apache.flume.';
const PERHAPS_IN_USE = 'an agent may be running on the directory';

/** @throws MillraceError STORAGE_LOCKED when another process has the lock file of a directory open. */
export function refuseIfHeld(directories: readonly string[], findings: Findings, proc = PROCESSES): void {
  const locks = directories.flatMap((directory) => {
    const path = join(directory, LOCK_FILE);
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? [] : [{ directory, path, stats }];
  });
  if (locks.length === 0) return;
  const processes = namesIn(proc)?.filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  if (processes === undefined || processes.length === 0) {
    const detail = 'open files cannot be listed here, make sure that it was stopped';
    findings.add('warning', PERHAPS_IN_USE, locks[0]!.path, detail);
    return;
  }
  for (const pid of processes) {
    const open = namesIn(join(proc, pid, 'fd'));
    if (open === null) {
      if (!commandOf(join(proc, pid)).includes(AGENT)) continue;
      const detail = `process ${pid} of another user is one, make sure that it is not its`;
      findings.add('warning', PERHAPS_IN_USE, locks[0]!.path, detail);
      continue;
    }
    const files = open.map((fd) => statsOf(join(proc, pid, 'fd', fd)));
    const held = locks.find(({ stats }) => files.some((file) => isSame(file, stats)));
    if (held === undefined) continue;
    throw new MillraceError('STORAGE_LOCKED', `${held.directory} is in use by process ${pid}`, {
      value: held.path,
      remedy: 'stop the Flume agent, then try again',
    });
  }
}

function isSame(a: BigIntStats | null, b: BigIntStats): boolean {
  return a !== null && a.ino === b.ino && a.dev === b.dev;
}

/** Null when it cannot be listed. */
function namesIn(folder: string): string[] | null {
  try {
    return readdirSync(folder);
  } catch {
    return null;
  }
}

/** Null for what is no file, or is closed by now. */
function statsOf(path: string): BigIntStats | null {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return null;
  }
}

function commandOf(folder: string): string {
  try {
    return readFileSync(join(folder, 'cmdline'), 'utf8');
  } catch {
    return '';
  }
}
