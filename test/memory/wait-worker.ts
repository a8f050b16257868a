/**
 * One of the two threads of wait.test.ts: waits for its turn, spins for a while, gives the turn to the other.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { WAIT_MS_MAX } from '../../src/base/limits.ts';
import { Doorbell } from '../../src/memory/wait.ts';

if (isMainThread) throw new Error('this file runs in a worker thread only');

export interface WaitWork {
  readonly turns: number;
  readonly mode: 'blocking' | 'async';
  /** This thread's turns are the even ones (0) or the odd ones (1). */
  readonly part: 0 | 1;
  readonly bells: readonly [SharedArrayBuffer, SharedArrayBuffer];
  /** One int32: the turn. */
  readonly turn: SharedArrayBuffer;
}

export interface WaitReport {
  readonly sleeps: number;
  /** Those that lasted to their limit. */
  readonly longSleeps: number;
}

const { turns, mode, part, bells, turn } = workerData as WaitWork;
const own = new Doorbell(bells[part]);
const other = new Doorbell(bells[part === 0 ? 1 : 0]);
const word = new Int32Array(turn);

let sleeps = 0;
let longSleeps = 0;

async function untilTurn(mine: number): Promise<void> {
  for (;;) {
    const seen = own.seen();
    if (Atomics.load(word, 0) === mine) return;
    const sinceMs = performance.now();
    if (mode === 'blocking') own.sleepBlocking(seen, Number.POSITIVE_INFINITY);
    else await own.sleep(seen, Number.POSITIVE_INFINITY);
    sleeps++;
    // The first turns wait for the other thread to start.
    if (mine > 10 && performance.now() - sinceMs > WAIT_MS_MAX * 0.95) longSleeps++;
  }
}

// A sleep does not keep a worker alive.
const alive = setInterval(() => {}, 1 << 30);
for (let mine: number = part; mine < turns; mine += 2) {
  await untilTurn(mine);
  // So long that the other one is now asleep, now on the verge of it.
  for (let spin = (mine * 7919) % 3000; spin > 0; spin--) Atomics.load(word, 0);
  Atomics.store(word, 0, mine + 1);
  other.ring();
}
clearInterval(alive);
parentPort!.postMessage({ sleeps, longSleeps } satisfies WaitReport);
