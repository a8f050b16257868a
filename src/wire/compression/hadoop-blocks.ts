/**
 * The framing of Hadoop's block codecs (SnappyCodec, Lz4Codec): each block is the length of its bytes, the
 * length of its packed bytes (both four bytes, big-endian), and these.
 *
 * Limits: readers unpack a block into a buffer of 256 KiB (`io.compression.codec.*.buffersize`), and take no
 * more than that of packed bytes at once; Hadoop's own writers stay under 218 421 bytes a block for Snappy.
 * An empty block would end the file for a reader, so nothing gives nothing.
 * Source: org.apache.hadoop.io.compress.BlockCompressorStream and BlockDecompressorStream.
 */

const BLOCK_BYTES = 192 * 1024;
const HEAD_BYTES = 8;

/** Packs `bytes[from, to)` into `out` at `at`; returns the offset behind it. */
type PackBlock = (bytes: Uint8Array, from: number, to: number, out: Buffer, at: number) => number;

export function hadoopBlocks(
  bytes: Uint8Array,
  pack: PackBlock,
  packedBytesMax: (length: number) => number,
): Uint8Array {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES);
  const longest = Math.min(bytes.length, BLOCK_BYTES);
  const out = Buffer.allocUnsafe(blocks * (HEAD_BYTES + packedBytesMax(longest)));
  let used = 0;
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
    const to = Math.min(from + BLOCK_BYTES, bytes.length);
    const start = used + HEAD_BYTES;
    const end = pack(bytes, from, to, out, start);
    out.writeUInt32BE(to - from, used);
    out.writeUInt32BE(end - start, used + 4);
    used = end;
  }
  return out.subarray(0, used);
}
