/**
 * A doorbell: how threads wake each other. Each worker has one; whoever hands it work rings it.
 *
 *     word 0   rings: grows with every ring
 *     word 16  asleep: 1 while the owner sleeps or is about to
 *     word 17  mail: 1 when a message waits on the owner's port (asking the port itself costs more)
 *     word 18  rounds: how often the owner has looked for work; 0 before it began
 *
 * The owner reads `rings`, looks for work, and only then sleeps on the value read: a ring in between makes
 * the sleep return at once. A ringer notifies only when the owner is asleep, so a busy owner costs one atomic
 * add. Sleeps are bounded (WAIT_MS_MAX): a wake that is lost in spite of this costs that much latency, never
 * a hang. After any wake the owner looks for work again, whatever the reason.
 *
 * A sleep beside the event loop waits with Atomics.waitAsync. To begin such a wait, and to notify it, goes
 * through the loop's own wake-up call to the system, and a time-out of it does so twice more. So one wait has
 * no time-out and serves sleep after sleep until it is notified; a timer bounds the sleeps; and the owner's
 * own thread ends one without either (`wake`).
 */
import { WAIT_MS_MAX } from '../base/limits.ts';

const RINGS = 0;
const ASLEEP = 16; // on a cache line of its own
const MAIL = 17;
const ROUNDS = 18;

export class Doorbell {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  // Of the owner's sleep beside its event loop:
  /** Ends it. */
  #wakeUp: (() => void) | null = null;
  /** A wait has begun and was not notified. */
  #isWaiting = false;
  /** When the sleep ends by itself, and when the timer looks whether it does. */
  #dueMs = 0;
  #timerMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #wakeDue: NodeJS.Immediate | null = null;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(128)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  ring(): void {
    Atomics.add(this.#words, RINGS, 1);
    if (Atomics.load(this.#words, ASLEEP) === 1 && Atomics.exchange(this.#words, ASLEEP, 0) === 1) {
      Atomics.notify(this.#words, RINGS);
    }
  }

  /** Rings for a message that was posted before. */
  ringForMail(): void {
    Atomics.store(this.#words, MAIL, 1);
    this.ring();
  }

  /** Whether mail has come since the last call. */
  hasMail(): boolean {
    return Atomics.load(this.#words, MAIL) === 1 && Atomics.exchange(this.#words, MAIL, 0) === 1;
  }

  /** Counts a look for work of the owner. */
  countRound(): void {
    Atomics.add(this.#words, ROUNDS, 1);
  }

  rounds(): number {
    return Atomics.load(this.#words, ROUNDS);
  }

  /** What to pass to a sleep: read before looking for work. */
  seen(): number {
    return Atomics.load(this.#words, RINGS);
  }

  /** Sleeps in place; nothing else runs in this thread meanwhile. */
  sleepBlocking(seen: number, ms: number): void {
    Atomics.store(this.#words, ASLEEP, 1);
    Atomics.wait(this.#words, RINGS, seen, Math.min(ms, WAIT_MS_MAX));
    Atomics.store(this.#words, ASLEEP, 0);
  }

  /** Sleeps in place beside a `sleep` that has begun and not ended, on the value that was passed to it. */
  sleepBeside(seen: number, ms: number): void {
    Atomics.store(this.#words, ASLEEP, 1);
    Atomics.wait(this.#words, RINGS, seen, ms);
  }

  /** Sleeps while the event loop runs. Null when there is no reason to sleep. One at a time. */
  sleep(seen: number, ms: number): Promise<void> | null {
    if (ms <= 0) return null;
    Atomics.store(this.#words, ASLEEP, 1);
    // The wait may be an older one, so this is looked at here, after what ringers look at.
    if (Atomics.load(this.#words, RINGS) !== seen || !this.#beginWait(seen)) {
      Atomics.store(this.#words, ASLEEP, 0);
      return null;
    }
    this.#setTimer(Math.min(ms, WAIT_MS_MAX));
    return new Promise((resolve) => {
      this.#wakeUp = resolve;
    });
  }

  /**
   * Rings in the owner's own thread. The sleep ends with this turn of the event loop: what else the turn
   * brings is found by the same look for work.
   */
  wake(): void {
    Atomics.add(this.#words, RINGS, 1);
    if (this.#wakeUp !== null) this.#wakeDue ??= setImmediate(this.#onWake);
  }

  /** Makes sure that a notify ends the sleep; false when something rang. */
  #beginWait(seen: number): boolean {
    if (this.#isWaiting) return true;
    const wait = Atomics.waitAsync(this.#words, RINGS, seen);
    if (!wait.async) return false;
    this.#isWaiting = true;
    void wait.value.then(() => {
      this.#isWaiting = false;
      this.#endSleep();
    });
    return true;
  }

  #endSleep(): void {
    const wakeUp = this.#wakeUp;
    if (wakeUp === null) return;
    this.#wakeUp = null;
    Atomics.store(this.#words, ASLEEP, 0);
    wakeUp();
  }

  /** A timer of an earlier sleep that ends first serves this one, too: it goes on for what is left. */
  #setTimer(ms: number): void {
    this.#dueMs = performance.now() + ms;
    if (this.#timer !== null && this.#timerMs <= this.#dueMs) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerMs = this.#dueMs;
    this.#timer = setTimeout(this.#onTimer, ms).unref();
  }

  readonly #onWake = (): void => {
    this.#wakeDue = null;
    this.#endSleep();
  };

  readonly #onTimer = (): void => {
    this.#timer = null;
    if (this.#wakeUp === null) return;
    const leftMs = this.#dueMs - performance.now();
    if (leftMs < 1) this.#endSleep();
    else this.#setTimer(leftMs);
  };
}
