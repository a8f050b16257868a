/**
 * In which order several targets of the same batch are tried, and which are left out for a while after a
 * failure.
 */

/** Chooses among targets by their names: sinks of a group, hosts of a client. */
export interface TryOrder {
  /** Names in the order in which they are tried for the next batch. */
  order(names: readonly string[]): Iterable<string>;
  /** Told of each target that failed. */
  failed?(name: string): void;
}

/** Failures further apart than the last pause and this long are not counted as a row. */
const FORGET_MS = 3_600_000;
const ROW_MAX = 16;
const PAUSE_MS = 1000;

interface Failure {
  count: number;
  lastMs: number;
  untilMs: number;
}

export class BackOff {
  readonly #enabled: boolean;
  readonly #pauseMsMax: number;
  readonly #failures = new Map<string, Failure>();

  constructor(enabled: boolean, pauseMsMax: number) {
    this.#enabled = enabled;
    this.#pauseMsMax = pauseMsMax;
  }

  active(names: readonly string[], nowMs: number): readonly string[] {
    if (!this.#enabled) return names;
    return names.filter((name) => (this.#failures.get(name)?.untilMs ?? 0) <= nowMs);
  }

  failed(name: string, nowMs: number): void {
    if (!this.#enabled) return;
    const before = this.#failures.get(name);
    const inARow = before !== undefined && nowMs - before.lastMs < before.untilMs - before.lastMs + FORGET_MS;
    const count = inARow ? Math.min(before.count + 1, ROW_MAX) : 1;
    const pauseMs = Math.min(this.#pauseMsMax, PAUSE_MS * 2 ** count);
    this.#failures.set(name, { count, lastMs: nowMs, untilMs: nowMs + pauseMs });
  }

  succeeded(name: string): void {
    this.#failures.delete(name);
  }
}

/** The start moves on by one for every batch. */
export class RoundRobin implements TryOrder {
  #next = 0;

  order(names: readonly string[]): readonly string[] {
    if (names.length === 0) return [];
    const start = this.#next % names.length;
    this.#next = start + 1;
    return [...names.slice(start), ...names.slice(0, start)];
  }
}

export class RandomOrder implements TryOrder {
  order(names: readonly string[]): readonly string[] {
    const shuffled = [...names];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    return shuffled;
  }
}
