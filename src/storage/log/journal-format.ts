/**
 * The bytes of a journal file (journal.ts): records one behind another from its start, each as
 *
 *     magic (u32) · generation (u32) · nonce (u32) · length of the value (u32) · crc-32 of these (u32) ·
 *     key (record.ts) · value · zeros up to a multiple of 8
 *
 * little-endian. What one write brings begins at a sector and is filled with zeros up to the next: a write
 * that is cut off by a power failure harms nothing that was acknowledged before. A file is written from its
 * start again and again, each time under a higher generation and a new random nonce. Both must be those of
 * the first record: what is left of earlier generations behind the end, and whatever bytes a sender has put
 * into its events, is no record. The key has a checksum of its own and holds the value's, which whoever
 * reads the record compares.
 */
import { crcOf, decodeKey, encodeKey, KEY_BYTES } from './record.ts';
import type { StoredRecord } from './segment-reader.ts';

export const SECTOR_BYTES = 512;
const MAGIC = 0x4a524c4d; // MLRJ
const LENGTH_AT = 12;
const CRC_AT = 16;
const KEY_AT = 20;
const HEAD_BYTES = KEY_AT + KEY_BYTES;

/** Bytes of the records as one write, up to its last sector's end. */
export function writeBytes(records: readonly StoredRecord[]): number {
  let bytes = 0;
  for (const { value } of records) bytes += recordBytes(value.length);
  return roundUp(bytes, SECTOR_BYTES);
}

function recordBytes(valueBytes: number): number {
  return roundUp(HEAD_BYTES + valueBytes, 8);
}

function roundUp(bytes: number, to: number): number {
  return Math.ceil(bytes / to) * to;
}

/** Tells the records of one pass over a file from all others. */
export interface Pass {
  readonly generation: number;
  readonly nonce: number;
}

/** The records as one write, and as they stand in its bytes. */
export function encodeWrite(
  records: readonly StoredRecord[],
  { generation, nonce }: Pass,
): { bytes: Buffer; copies: StoredRecord[] } {
  const bytes = Buffer.alloc(writeBytes(records));
  let at = 0;
  const copies = records.map(({ key, value }) => {
    bytes.writeUInt32LE(MAGIC, at);
    bytes.writeUInt32LE(generation, at + 4);
    bytes.writeUInt32LE(nonce, at + 8);
    bytes.writeUInt32LE(value.length, at + LENGTH_AT);
    encodeKey(key).copy(bytes, at + KEY_AT);
    bytes.writeUInt32LE(headCrc(bytes, at), at + CRC_AT);
    const start = at + HEAD_BYTES;
    value.copy(bytes, start);
    at += recordBytes(value.length);
    return { key, value: bytes.subarray(start, start + value.length) };
  });
  return { bytes, copies };
}

function headCrc(bytes: Buffer, at: number): number {
  return crcOf(bytes.subarray(at, at + CRC_AT));
}

export interface JournalContent {
  /** 0 when nothing was ever written. */
  readonly generation: number;
  /** Of that generation, in order. */
  readonly records: readonly StoredRecord[];
  /** Where bytes stand that are no records although records follow; null when there are none. */
  readonly damagedAt: number | null;
}

/**
 * What stands in a journal file. A value that fails its checksum at the very end is of a write that was cut
 * off; before others it is damage, and a record all the same for whoever keeps such blocks.
 */
export function decodeJournal(bytes: Buffer): JournalContent {
  const records: StoredRecord[] = [];
  let torn: StoredRecord[] = [];
  let pass: Pass | null = null;
  let gapAt: number | null = null;
  let damagedAt: number | null = null;
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const record = recordAt(bytes, at, pass);
    if (record === null) {
      // Behind the records of one write there are zeros; anything else should have been a record.
      const isFilling = at % SECTOR_BYTES !== 0 && bytes.readUInt32LE(at) === 0;
      if (!isFilling) gapAt ??= at;
      at = roundUp(at + 1, SECTOR_BYTES);
      continue;
    }
    pass ??= { generation: bytes.readUInt32LE(at + 4), nonce: bytes.readUInt32LE(at + 8) };
    at += recordBytes(record.value.length);
    torn.push(record);
    if (crcOf(record.value) !== record.key.crc) continue;
    records.push(...torn);
    torn = [];
    damagedAt ??= gapAt;
  }
  return { generation: pass?.generation ?? 0, records, damagedAt };
}

/** The record at `at`, if one of that pass (of any: null) stands there. */
function recordAt(bytes: Buffer, at: number, pass: Pass | null): StoredRecord | null {
  if (bytes.readUInt32LE(at) !== MAGIC || bytes.readUInt32LE(at + CRC_AT) !== headCrc(bytes, at)) return null;
  const isOfPass =
    pass === null ||
    (bytes.readUInt32LE(at + 4) === pass.generation && bytes.readUInt32LE(at + 8) === pass.nonce);
  const start = at + HEAD_BYTES;
  const end = start + bytes.readUInt32LE(at + LENGTH_AT);
  if (!isOfPass || end > bytes.length) return null;
  const key = decodeKey(bytes.subarray(at + KEY_AT, start));
  return key === null ? null : { key, value: bytes.subarray(start, end) };
}
