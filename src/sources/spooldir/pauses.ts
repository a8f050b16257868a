/** Waiting that ends with the source. */
export class Pauses {
  #stopped = false;
  /** Those that wait. A promise of the stop would keep a reaction of every wait there ever was. */
  readonly #wakes = new Set<() => void>();

  get stopped(): boolean {
    return this.#stopped;
  }

  end(): void {
    this.#stopped = true;
    for (const wake of this.#wakes) wake();
  }

  /** Resolves after `ms`, or when the source is stopped. */
  sleep(ms: number): Promise<void> {
    return this.#wait((wake) => {
      const timer = setTimeout(wake, ms);
      return () => clearTimeout(timer);
    });
  }

  /** Resolves with `ready`, or when the source is stopped. */
  until(ready: Promise<void>): Promise<void> {
    return this.#wait((wake) => {
      ready.then(wake, wake);
      return () => {};
    });
  }

  #wait(begin: (wake: () => void) => () => void): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#wakes.delete(wake);
        cancel();
        resolve();
      };
      this.#wakes.add(wake);
      const cancel = begin(wake);
    });
  }
}
