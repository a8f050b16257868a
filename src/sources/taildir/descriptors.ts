/**
 * Files held open: a file that is open can be renamed, replaced or deleted and is read all the same. Beyond
 * the limit those used longest ago are closed, but not those that are being read or have no name any more:
 * they could not be found again.
 */
import type { Disk } from './disk.ts';
import { keyOf, type TailFile, type TailPath } from './tail-file.ts';

export class Descriptors {
  readonly #disk: Disk;
  readonly #max: number;
  /** In the order of their last use. */
  readonly #open = new Set<TailFile>();
  readonly #opening = new Map<TailFile, Promise<number | null>>();

  constructor(disk: Disk, max: number) {
    this.#disk = disk;
    this.#max = max;
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
    // What is wrong with it shows when it is read.
    this.openAt(file, file.path).catch(() => {});
  }

  openAt(file: TailFile, path: TailPath): Promise<number | null> {
    const opening = this.#opening.get(file);
    if (opening !== undefined) return opening;
    const opened = this.#openNow(file, path).finally(() => this.#opening.delete(file));
    this.#opening.set(file, opened);
    return opened;
  }

  async #openNow(file: TailFile, path: TailPath): Promise<number | null> {
    await this.#makeRoom();
    let fd: number;
    try {
      fd = await this.#disk.open(path.bytes ?? path.text);
    } catch (error) {
      if (isAbsent(error)) return null;
      throw error;
    }
    const status = await this.#disk.fstat(fd).catch(() => null);
    if (status === null || keyOf(status) !== file.key || file.isGone) {
      await this.#disk.close(fd);
      return null;
    }
    file.fd = fd;
    this.#open.add(file);
    return fd;
  }

  /** Closes as many as those that are being opened need, and may be closed. */
  async #makeRoom(): Promise<void> {
    const closed: Promise<void>[] = [];
    let surplus = this.#open.size + this.#opening.size + 1 - this.#max;
    for (const file of this.#open) {
      if (surplus <= 0) break;
      if (file.isBusy || file.home === null) continue;
      closed.push(this.close(file));
      surplus--;
    }
    if (closed.length > 0) await Promise.all(closed);
  }

  async close(file: TailFile): Promise<void> {
    const { fd } = file;
    if (fd === null) return;
    file.fd = null;
    this.#open.delete(file);
    await this.#disk.close(fd);
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open].map((file) => this.close(file)));
  }
}

function isAbsent(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'ENOENT' || code === 'ENOTDIR';
}
