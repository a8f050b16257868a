/** Reads files from a place on, and tells when what stands before the place is not what was delivered. */
import type { Descriptors } from './descriptors.ts';
import type { Disk } from './disk.ts';
import type { Identity } from './file-table.ts';
import { PRINT_BYTES, printOf, Tail, tailBytes } from './print.ts';
import type { Place, TailFile } from './tail-file.ts';

export type Found =
  /** `buffer[from, to)` stands at the place; what was delivered before it, up to PRINT_BYTES, precedes it. */
  | { readonly state: 'bytes'; readonly from: number; readonly to: number }
  /** The file is shorter than the place, or holds other content before it. */
  | { readonly state: 'changed' }
  /** Another file has its name, or none. */
  | { readonly state: 'absent' };

export class Reader {
  readonly #disk: Disk;
  readonly #descriptors: Descriptors;
  readonly #identity: Identity;

  constructor(disk: Disk, descriptors: Descriptors, identity: Identity) {
    this.#disk = disk;
    this.#descriptors = descriptors;
    this.#identity = identity;
  }

  /** Fills `buffer` as far as the file goes. @throws what the disk says. */
  async read(file: TailFile, place: Place, buffer: Buffer): Promise<Found> {
    const fd = this.#descriptors.use(file) ?? (await this.#descriptors.open(file));
    if (fd === null) return { state: 'absent' };
    const from = tailBytes(place.pos);
    return this.#found(place, buffer, from, await this.#fill(fd, buffer, 0, place.pos - from));
  }

  /** The same at once, of a file that is open. */
  readNow(file: TailFile, place: Place, buffer: Buffer): Found {
    const from = tailBytes(place.pos);
    const fd = this.#descriptors.use(file)!;
    const to = this.#disk.readNow(fd, buffer, 0, buffer.length, place.pos - from);
    return this.#found(place, buffer, from, to);
  }

  #found({ tail }: Place, buffer: Buffer, from: number, to: number): Found {
    if (to < from) return { state: 'changed' };
    const isCompared = tail !== null && this.#identity === 'content';
    if (isCompared && !tail.matches(buffer.subarray(0, from))) return { state: 'changed' };
    return { state: 'bytes', from, to };
  }

  /**
   * Reads on without a look at what is before: `buffer[at, …)` from `position`. Returns the end in
   * `buffer`.
   */
  async readOn(file: TailFile, position: number, buffer: Buffer, at: number): Promise<number> {
    const fd = await this.#descriptors.open(file);
    return fd === null ? at : await this.#fill(fd, buffer, at, position);
  }

  /** A short read is not the end: only 0 is. */
  async #fill(fd: number, buffer: Buffer, at: number, position: number): Promise<number> {
    let end = at;
    while (end < buffer.length) {
      const bytes = await this.#disk.read(fd, buffer, end, buffer.length - end, position + end - at);
      if (bytes === 0) break;
      end += bytes;
      // The end of a file that does not grow right now is found by what is missing.
      if (end < buffer.length && bytes % READ_GRAIN !== 0) break;
    }
    return end;
  }

  /** `length` bytes from `position`; null when they are not there. */
  async bytesAt(file: TailFile, position: number, length: number): Promise<Buffer | null> {
    const buffer = Buffer.allocUnsafe(length);
    return (await this.readOn(file, position, buffer, 0)) === length ? buffer : null;
  }

  /** Print of the first bytes; null when the file is shorter. */
  async head(file: TailFile): Promise<string | null> {
    const bytes = await this.bytesAt(file, 0, PRINT_BYTES);
    return bytes === null ? null : printOf(bytes);
  }

  /** The file's length now; null when it is not there. */
  async size(file: TailFile): Promise<number | null> {
    const fd = await this.#descriptors.open(file);
    return fd === null ? null : (await this.#disk.fstat(fd)).size;
  }

  /** The place after `end` bytes of a buffer that was read at `place`. */
  placeAfter(place: Place, buffer: Buffer, from: number, end: number): Place {
    const pos = place.pos + end - from;
    if (this.#identity !== 'content') return { pos, tail: null };
    return { pos, tail: Tail.of(tailIn(buffer, pos, end)) };
  }
}

function tailIn(buffer: Buffer, pos: number, end: number): Buffer {
  return buffer.subarray(end - tailBytes(pos), end);
}

/** Reads that stop short do so at the end of the file or, when a signal comes, after whole pages. */
const READ_GRAIN = 4096;
