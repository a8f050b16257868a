/**
 * Results of work that runs side by side, handed on in the order in which it was begun. After a failure
 * nothing more is handed on, and `settled` rejects for good: what follows would have a gap before it.
 */

/** Two threads are busy, and two more blocks are waiting for them. */
const IN_WORK_MAX = 4;

export class InOrder {
  /** Settles when all work up to now is handed on; null when there is none. */
  #tail: Promise<void> | null = null;
  #inWork = 0;
  #waiting: (() => void) | null = null;

  add<T>(work: Promise<T>, handOn: (result: T) => void): void {
    this.#inWork++;
    const tail = this.#follow(work, this.#tail, handOn);
    this.#tail = tail;
    tail.then(
      () => {
        if (this.#tail === tail) this.#tail = null;
      },
      // Whoever asks for `settled` is told.
      () => {},
    );
  }

  async #follow<T>(
    work: Promise<T>,
    before: Promise<void> | null,
    handOn: (result: T) => void,
  ): Promise<void> {
    try {
      const [result] = await Promise.all([work, before]);
      handOn(result);
    } finally {
      this.#inWork--;
      this.#waiting?.();
      this.#waiting = null;
    }
  }

  /** Undefined when all is handed on; else a promise for that. */
  settled(): Promise<void> | undefined {
    return this.#tail ?? undefined;
  }

  /** Undefined when more work may begin without piling up; else a promise for that. One caller at a time. */
  ready(): Promise<void> | undefined {
    if (this.#inWork < IN_WORK_MAX) return undefined;
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}
