/**
 * Bytes that came and are not whole yet: chunks of a socket, kept as they are. Small ones are gathered, so
 * that a peer which sends byte by byte costs what it sent and not a buffer a byte.
 */
import type { Chunk } from '../socket/chunks.ts';

const GATHERED_BYTES_MAX = 4096;
const SLAB_BYTES = 16 * 1024;
/** A larger run is put together in memory of its own. */
const SCRATCH_BYTES_MAX = 4 * 1024 * 1024;

/** Where runs are put together: one a thread will do, as a run is used up in one turn of the event loop. */
export class Scratch {
  #bytes = Buffer.allocUnsafeSlow(0);

  ofSize(size: number): Buffer {
    if (size > SCRATCH_BYTES_MAX) return Buffer.allocUnsafeSlow(size);
    if (size > this.#bytes.length) {
      this.#bytes = Buffer.allocUnsafeSlow(
        Math.min(SCRATCH_BYTES_MAX, Math.max(size, this.#bytes.length * 2)),
      );
    }
    return this.#bytes;
  }
}

type Release = () => void;

export class ByteQueue {
  readonly #chunks: Buffer[] = [];
  /** What gives the memory of each chunk back; null for memory of this queue. */
  readonly #releases: (Release | null)[] = [];
  readonly #scratch: Scratch;
  /** The last chunk when it is memory of this queue: the whole of it, and how much of it is used. */
  #slab: Buffer | null = null;
  #slabUsed = 0;
  /** Of chunks that were dropped whole and may still be lent. */
  readonly #used: Release[] = [];
  length = 0;

  constructor(scratch: Scratch) {
    this.#scratch = scratch;
  }

  /** Takes a chunk, and releases it once it is used up. What was lent before is gone. */
  push({ bytes: chunk, release }: Chunk): void {
    if (this.#used.length > 0) this.#free();
    this.length += chunk.length;
    if (chunk.length > GATHERED_BYTES_MAX || this.#chunks.length === 0) {
      this.#chunks.push(chunk);
      this.#releases.push(release);
      this.#slab = null;
    } else {
      this.#gather(chunk);
      release();
    }
  }

  #free(): void {
    for (const release of this.#used) release();
    this.#used.length = 0;
  }

  #gather(chunk: Buffer): void {
    let slab = this.#slab;
    if (slab === null || slab.length - this.#slabUsed < chunk.length) {
      slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#slab = slab;
      this.#slabUsed = 0;
      this.#chunks.push(slab.subarray(0, 0));
      this.#releases.push(null);
    }
    chunk.copy(slab, this.#slabUsed);
    const last = this.#chunks.length - 1;
    const begin = this.#slabUsed - this.#chunks[last]!.length;
    this.#slabUsed += chunk.length;
    this.#chunks[last] = slab.subarray(begin, this.#slabUsed);
  }

  /** The big-endian number that stands in front; there are four bytes at least. */
  peekInt32(): number {
    const first = this.#chunks[0]!;
    return first.length >= 4 ? first.readInt32BE(0) : this.peek(4).readInt32BE(0);
  }

  /** The first `count` bytes as one run, valid in this turn of the event loop. They stay in the queue. */
  peek(count: number): Buffer {
    const first = this.#chunks[0]!;
    if (first.length >= count) return first.subarray(0, count);
    const run = this.#scratch.ofSize(count);
    let at = 0;
    for (const chunk of this.#chunks) {
      at += chunk.copy(run, at, 0, Math.min(chunk.length, count - at));
      if (at === count) break;
    }
    return run.subarray(0, count);
  }

  /** Chunks in order, to look through what came without putting it together. */
  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  drop(count: number): void {
    this.length -= count;
    let left = count;
    let whole = 0;
    while (left > 0 && this.#chunks[whole]!.length <= left) {
      const chunk = this.#chunks[whole++]!;
      left -= chunk.length;
    }
    if (whole > 0) this.#leave(whole);
    if (left > 0) this.#chunks[0] = this.#chunks[0]!.subarray(left);
    if (this.#chunks.length === 0) this.#slab = null;
  }

  /** Chunks in front are used up; what was lent of them is so until the next push. */
  #leave(count: number): void {
    this.#chunks.splice(0, count);
    for (const release of this.#releases.splice(0, count)) if (release !== null) this.#used.push(release);
  }

  clear(): void {
    this.#leave(this.#chunks.length);
    this.#slab = null;
    this.length = 0;
  }
}
