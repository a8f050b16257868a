/**
 * Calls of the file system under `hdfs.callTimeout`. A door promises to settle by itself; a call that
 * outlives the limit all the same counts as failed, and what it gives later is handed to `late`.
 */
import { FileSystemError } from './file-system/door.ts';

export class Calls {
  readonly #timeoutMs: number;
  readonly #underWay = new Set<() => void>();
  #hasEnded = false;

  /** 0: no limit. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  run<T>(what: string, call: () => Promise<T>, late?: (value: T) => void): Promise<T> {
    if (this.#hasEnded) return Promise.reject(unanswered(what));
    return new Promise<T>((resolve, reject) => {
      let isLate = false;
      const giveUp = (error: FileSystemError) => {
        isLate = true;
        settled();
        reject(error);
      };
      const end = () => giveUp(unanswered(what));
      const timer =
        this.#timeoutMs === 0
          ? undefined
          : setTimeout(() => giveUp(timedOut(what, this.#timeoutMs)), this.#timeoutMs);
      const settled = () => {
        clearTimeout(timer);
        this.#underWay.delete(end);
      };
      this.#underWay.add(end);
      call().then(
        (value) => {
          settled();
          if (isLate) late?.(value);
          else resolve(value);
        },
        (error: unknown) => {
          settled();
          reject(error as Error);
        },
      );
    });
  }

  /** The file system is given up: calls under way count as failed, and none begins any more. */
  end(): void {
    this.#hasEnded = true;
    for (const end of [...this.#underWay]) end();
  }
}

function timedOut(what: string, ms: number): FileSystemError {
  const remedy = 'see whether the file system answers';
  return new FileSystemError('timeout', `Callable timed out after ${ms} ms on ${what}`, { remedy });
}

function unanswered(what: string): FileSystemError {
  return new FileSystemError('timeout', `the sink stops without an answer to the ${what}`);
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
