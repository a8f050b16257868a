/** How long to wait before a worker that died is started again: twice as long each time, up to a limit. */

const DELAY_MS_FIRST = 100;
const DELAY_MS_MAX = 30_000;
/** One that lived this long begins anew. */
const FORGIVEN_MS = 60_000;

interface Start {
  atMs: number;
  /** After its next death. */
  delayMs: number;
}

export class RestartDelays {
  readonly #starts = new Map<string, Start>();

  started(worker: string, nowMs: number): void {
    const delayMs = this.#starts.get(worker)?.delayMs ?? DELAY_MS_FIRST;
    this.#starts.set(worker, { atMs: nowMs, delayMs });
  }

  /** Ms until it is to be started again. */
  died(worker: string, nowMs: number): number {
    const start = this.#starts.get(worker) ?? { atMs: nowMs, delayMs: DELAY_MS_FIRST };
    const delayMs = nowMs - start.atMs > FORGIVEN_MS ? DELAY_MS_FIRST : start.delayMs;
    this.#starts.set(worker, { ...start, delayMs: Math.min(delayMs * 2, DELAY_MS_MAX) });
    return delayMs;
  }
}
