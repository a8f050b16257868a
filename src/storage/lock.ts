/**
 * One directory, one owner: the file `in_use.lock` names who holds it. A lock whose process is gone is taken
 * over, and so is one of the same owner in the same process (its worker died and came back).
 */
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { MillraceError } from '../base/errors.ts';

const NAME = 'in_use.lock';
const ATTEMPTS = 5;

export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in ticks since boot where the system tells: pids are given out again. */
  readonly started: string;
  readonly owner: string;
}

export class DirectoryLock {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
  }

  /** @throws STORAGE_LOCKED, naming the holder. */
  static acquire(directory: string, owner: string): DirectoryLock {
    const file = join(directory, NAME);
    const mine: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid), owner };
    const draft = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    writeFileSync(draft, `${JSON.stringify(mine)}\n`);
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (tryLink(draft, file)) return new DirectoryLock(file);
        const holder = holderOf(file);
        if (holder !== null && isAlive(holder, mine)) throw lockedBy(directory, holder);
        takeAway(file);
      }
      throw lockedBy(directory, holderOf(file));
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** Who holds the directory, or held it and has gone without letting go; null when nobody does. */
  static look(directory: string): { readonly holder: Holder; readonly isAlive: boolean } | null {
    const holder = holderOf(join(directory, NAME));
    if (holder === null) return null;
    const mine: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid), owner: '' };
    return { holder, isAlive: isAlive(holder, mine) };
  }

  release(): void {
    rmSync(this.#file, { force: true });
  }
}

function tryLink(draft: string, file: string): boolean {
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return false;
    throw error;
  }
}

/** Moved away first: only one of several takers finds it. */
function takeAway(file: string): void {
  const away = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, away);
    unlinkSync(away);
  } catch {
    // Another one was quicker.
  }
}

function holderOf(file: string): Holder | null {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Holder;
    return typeof holder.pid === 'number' ? holder : null;
  } catch {
    return null;
  }
}

function isAlive(holder: Holder, mine: Holder): boolean {
  if (holder.host !== mine.host) return true;
  if (holder.pid === mine.pid && holder.started === mine.started) return holder.owner !== mine.owner;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
  return startOf(holder.pid) === holder.started;
}

function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

export function nameOf({ owner, pid, host }: Holder): string {
  return `${owner} (process ${pid} on ${host})`;
}

function lockedBy(directory: string, holder: Holder | null): MillraceError {
  const who = holder === null ? 'another process' : nameOf(holder);
  return new MillraceError('STORAGE_LOCKED', `${directory} is in use by ${who}`, {
    value: directory,
    remedy: `stop that one, or give each channel directories of its own; when it is gone for good, remove ${join(directory, NAME)}`,
  });
}
