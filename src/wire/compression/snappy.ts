/**
 * Writes Snappy's block format: the length of what is packed as a varint, then elements. The two lowest bits
 * of an element's first byte tell its kind: 0 literals, 1 a copy of 4–11 bytes from up to 2047 back, 2 a copy
 * of 1–64 bytes from up to 65 535 back. Source: format_description.txt of google/snappy.
 */
import { copyBytes } from '../../memory/copy.ts';
import { findMatches, SEQUENCE_NUMBERS } from './matches.ts';

const NEAR_LENGTH_MAX = 11;
const NEAR_OFFSET_MAX = 2047;
const COPY_LENGTH_MAX = 64;
const COPY_LENGTH_MIN = 4;

/** Most bytes that `length` bytes become. */
export function snappyBytesMax(length: number): number {
  return 32 + length + Math.ceil(length / 6);
}

/** Packs `bytes[from, to)` into `out` at `at`, which has room for the most; returns the offset behind it. */
export function compressSnappy(bytes: Uint8Array, from: number, to: number, out: Buffer, at: number): number {
  let used = at;
  let rest = to - from;
  while (rest > 0x7f) {
    out[used++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[used++] = rest;
  const sequences = findMatches(bytes, from, to);
  let literals = from;
  for (let i = 0; i < sequences.length; i += SEQUENCE_NUMBERS) {
    const length = sequences[i + 1]!;
    const copied = sequences[i + 3]!;
    used = putLiterals(bytes, literals, length, out, used);
    used = putCopy(sequences[i + 2]!, copied, out, used);
    literals += length + copied;
  }
  return putLiterals(bytes, literals, to - literals, out, used);
}

function putLiterals(bytes: Uint8Array, from: number, length: number, out: Buffer, at: number): number {
  if (length === 0) return at;
  let used = at;
  const less = length - 1;
  if (less < 60) {
    out[used++] = less << 2;
  } else {
    // Lengths beyond 60 stand in one to four bytes behind the first.
    const lengthBytes = less < 0x100 ? 1 : less < 0x1_0000 ? 2 : less < 0x100_0000 ? 3 : 4;
    out[used++] = (59 + lengthBytes) << 2;
    for (let i = 0; i < lengthBytes; i++) out[used++] = less >>> (8 * i);
  }
  copyBytes(out, used, bytes, from, from + length);
  return used + length;
}

function putCopy(offset: number, length: number, out: Buffer, at: number): number {
  let used = at;
  let rest = length;
  while (rest > 0) {
    if (rest >= COPY_LENGTH_MIN && rest <= NEAR_LENGTH_MAX && offset <= NEAR_OFFSET_MAX) {
      out[used++] = ((offset >>> 8) << 5) | ((rest - 4) << 2) | 1;
      out[used++] = offset;
      return used;
    }
    // No rest of under four bytes is left: it could not be said in the short form.
    const now = rest > COPY_LENGTH_MAX && rest < COPY_LENGTH_MAX + COPY_LENGTH_MIN ? 60 : Math.min(rest, 64);
    out[used++] = ((now - 1) << 2) | 2;
    out[used++] = offset;
    out[used++] = offset >>> 8;
    rest -= now;
  }
  return used;
}
