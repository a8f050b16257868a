/**
 * The loop of a worker: let every unit do what it can, then sleep until the doorbell rings.
 *
 * Two ways of sleeping: a worker whose units need no event loop (a memory channel, a null sink) blocks in
 * place; any other waits asynchronously, and while it is busy gives the event loop a turn every TURN_MS.
 */
import { collectDropped } from '../../memory/store/collect.ts';
import type { Doorbell } from '../../memory/wait.ts';

export interface Pumpable {
  /** Does what can be done now; true when anything was. */
  pump(nowMs: number): boolean;
  /** Ms until `pump` should run even if nothing rings; at most the wait limit counts. */
  nextPumpMs(nowMs: number): number;
  /** Whether this unit never needs the event loop. */
  readonly blocking: boolean;
}

const TURN_MS = 2;

export class Reactor {
  readonly #doorbell: Doorbell;
  readonly #units = new Set<Pumpable>();
  readonly #onMail: () => void;
  #stopped = false;
  /** What it sleeps on while the event loop runs; null while it looks for work. */
  #asleepOn: number | null = null;

  constructor(doorbell: Doorbell, onMail: () => void) {
    this.#doorbell = doorbell;
    this.#onMail = onMail;
  }

  add(unit: Pumpable): void {
    this.#units.add(unit);
  }

  remove(unit: Pumpable): void {
    this.#units.delete(unit);
  }

  stop(): void {
    this.#stopped = true;
    this.#doorbell.wake();
  }

  async run(): Promise<void> {
    let turnEnds = 0;
    while (!this.#stopped) {
      this.#doorbell.countRound();
      const seen = this.#doorbell.seen();
      const nowMs = Date.now();
      if (this.#doorbell.hasMail()) this.#onMail();
      let busy = false;
      for (const unit of this.#units) if (unit.pump(nowMs)) busy = true;
      if (this.#mayBlock()) {
        if (busy) continue;
        collectDropped();
        this.#doorbell.sleepBlocking(seen, this.#nextMs(nowMs));
      } else if (!busy) {
        collectDropped();
        // Null: something rang meanwhile. The event loop gets its turn all the same.
        this.#asleepOn = seen;
        await (this.#doorbell.sleep(seen, this.#nextMs(nowMs)) ?? new Promise(setImmediate));
        this.#asleepOn = null;
        turnEnds = 0;
      } else if (nowMs >= turnEnds) {
        await new Promise(setImmediate);
        turnEnds = Date.now() + TURN_MS;
      } else {
        // Promises of the units settle between passes, too.
        await null;
      }
    }
  }

  /**
   * A pause of one unit, which the bell may end. Where no other unit lives here the whole thread sleeps: what
   * the event loop has to tell comes all at once afterwards, before the promise resolves.
   */
  async rest(ms: number): Promise<void> {
    if (this.#units.size > 1) return await new Promise((resolve) => setTimeout(resolve, ms));
    if (this.#asleepOn !== null) this.#doorbell.sleepBeside(this.#asleepOn, ms);
    // Two turns: the end of this one may come before the loop looks at what is new.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
  }

  #mayBlock(): boolean {
    if (this.#units.size === 0) return false;
    for (const unit of this.#units) if (!unit.blocking) return false;
    return true;
  }

  #nextMs(nowMs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const unit of this.#units) next = Math.min(next, unit.nextPumpMs(nowMs));
    return next;
  }
}
