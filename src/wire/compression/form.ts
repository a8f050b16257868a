/**
 * Whole buffers in, whole buffers out, in the forms that Millrace writes. What runs here costs CPU time: a
 * component hands it to the pool through `BlockWork`.
 *
 * Source: RFC 1950, 1951, 1952, 8878 by Node's zlib; the others in the files imported below.
 */
import { crc32, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { compressBzip2 } from './bzip2/compressor.ts';
import { hadoopBlocks } from './hadoop-blocks.ts';
import { compressLz4Block, lz4BytesMax } from './lz4.ts';
import { compressSnappy, snappyBytesMax } from './snappy.ts';

/**
 * - `raw-deflate`, `zlib`, `gzip`: the level is zlib's default, 6.
 * - `zstd`: one frame, level 3.
 * - `bzip2`: one stream of blocks of 900 kB.
 * - `snappy-crc32`: a Snappy block and the CRC-32 of what it holds, big-endian, as Avro has it.
 * - `hadoop-snappy`, `hadoop-lz4`: blocks in Hadoop's framing.
 *
 * The last two, gzip, zstd, zlib and bzip2 may stand one behind the other: Hadoop reads them as one.
 */
export type CompressionForm =
  | 'raw-deflate'
  | 'zlib'
  | 'gzip'
  | 'zstd'
  | 'bzip2'
  | 'snappy-crc32'
  | 'hadoop-snappy'
  | 'hadoop-lz4';

/** Compresses later, perhaps in another thread; `bytes` must not change before the promise settles. */
export type Compress = (form: CompressionForm, bytes: Uint8Array) => Promise<Uint8Array>;

const FORMS: Readonly<Record<CompressionForm, (bytes: Uint8Array) => Uint8Array>> = {
  'raw-deflate': (bytes) => deflateRawSync(bytes),
  zlib: (bytes) => deflateSync(bytes),
  gzip: (bytes) => gzipSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
  bzip2: compressBzip2,
  'snappy-crc32': snappyCrc32,
  'hadoop-snappy': (bytes) => hadoopBlocks(bytes, compressSnappy, snappyBytesMax),
  'hadoop-lz4': (bytes) => hadoopBlocks(bytes, compressLz4Block, lz4BytesMax),
};

export function compressNow(form: CompressionForm, bytes: Uint8Array): Uint8Array {
  return FORMS[form](bytes);
}

function snappyCrc32(bytes: Uint8Array): Uint8Array {
  const out = Buffer.allocUnsafe(snappyBytesMax(bytes.length) + 4);
  const end = compressSnappy(bytes, 0, bytes.length, out, 0);
  return out.subarray(0, out.writeUInt32BE(crc32(bytes), end));
}
