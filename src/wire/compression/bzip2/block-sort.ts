/**
 * The Burrows-Wheeler transform: all rotations of a block, sorted, and the last byte of each.
 *
 * Rotations are sorted as suffixes: of the least rotation, whose suffixes have the order of its rotations (a
 * suffix that is the beginning of another goes on with the least rotation, so it is never the greater one).
 * The suffixes are sorted by induction (suffix-array.ts), in a time that no input can make worse.
 */
import { suffixArray } from './suffix-array.ts';

export interface SortedBlock {
  /** The last byte of each rotation, in their order. */
  readonly lasts: Uint8Array;
  /** Place of the block itself among its rotations. */
  readonly origin: number;
}

export function sortBlock(block: Uint8Array): SortedBlock {
  const { length } = block;
  const start = leastRotation(block);
  const rotated = new Uint8Array(length);
  rotated.set(block.subarray(start));
  rotated.set(block.subarray(0, start), length - start);
  const order = suffixArray(rotated, 0xff);
  const lasts = new Uint8Array(length);
  const self = start === 0 ? 0 : length - start;
  let origin = 0;
  for (let i = 0; i < length; i++) {
    const at = order[i]!;
    if (at === self) origin = i;
    lasts[i] = rotated[at === 0 ? length - 1 : at - 1]!;
  }
  return { lasts, origin };
}

/**
 * Where the least rotation starts: two candidates are compared, and the greater one is passed over together
 * with all starts within what the two have in common.
 */
function leastRotation(block: Uint8Array): number {
  const { length } = block;
  let one = 0;
  let other = 1;
  let common = 0;
  while (one < length && other < length && common < length) {
    const a = block[one + common < length ? one + common : one + common - length]!;
    const b = block[other + common < length ? other + common : other + common - length]!;
    if (a === b) {
      common++;
      continue;
    }
    if (a > b) one += common + 1;
    else other += common + 1;
    if (one === other) other++;
    common = 0;
  }
  return Math.min(one, other);
}
