/**
 * A doorbell: how threads wake each other. Each worker has one; whoever hands it work rings it.
 *
 *     word 0   rings: grows with every ring
 *     word 16  asleep: 1 while the owner sleeps or is about to
 *     word 17  mail: 1 when a message waits on the owner's port (asking the port itself costs more)
 *
 * The owner reads `rings`, looks for work, and only then sleeps on the value read: a ring in between makes
 * the sleep return at once. A ringer notifies only when the owner is asleep, so a busy owner costs one atomic
 * add. Sleeps are bounded (WAIT_MS_MAX): a wake that is lost in spite of this costs that much latency, never
 * a hang. After any wake the owner looks for work again, whatever the reason.
 */
import { WAIT_MS_MAX } from '../base/limits.ts';

const RINGS = 0;
const ASLEEP = 16; // on a cache line of its own
const MAIL = 17;

export class Doorbell {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

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
    Atomics.wait(this.#words, RINGS, seen, ms);
  }

  /** Sleeps while the event loop runs. Null when there is no reason to sleep. */
  sleep(seen: number, ms: number): Promise<unknown> | null {
    Atomics.store(this.#words, ASLEEP, 1);
    const wait = Atomics.waitAsync(this.#words, RINGS, seen, Math.min(ms, WAIT_MS_MAX));
    return wait.async ? wait.value : null;
  }
}
