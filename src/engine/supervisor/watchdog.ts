/**
 * Notices threads that do not come round. A worker's loop looks for work every WAIT_MS_MAX at least; one that
 * does not for seconds is busy with one thing (a plug-in, a regular expression), or waits for a disk that
 * stands still. It cannot say so itself, and nothing can be done to it from outside but to tell the operator:
 * in the log, and as the status of its components.
 *
 * Rounds are counted, not timed: a machine that was suspended counts for one look.
 */
import type { WorkerHandle } from './worker-handle.ts';

const LOOK_MS = 1000;
/** Looks without a round after which it is told. */
const LOOKS_MIN = 5;

interface Seen {
  rounds: number;
  /** Looks in a row that found no more rounds. */
  still: number;
}

export class Watchdog {
  readonly #workers: ReadonlyMap<string, WorkerHandle>;
  readonly #tell: (worker: string, text: string, isStill: boolean) => void;
  readonly #seen = new WeakMap<WorkerHandle, Seen>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    workers: ReadonlyMap<string, WorkerHandle>,
    tell: (worker: string, text: string, isStill: boolean) => void,
  ) {
    this.#workers = workers;
    this.#tell = tell;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** What is wrong with the worker of that name; null when it comes round. */
  reasonOf(name: string): string | null {
    const worker = this.#workers.get(name);
    const still = worker === undefined ? 0 : (this.#seen.get(worker)?.still ?? 0);
    return still < LOOKS_MIN ? null : `its thread ${textOf(name, still)}`;
  }

  #look(): void {
    for (const [name, worker] of this.#workers) {
      const rounds = worker.doorbell.rounds();
      const seen = this.#seen.get(worker);
      // It has not begun, or was not looked at before.
      if (seen === undefined || rounds === 0) {
        this.#seen.set(worker, { rounds, still: 0 });
      } else if (rounds === seen.rounds) {
        seen.still++;
        if (seen.still === LOOKS_MIN) this.#tell(name, textOf(name, seen.still), true);
      } else {
        const { still } = seen;
        seen.rounds = rounds;
        seen.still = 0;
        if (still >= LOOKS_MIN) this.#tell(name, `goes on, after ${still} s`, false);
      }
    }
  }
}

function textOf(name: string, seconds: number): string {
  return (
    `has not come round for ${seconds} s: it is busy with one thing (a plug-in, a regular expression), or waits ` +
    `for a disk that stands still (\`top -H\`: state R or D of ${name})`
  );
}
