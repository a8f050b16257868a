/**
 * Memory for requests that have come in part, shared by the connections of a server: buffers that are used
 * again, and one limit on all that is half received, so that many slow senders cannot exhaust it.
 */
import { badInput } from './errors.ts';

const SMALLEST_BYTES = 64 * 1024;
/** Larger buffers are rare, and not kept. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;
const KEPT_A_SIZE = 4;

export class FrameMemory {
  readonly #bytesMax: number;
  #bytes = 0;
  /** Spare buffers by size. */
  readonly #spare = new Map<number, Buffer[]>();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that are lent out. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A buffer of at least `bytes`. @throws MillraceError BAD_INPUT when that exceeds the limit. */
  take(bytes: number): Buffer {
    const size = sizeFor(bytes);
    if (this.#bytes + size <= this.#bytesMax) return this.#lend(size);
    throw badInput(`unfinished requests of all peers would take more than ${this.#bytesMax} bytes`);
  }

  /** The same for bytes that are here already: they are counted, and never refused. */
  takeOver(bytes: number): Buffer {
    return this.#lend(sizeFor(bytes));
  }

  #lend(size: number): Buffer {
    this.#bytes += size;
    return this.#spare.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size);
  }

  give(buffer: Buffer): void {
    const size = buffer.length;
    this.#bytes -= size;
    if (size > KEPT_BYTES_MAX) return;
    const spare = this.#spare.get(size) ?? [];
    if (spare.length < KEPT_A_SIZE) spare.push(buffer);
    this.#spare.set(size, spare);
  }
}

function sizeFor(bytes: number): number {
  let size = SMALLEST_BYTES;
  while (size < bytes) size *= 2;
  return size;
}
