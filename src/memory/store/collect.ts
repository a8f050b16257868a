/**
 * Segments that were given up go back to the system when the garbage collectors of all threads have seen
 * that nothing refers to them. Their bytes do not count as a thread's heap, so a thread whose heap is
 * small may not collect for hours: each thread that let go of enough of them collects once, in a quiet
 * moment (a few milliseconds).
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { COLLECT_BYTES } from '../../base/limits.ts';

let droppedBytes = 0;
let collect: (() => void) | null = null;

/** This thread let go of a segment of `sizeBytes`. */
export function noteDropped(sizeBytes: number): void {
  droppedBytes += sizeBytes;
}

/** Called every few seconds by whoever keeps house in a thread. */
export function collectDropped(): void {
  if (droppedBytes < COLLECT_BYTES) return;
  droppedBytes = 0;
  if (collect === null) {
    // The flag is the whole process's: taken back, another thread would find no `gc` in its context.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
