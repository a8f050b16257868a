/**
 * Memory that a socket is read into, used again: Node makes a new buffer of 64 KiB for every read, and the
 * collector's work for them costs more than the reading.
 */

/** What one read may bring: more than the kernel's default buffer of a socket. */
export const CHUNK_BYTES = 256 * 1024;
/** A chunk up to this size is copied, so that a trickle of short messages does not hold whole buffers. */
const COPY_BYTES_MAX = 16 * 1024;
/** Buffers kept for the reads to come: about as many as puts wait for their answers at full speed. */
export const SPARE_MAX = 128;

/** A run of bytes that stays as it is until it is released. */
export interface Chunk {
  readonly bytes: Buffer;
  /** Call once, when the bytes are not needed any more. */
  release(): void;
}

function nothing(): void {}

export class ChunkBuffers {
  readonly #spare: Buffer[];
  /** The buffer that the next read goes to. */
  #next: Buffer | null = null;

  /** @param spare buffers of CHUNK_BYTES to begin with. */
  constructor(spare: readonly Buffer[] = []) {
    this.#spare = [...spare];
  }

  /** Where the next read goes. */
  next(): Buffer {
    this.#next ??= this.#spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    return this.#next;
  }

  /** What was read, `length` bytes. */
  chunk(length: number): Chunk {
    const buffer = this.next();
    if (length <= COPY_BYTES_MAX) return { bytes: Buffer.from(buffer.subarray(0, length)), release: nothing };
    this.#next = null;
    return this.#lent(buffer, length);
  }

  /** A chunk of its own with the bytes of one that many connections are read into. */
  copy(bytes: Buffer): Chunk {
    const { length } = bytes;
    if (length <= COPY_BYTES_MAX) return { bytes: Buffer.from(bytes), release: nothing };
    const buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    bytes.copy(buffer);
    return this.#lent(buffer, length);
  }

  #lent(buffer: Buffer, length: number): Chunk {
    const release = () => {
      if (this.#spare.length < SPARE_MAX) this.#spare.push(buffer);
    };
    return { bytes: buffer.subarray(0, length), release };
  }
}
