/**
 * Reads what `CompressionForm` names, by other code than what wrote it. Fails when anything is out of place.
 */
import assert from 'node:assert/strict';
import { crc32, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { snappyUncompress } from '../../src/wire/avro-container/snappy.ts';
import type { CompressionForm } from '../../src/wire/compression/form.ts';
import { bunzip2 } from './bunzip2.ts';

const BYTES_MAX = 64 * 1024 * 1024;

const FORMS: Readonly<Record<CompressionForm, (bytes: Buffer) => Buffer>> = {
  'raw-deflate': (bytes) => inflateRawSync(bytes),
  zlib: each(inflateSync),
  gzip: (bytes) => gunzipSync(bytes),
  zstd: each(zstdDecompressSync),
  bzip2: bunzip2,
  'snappy-crc32': (bytes) => {
    const out = snappyUncompress(bytes.subarray(0, -4), BYTES_MAX);
    assert.equal(bytes.readUInt32BE(bytes.length - 4), crc32(out));
    return out;
  },
  'hadoop-snappy': (bytes) => unframe(bytes, (block) => snappyUncompress(block, BYTES_MAX)),
  'hadoop-lz4': (bytes) => unframe(bytes, lz4Uncompress),
};

export function decompress(form: CompressionForm, bytes: Uint8Array): Buffer {
  return FORMS[form](Buffer.from(bytes));
}

type WithEngine = (
  bytes: Buffer,
  options: { readonly info: true },
) => { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };

/** Streams or frames one behind the other; Node.js reads the first one only. */
function each(decompressOne: unknown): (bytes: Buffer) => Buffer {
  return (bytes) => {
    const parts: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const { buffer, engine } = (decompressOne as WithEngine)(bytes.subarray(at), { info: true });
      parts.push(buffer);
      at += engine.bytesWritten;
    }
    return Buffer.concat(parts);
  };
}

/** Blocks of Hadoop's framing: any number of chunks each; no block is empty. */
function unframe(bytes: Buffer, unpack: (block: Buffer) => Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    let left = bytes.readUInt32BE(at);
    at += 4;
    assert.notEqual(left, 0, 'an empty block would end the file');
    while (left > 0) {
      const length = bytes.readUInt32BE(at);
      at += 4;
      assert.ok(length <= 256 * 1024 && at + length <= bytes.length, `a chunk of ${length} bytes`);
      const part = unpack(bytes.subarray(at, at + length));
      assert.ok(part.length > 0 && part.length <= left, 'chunks are as long as their block says');
      parts.push(part);
      left -= part.length;
      at += length;
    }
  }
  return Buffer.concat(parts);
}

/** LZ4's block format, with what it demands of the end of a block. */
export function lz4Uncompress(bytes: Buffer): Buffer {
  const out: number[] = [];
  let at = 0;
  const length = (half: number) => {
    let sum = half;
    for (let more = half === 15 ? 255 : 0; more === 255; sum += more) more = bytes[at++]!;
    return sum;
  };
  let lastCopyStart = -1;
  for (;;) {
    const token = bytes[at++]!;
    const literals = length(token >> 4);
    assert.ok(at + literals <= bytes.length, 'the literals are there');
    for (let i = 0; i < literals; i++) out.push(bytes[at++]!);
    if (at === bytes.length) {
      assert.ok(
        lastCopyStart < 0 || (literals >= 5 && out.length - lastCopyStart >= 12),
        'the end of a block',
      );
      return Buffer.from(out);
    }
    const offset = bytes.readUInt16LE(at);
    at += 2;
    assert.ok(offset > 0 && offset <= out.length, `a copy from ${offset} back`);
    lastCopyStart = out.length;
    for (let i = length(token & 15) + 4; i > 0; i--) out.push(out[out.length - offset]!);
  }
}
