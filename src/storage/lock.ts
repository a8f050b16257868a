/**
 * One directory, one owner: the file `in_use.lock` names who holds it, and the system's lock of
 * `in_use.lock.db` beside it tells whether that one lives. A lock whose process is gone is taken over, also
 * one of another container or host; so is one of the same owner in the same process (its worker died and
 * came back). Where the system has no such locks, a process of the same host is looked for, and one of
 * another host counts as alive.
 */
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { MillraceError } from '../base/errors.ts';
import { SystemLock } from './system-lock.ts';

const NAME = 'in_use.lock';
const SYSTEM_NAME = 'in_use.lock.db';
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
  readonly #system: SystemLock | null;
  #isReleased = false;

  private constructor(file: string, system: SystemLock | null) {
    this.#file = file;
    this.#system = system;
  }

  /** @throws STORAGE_LOCKED, naming the holder. */
  static acquire(directory: string, owner: string): DirectoryLock {
    const file = join(directory, NAME);
    const mine = myself(owner);
    const draft = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    writeFileSync(draft, `${JSON.stringify(mine)}\n`);
    const taken = SystemLock.take(join(directory, SYSTEM_NAME));
    const system = taken === 'held' ? null : taken;
    try {
      const isHeld = taken === null ? null : taken === 'held' && !isEarlierOf(mine, holderOf(file));
      for (let attempt = 0; attempt < ATTEMPTS && isHeld !== true; attempt++) {
        if (tryLink(draft, file)) return new DirectoryLock(file, system);
        const holder = holderOf(file);
        if (holder !== null && isAlive(holder, mine, isHeld)) break;
        takeAway(file);
      }
      throw lockedBy(directory, holderOf(file));
    } catch (error) {
      system?.release();
      throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** Who holds the directory, or held it and has gone without letting go; null when nobody does. */
  static look(directory: string): { readonly holder: Holder; readonly isAlive: boolean } | null {
    const holder = holderOf(join(directory, NAME));
    if (holder === null) return null;
    const isHeld = SystemLock.isHeld(join(directory, SYSTEM_NAME));
    return { holder, isAlive: isAlive(holder, myself(''), isHeld) };
  }

  /** The first time only: the file may be somebody else's later. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    rmSync(this.#file, { force: true });
    this.#system?.release();
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

function myself(owner: string): Holder {
  return { pid: process.pid, host: hostname(), started: startOf(process.pid), owner };
}

/** Whether the owner held it in this process before: its worker died, and came back. */
function isEarlierOf(mine: Holder, holder: Holder | null): boolean {
  return holder !== null && isSameProcess(holder, mine) && holder.owner === mine.owner;
}

function isSameProcess(a: Holder, b: Holder): boolean {
  return a.host === b.host && a.pid === b.pid && a.started === b.started;
}

/** @param isHeld what the system's lock tells; null when it tells nothing. */
function isAlive(holder: Holder, mine: Holder, isHeld: boolean | null): boolean {
  if (isSameProcess(holder, mine)) return holder.owner !== mine.owner;
  if (isHeld === true || holder.host !== mine.host) return isHeld ?? true;
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
