/** Finds out at the opening of a log where it ends; log.ts tells what recovery promises. */
import type { CheckpointState } from '../checkpoint.ts';
import { TakenOffsets } from './ranges.ts';
import type { RecordKey } from './record.ts';

/** One data directory. */
export interface NewestKeys {
  /** Keys of the newest records, newest first. */
  newestKeys(): AsyncIterable<RecordKey>;
}

/** Where the log ends, and what is taken. Looks at what was in flight at the end only. */
export async function recover(
  checkpoint: CheckpointState | null,
  directories: readonly NewestKeys[],
): Promise<{ taken: TakenOffsets; end: number }> {
  const state = checkpoint ?? { low: 0, ranges: [], durable: 0 };
  let { low, durable } = state;
  const tail: RecordKey[] = [];
  for (const directory of directories) {
    let isNewest = true;
    for await (const key of directory.newestKeys()) {
      if (isNewest) {
        low = Math.max(low, key.low);
        durable = Math.max(durable, key.durable);
        isNewest = false;
      }
      if (key.first + key.count <= durable) break;
      tail.push(key);
    }
  }
  const taken = new TakenOffsets(low, state.ranges);
  tail.sort((a, b) => a.first - b.first);
  let end = Math.max(low, durable);
  for (const key of tail) {
    // What was in flight and is not there was never acknowledged.
    if (key.first > end) taken.add(end, key.first);
    end = Math.max(end, key.first + key.count);
  }
  // Records may have gone from the end: numbers that were taken are not given out again.
  const takenEnd = taken.ranges.at(-1)?.[1] ?? 0;
  if (takenEnd > end) taken.add(end, takenEnd);
  return { taken, end: Math.max(end, takenEnd) };
}
