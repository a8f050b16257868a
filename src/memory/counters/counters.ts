/**
 * Counters of one component in shared memory: one writer, any number of readers that never wait.
 *
 * Layout: float64 slots: start time, stop time, then the counters in the order of their names. A float64 at a
 * multiple of 8 is written and read whole by the machines Node runs on; counts stay exact below 2^53.
 */
const TIMES = 2;

export function allocateCounters(names: readonly string[]): SharedArrayBuffer {
  return new SharedArrayBuffer((TIMES + names.length) * 8);
}

export class CounterSlots<Name extends string> {
  readonly names: readonly Name[];
  readonly #slots: Float64Array;
  readonly #index = new Map<string, number>();

  constructor(names: readonly Name[], memory: SharedArrayBuffer) {
    this.names = names;
    this.#slots = new Float64Array(memory);
    names.forEach((name, i) => {
      this.#index.set(name, TIMES + i);
    });
  }

  add(name: Name, delta: number): void {
    const i = this.#index.get(name)!;
    this.#slots[i] = this.#slots[i]! + delta;
  }

  set(name: Name, value: number): void {
    this.#slots[this.#index.get(name)!] = value;
  }

  get(name: Name): number {
    return this.#slots[this.#index.get(name)!]!;
  }

  get startTimeMs(): number {
    return this.#slots[0]!;
  }

  get stopTimeMs(): number {
    return this.#slots[1]!;
  }

  /** Everything to 0, times too, as Flume does at each start of a component. */
  reset(): void {
    this.#slots.fill(0);
  }

  started(nowMs: number): void {
    this.#slots[0] = nowMs;
    this.#slots[1] = 0;
  }

  stopped(nowMs: number): void {
    this.#slots[1] = nowMs;
  }
}
