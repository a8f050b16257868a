/**
 * The pool for work on whole blocks, one a worker that needs it: its threads start with the first task and
 * end when there was nothing to do for a while. Small blocks are done in place: handing them over costs more
 * than the work.
 */
import { availableParallelism } from 'node:os';
import { deflateRawSync } from 'node:zlib';
import { Piscina } from 'piscina';
import { threadEntry } from '../../base/thread-entry.ts';
import type { BlockWork } from '../../component/work.ts';

const IDLE_MS = 10_000;
/** Below this many bytes a block is worked on in the caller's thread. */
const POOLED_BYTES_MIN = 16 * 1024;

export class BlockPool implements BlockWork {
  #pool: Piscina | null = null;

  async deflateRaw(bytes: Uint8Array): Promise<Uint8Array> {
    if (bytes.length < POOLED_BYTES_MIN) return deflateRawSync(bytes);
    return (await this.#threads().run(bytes, { name: 'deflateRaw' })) as Uint8Array;
  }

  /** Threads that are there now. */
  get size(): number {
    return this.#pool?.threads.length ?? 0;
  }

  #threads(): Piscina {
    this.#pool ??= new Piscina({
      filename: threadEntry(import.meta.url, './tasks').href,
      minThreads: 0,
      maxThreads: Math.max(1, availableParallelism() - 1),
      idleTimeout: IDLE_MS,
    });
    return this.#pool;
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
    this.#pool = null;
  }
}
