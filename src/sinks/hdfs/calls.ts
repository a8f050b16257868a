/**
 * Calls of the file system under `hdfs.callTimeout`. A door promises to settle by itself; a call that
 * outlives the limit all the same counts as failed, and what it gives later is handed to `late`.
 */
import { FileSystemError } from './file-system/door.ts';

export class Calls {
  readonly #timeoutMs: number;

  /** 0: no limit. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  run<T>(what: string, call: () => Promise<T>, late?: (value: T) => void): Promise<T> {
    if (this.#timeoutMs === 0) return call();
    return new Promise<T>((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        const text = `Callable timed out after ${this.#timeoutMs} ms on ${what}`;
        reject(new FileSystemError('timeout', text, { remedy: 'see whether the file system answers' }));
      }, this.#timeoutMs);
      call().then(
        (value) => {
          clearTimeout(timer);
          if (isLate) late?.(value);
          else resolve(value);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(error as Error);
        },
      );
    });
  }
}

/** Runs at most so many at a time, the others in the order in which they came. */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(width: number) {
    this.#free = width;
  }

  /** Resolves when there is room, with the call that makes it again, once. */
  async enter(): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    };
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    const leave = await this.enter();
    try {
      return await work();
    } finally {
      leave();
    }
  }
}
