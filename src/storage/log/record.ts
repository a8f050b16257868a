/**
 * A record of the log: the key says which events it holds, the value is their block as it stood in memory, or
 * encrypted (cipher.ts).
 *
 * Key, 32 bytes, big-endian so that LMDB's byte order is the order of offsets:
 *     first event (u64) · events (u32) · crc-32 of the value (u32) · low-water mark (u64) ·
 *     events behind the durable prefix (u32) · format version (u16) · flags (u16)
 *
 * Events are numbered from 0 for the life of a channel's directories: the number of an event is its offset.
 * The low-water mark is the offset below which every event had been taken when the record was written: it
 * makes takes durable with the puts behind them. "Behind the durable prefix" is how far back the first event
 * is that was not known to be on the disk then: no gap can stand before that point. Flags: bit 0, the value
 * is encrypted.
 */
import { crc32 } from 'node:zlib';

export const KEY_BYTES = 32;
export const FORMAT_VERSION = 1;
const FLAG_ENCRYPTED = 1;

export interface RecordKey {
  readonly first: number;
  readonly count: number;
  readonly crc: number;
  readonly low: number;
  /** Every event below this offset was durable when the record was written. */
  readonly durable: number;
  readonly isEncrypted: boolean;
}

export function encodeKey(key: RecordKey): Buffer {
  const bytes = Buffer.allocUnsafe(KEY_BYTES);
  writeOffset(bytes, 0, key.first);
  bytes.writeUInt32BE(key.count, 8);
  bytes.writeUInt32BE(key.crc, 12);
  writeOffset(bytes, 16, key.low);
  bytes.writeUInt32BE(Math.min(key.first - key.durable, 0xffffffff), 24);
  bytes.writeUInt16BE(FORMAT_VERSION, 28);
  bytes.writeUInt16BE(key.isEncrypted ? FLAG_ENCRYPTED : 0, 30);
  return bytes;
}

/** Null when the bytes are no key of a version that is known. */
export function decodeKey(bytes: Uint8Array): RecordKey | null {
  if (bytes.length !== KEY_BYTES) return null;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.readUInt16BE(28) !== FORMAT_VERSION) return null;
  const first = readOffset(view, 0);
  return {
    first,
    count: view.readUInt32BE(8),
    crc: view.readUInt32BE(12),
    low: readOffset(view, 16),
    durable: first - view.readUInt32BE(24),
    isEncrypted: (view.readUInt16BE(30) & FLAG_ENCRYPTED) !== 0,
  };
}

/** The start of keys from `first` on. */
export function keyFrom(first: number): Buffer {
  const bytes = Buffer.alloc(8);
  writeOffset(bytes, 0, first);
  return bytes;
}

function writeOffset(bytes: Buffer, at: number, offset: number): void {
  bytes.writeUInt32BE(Math.floor(offset / 2 ** 32), at);
  bytes.writeUInt32BE(offset >>> 0, at + 4);
}

function readOffset(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}

export function crcOf(value: Uint8Array): number {
  return crc32(value);
}
