/**
 * The pool for work on whole blocks, one a worker that needs it: its threads start with the first task and
 * end when there was nothing to do for a while. Small blocks are done in place: handing them over costs more
 * than the work.
 */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { threadEntry } from '../../base/thread-entry.ts';
import type { BlockWork } from '../../component/work.ts';
import { type CompressionForm, compressNow } from '../../wire/compression/form.ts';
import type { CompressTask } from './tasks.ts';

const IDLE_MS = 10_000;
/** Below this many bytes a block is worked on in the caller's thread. */
const POOLED_BYTES_MIN = 16 * 1024;
/** Even on two cores: gzip takes far longer than all else that is done with an event. */
const THREADS_MIN = 2;

export class BlockPool implements BlockWork {
  #pool: Piscina | null = null;

  async compress(form: CompressionForm, bytes: Uint8Array): Promise<Uint8Array> {
    if (bytes.length < POOLED_BYTES_MIN) return compressNow(form, bytes);
    const task: CompressTask = { form, bytes: portable(bytes) };
    const transferList = task.bytes === bytes ? [] : [task.bytes.buffer as ArrayBuffer];
    return (await this.#threads().run(task, { name: 'compress', transferList })) as Uint8Array;
  }

  /** Threads that are there now. */
  get size(): number {
    return this.#pool?.threads.length ?? 0;
  }

  #threads(): Piscina {
    this.#pool ??= new Piscina({
      filename: threadEntry(import.meta.url, './tasks').href,
      minThreads: 0,
      maxThreads: Math.max(THREADS_MIN, availableParallelism() - 1),
      idleTimeout: IDLE_MS,
    });
    return this.#pool;
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
    this.#pool = null;
  }
}

/**
 * Shared memory is sent as it is. Of other memory a message would carry all that a view is a part of, twice:
 * a copy of the view alone is moved.
 */
function portable(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
}
