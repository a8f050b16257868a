/**
 * Writes LZ4's block format: sequences of a token (four bits length of the literals, four bits length of the
 * copy less four; 15 says that bytes follow, added up until one is not 255), the literals, and the offset of
 * the copy in two bytes, little-endian. The last one has literals only. Source: lz4_Block_format.md of
 * lz4/lz4.
 */
import { copyBytes } from '../../memory/copy.ts';
import { findMatches, SEQUENCE_NUMBERS } from './matches.ts';

const COPY_LENGTH_MIN = 4;
const LENGTH_IN_TOKEN = 15;

/** Most bytes that `length` bytes become. */
export function lz4BytesMax(length: number): number {
  return length + Math.ceil(length / 255) + 16;
}

/** Packs `bytes[from, to)` into `out` at `at`, which has room for the most; returns the offset behind it. */
export function compressLz4Block(
  bytes: Uint8Array,
  from: number,
  to: number,
  out: Buffer,
  at: number,
): number {
  const sequences = findMatches(bytes, from, to);
  let used = at;
  let literals = from;
  for (let i = 0; i < sequences.length; i += SEQUENCE_NUMBERS) {
    const length = sequences[i + 1]!;
    const offset = sequences[i + 2]!;
    const copied = sequences[i + 3]!;
    const more = copied - COPY_LENGTH_MIN;
    used = putLiterals(bytes, literals, length, Math.min(more, LENGTH_IN_TOKEN), out, used);
    out[used++] = offset;
    out[used++] = offset >>> 8;
    if (more >= LENGTH_IN_TOKEN) used = putLength(more - LENGTH_IN_TOKEN, out, used);
    literals += length + copied;
  }
  return putLiterals(bytes, literals, to - literals, 0, out, used);
}

/** A token with `low` as its other half, and the literals. */
function putLiterals(
  bytes: Uint8Array,
  from: number,
  length: number,
  low: number,
  out: Buffer,
  at: number,
): number {
  let used = at;
  out[used++] = (Math.min(length, LENGTH_IN_TOKEN) << 4) | low;
  if (length >= LENGTH_IN_TOKEN) used = putLength(length - LENGTH_IN_TOKEN, out, used);
  copyBytes(out, used, bytes, from, from + length);
  return used + length;
}

function putLength(length: number, out: Buffer, at: number): number {
  let used = at;
  let rest = length;
  for (; rest >= 255; rest -= 255) out[used++] = 255;
  out[used++] = rest;
  return used;
}
