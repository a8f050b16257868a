/**
 * A record of the log: the key says which events it holds, the value is their block as it stood in memory, or
 * encrypted (cipher.ts).
 *
 * Key, 36 bytes, big-endian so that LMDB's byte order is the order of offsets:
 *     first event (u64) · events (u32) · crc-32 of the value (u32) · low-water mark (u64) ·
 *     events behind the durable prefix (u32) · format version (u16) · flags (u16) · crc-32 of the key (u32)
 *
 * Events are numbered from 0 for the life of a channel's directories: the number of an event is its offset.
 * The low-water mark is the offset below which every event had been taken when the record was written: it
 * makes takes durable with the puts behind them. "Behind the durable prefix" is how far back the first event
 * is that was not known to be on the disk then: no gap can stand before that point. Flags: bit 0, the value
 * is encrypted. The key has a checksum of its own: a flipped bit in a mark would make events look taken.
 *
 * Versions: 2. Version 1 is read: its keys end before their checksum.
 */
import { crc32 } from 'node:zlib';
import { MillraceError } from '../../base/errors.ts';

export const KEY_BYTES = 36;
const CRC_AT = 32;
export const FORMAT_VERSION = 2;
const FLAG_ENCRYPTED = 1;
/** What keys of the versions that are read have. */
export const KEY_SIZES: ReadonlySet<number> = new Set([CRC_AT, KEY_BYTES]);

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
  bytes.writeUInt32BE(crcOf(bytes.subarray(0, CRC_AT)), CRC_AT);
  return bytes;
}

/** Null when the bytes are no key. @throws when they are one of a version that is not known. */
export function decodeKey(bytes: Uint8Array): RecordKey | null {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!KEY_SIZES.has(view.length)) return null;
  const version = view.readUInt16BE(28);
  const hasCrc = view.length === KEY_BYTES;
  if (hasCrc ? crcOf(view.subarray(0, CRC_AT)) !== view.readUInt32BE(CRC_AT) : version !== 1) return null;
  if (hasCrc && version !== FORMAT_VERSION) {
    const text = `a record has format version ${version}; this version of Millrace reads 1 and ${FORMAT_VERSION}`;
    throw new MillraceError('STORAGE_DAMAGED', text, { remedy: 'use the version of Millrace that wrote it' });
  }
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
