/**
 * Finds what a block repeats, for the formats that say it as literals and copies (Snappy, LZ4): one pass, the
 * last place of each hash of four bytes, longer steps where nothing matches.
 *
 * Limits: offsets up to 65 535; no copy starts in the last 12 bytes or reaches into the last 5, as LZ4 wants
 * it (Snappy does not mind).
 */

/** Numbers a sequence: where its literals start, how many, how far back its copy lies, its length. */
export const SEQUENCE_NUMBERS = 4;

const MATCH_BYTES_MIN = 4;
const OFFSET_MAX = 0xffff;
const START_MARGIN = 12;
const END_MARGIN = 5;
const HASH_BITS = 14;
/** Every 2^6 bytes without a match the step grows by one. */
const SKIP_SHIFT = 6;

/** Of the last use: places in another block do no harm, since what stands there is compared. */
const places = new Int32Array(1 << HASH_BITS);

let sequences = new Int32Array(1 << 14);

/** A view that the next call overwrites. Literals behind the last sequence reach to the end of the block. */
export function findMatches(bytes: Uint8Array, from: number, to: number): Int32Array {
  places.fill(-1);
  const startMax = to - START_MARGIN;
  const endMax = to - END_MARGIN;
  let used = 0;
  let literals = from;
  let at = from;
  let misses = 1 << SKIP_SHIFT;
  while (at < startMax) {
    const word = wordAt(bytes, at);
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
    const place = places[slot]!;
    places[slot] = at;
    if (place < 0 || at - place > OFFSET_MAX || wordAt(bytes, place) !== word) {
      at += misses++ >>> SKIP_SHIFT;
      continue;
    }
    let end = at + MATCH_BYTES_MIN;
    let source = place + MATCH_BYTES_MIN;
    while (end < endMax && bytes[end] === bytes[source]) {
      end++;
      source++;
    }
    if (used + SEQUENCE_NUMBERS > sequences.length) sequences = grown(sequences);
    sequences[used] = literals;
    sequences[used + 1] = at - literals;
    sequences[used + 2] = at - place;
    sequences[used + 3] = end - at;
    used += SEQUENCE_NUMBERS;
    literals = end;
    at = end;
    misses = 1 << SKIP_SHIFT;
  }
  return sequences.subarray(0, used);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function grown(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}
