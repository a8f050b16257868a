/**
 * Writes bzip2 streams: `BZh9`, blocks, an end mark and the CRC over the blocks' CRCs, to a whole byte.
 *
 * A block holds up to 900 000 bytes, in which runs of four and more equal bytes were cut: the fifth says how
 * many follow (0–251). They are sorted (block-sort.ts), moved to the front and packed (block-writer.ts).
 *
 * Limits: about 20 MB of memory for a block; time grows with the length alone, whatever the bytes are.
 * Source: bzip2 1.0.8, whose own documentation leaves the format out, and the decoders in use.
 */
import { BitWriter } from './bit-writer.ts';
import { sortBlock } from './block-sort.ts';
import { writeBlock } from './block-writer.ts';

const BLOCK_BYTES_MAX = 900_000;
/** A run takes up to this many bytes of a block: four and their number. */
const RUN_BYTES = 5;
const RUN_LENGTH_MAX = 255;
const RUN_CUT_AT = 4;

const STREAM_HEAD = 0x425a6839;
/** Two halves of 24 bits: the digits of pi, and of its square root. */
const BLOCK_MARK = [0x314159, 0x265359] as const;
const END_MARK = [0x177245, 0x385090] as const;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  return crc >>> 0;
});

interface Block {
  /** With its runs cut. */
  readonly bytes: Uint8Array;
  /** Of the bytes as they were. */
  readonly crc: number;
  /** Where the next block starts. */
  readonly end: number;
}

export function compressBzip2(bytes: Uint8Array): Uint8Array {
  const out = new BitWriter(bytes.length / 4);
  out.bits(32, STREAM_HEAD);
  let crcs = 0;
  for (let from = 0; from < bytes.length; ) {
    const block = cutRuns(bytes, from);
    crcs = ((crcs << 1) | (crcs >>> 31)) ^ block.crc;
    for (const half of BLOCK_MARK) out.bits(24, half);
    out.bits(32, block.crc);
    writeBlock(sortBlock(block.bytes), out);
    from = block.end;
  }
  for (const half of END_MARK) out.bits(24, half);
  out.bits(32, crcs);
  return out.finish();
}

/** The next block of `bytes`, from `from` on. */
function cutRuns(bytes: Uint8Array, from: number): Block {
  const out = new Uint8Array(Math.min(BLOCK_BYTES_MAX, Math.ceil(((bytes.length - from) * 5) / 4)));
  const usedMax = BLOCK_BYTES_MAX - RUN_BYTES;
  let used = 0;
  let crc = -1;
  let at = from;
  while (at < bytes.length && used <= usedMax) {
    const byte = bytes[at]!;
    let end = at + 1;
    while (end < bytes.length && end - at < RUN_LENGTH_MAX && bytes[end] === byte) end++;
    const length = end - at;
    for (let i = 0; i < length; i++) crc = (crc << 8) ^ CRC_TABLE[((crc >>> 24) ^ byte) & 0xff]!;
    for (let i = Math.min(length, RUN_CUT_AT); i > 0; i--) out[used++] = byte;
    if (length >= RUN_CUT_AT) out[used++] = length - RUN_CUT_AT;
    at = end;
  }
  return { bytes: out.subarray(0, used), crc: ~crc >>> 0, end: at };
}
