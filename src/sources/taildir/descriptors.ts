/**
 * Files held open: a file that is open can be renamed, replaced or deleted and is read all the same. Beyond
 * the limit those used longest ago are closed, but not those that are being read or have no name any more:
 * they could not be found again.
 */
import { DescriptorLimit } from './descriptor-limit.ts';
import type { Disk } from './disk.ts';
import { keyOf, type TailFile, type TailPath } from './tail-file.ts';

/** Held open at least, as many as a round reads; and those that make way at least. */
const OPEN_MIN = 32;
const WAY_MIN = 16;

export class Descriptors {
  /** The disk for all that this source opens. */
  readonly disk: Disk;
  readonly #plainDisk: Disk;
  readonly #limit = new DescriptorLimit(() => this.#makeWay());
  readonly #onFewer: (max: number) => void;
  #max: number;
  /** In the order of their last use. */
  readonly #open = new Set<TailFile>();
  readonly #opening = new Map<TailFile, Promise<number | null>>();
  /** Descriptors in use, those of files that are just being opened among them. */
  #inUse = 0;

  /** `onFewer` is told how many are held open from now on because the system lets no more be opened. */
  constructor(disk: Disk, max: number, onFewer: (max: number) => void) {
    this.#plainDisk = disk;
    this.disk = this.#limit.around(disk);
    this.#max = max;
    this.#onFewer = onFewer;
  }

  /** Files that may be held open. */
  get max(): number {
    return this.#max;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Those open, the ones used longest ago first. */
  values(): Iterable<TailFile> {
    return this.#open;
  }

  /** The descriptor of a file that is open, which counts as used now; else null. */
  use(file: TailFile): number | null {
    if (file.fd === null) return null;
    this.#open.delete(file);
    this.#open.add(file);
    return file.fd;
  }

  /** Opens the file where it was found last; null when another one, or none, is there now. */
  async open(file: TailFile): Promise<number | null> {
    return this.use(file) ?? (await this.openAt(file, file.path));
  }

  /**
   * Opens a file that was just found, if there is room: should it be deleted before its turn, it is read
   * all the same.
   */
  prepare(file: TailFile): void {
    if (this.#open.size + this.#opening.size >= this.#max) return;
    const opened = this.#limit.call(() => this.#openNow(file, file.path, this.#plainDisk), 1);
    // What is wrong with it shows when it is read.
    void this.#track(
      file,
      opened.catch(() => null),
    );
  }

  async openAt(file: TailFile, path: TailPath): Promise<number | null> {
    // One that was only prepared may have had no descriptor, or have looked elsewhere.
    for (let opening = this.#opening.get(file); opening !== undefined; opening = this.#opening.get(file)) {
      const fd = await opening;
      if (fd !== null) return fd;
    }
    return this.use(file) ?? (await this.#track(file, this.#openNow(file, path, this.disk)));
  }

  #track(file: TailFile, opening: Promise<number | null>): Promise<number | null> {
    const opened = opening.finally(() => this.#opening.delete(file));
    this.#opening.set(file, opened);
    return opened;
  }

  async #openNow(file: TailFile, path: TailPath, disk: Disk): Promise<number | null> {
    await this.#makeRoom();
    let fd: number;
    try {
      fd = await disk.open(path.bytes ?? path.text);
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
    this.#inUse++;
    const status = await disk.fstat(fd).catch(() => null);
    if (status === null || keyOf(status) !== file.key || file.isGone) {
      await this.#release(fd);
      return null;
    }
    file.fd = fd;
    this.#open.add(file);
    return fd;
  }

  /** Closes as many as those that are being opened need, and may be closed. */
  async #makeRoom(): Promise<void> {
    const surplus = this.#open.size + this.#opening.size + 1 - this.#max;
    if (surplus > 0) await this.#closeOldest(surplus);
  }

  /** A quarter of them makes way for others, closed until they grow. False when none may be closed. */
  async #makeWay(): Promise<boolean> {
    const way = Math.max(WAY_MIN, this.#inUse >> 2);
    const max = Math.max(OPEN_MIN, this.#inUse - way);
    if (max < this.#max) {
      this.#max = max;
      this.#onFewer(max);
    }
    return (await this.#closeOldest(way)) > 0;
  }

  /** Returns how many were closed: at most `count`. */
  async #closeOldest(count: number): Promise<number> {
    const closed: Promise<void>[] = [];
    for (const file of this.#open) {
      if (closed.length >= count) break;
      if (!file.isBusy && file.home !== null) closed.push(this.close(file));
    }
    if (closed.length > 0) await Promise.all(closed);
    return closed.length;
  }

  async close(file: TailFile): Promise<void> {
    const { fd } = file;
    if (fd === null) return;
    file.fd = null;
    this.#open.delete(file);
    await this.#release(fd);
  }

  async #release(fd: number): Promise<void> {
    await this.disk.close(fd);
    this.#inUse--;
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open].map((file) => this.close(file)));
  }
}

function isAbsent(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'ENOENT' || code === 'ENOTDIR';
}
