/**
 * Keeps a thread from being ended inside native code that cannot bear it: lmdb makes an error of any call
 * into a thread that is being ended, cannot throw it there, and ends the whole process.
 *
 * Each worker has a gate in shared memory, one word: 0 open, 1 the thread is inside, 2 closed. The thread
 * goes in and out by itself; whoever ends it closes the gate before.
 */
const WORD = 0;
const OPEN = 0;
const INSIDE = 1;
const CLOSED = 2;

export type Gate = Int32Array<SharedArrayBuffer>;

/** This thread's; one that nobody ends from outside has none. */
let own: Gate | null = null;

export function newGate(): Gate {
  return new Int32Array(new SharedArrayBuffer(4));
}

export function setGate(gate: Gate): void {
  own = gate;
}

/** Runs what this thread is not to be ended in. It takes no other such piece inside. */
export function uninterrupted<T>(run: () => T): T {
  if (own === null) return run();
  // Closed: this thread ends in the wait.
  while (Atomics.compareExchange(own, WORD, OPEN, INSIDE) !== OPEN) Atomics.wait(own, WORD, CLOSED);
  try {
    return run();
  } finally {
    Atomics.store(own, WORD, OPEN);
    Atomics.notify(own, WORD);
  }
}

/** Resolves when the gate's thread is not inside, and does not go in any more: it may be ended then. */
export async function closeGate(gate: Gate): Promise<void> {
  while (Atomics.compareExchange(gate, WORD, OPEN, CLOSED) === INSIDE) {
    await Atomics.waitAsync(gate, WORD, INSIDE).value;
  }
}
