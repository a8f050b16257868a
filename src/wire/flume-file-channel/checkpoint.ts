/**
 * Flume's checkpoint: the queue as it was at a write order, and the transactions that were open then.
 *
 * Layout: `checkpoint` is 1029 longs (0 version, 1 write order, 4 marker: 0 complete, 1 being written) and a
 *   ring of as many longs as the channel's capacity, big-endian, each a pointer: file number and offset.
 *   `checkpoint.meta` is a delimited message {1 version, 2 writeOrderID, 3 queueSize, 4 queueHead, …}.
 *   `inflightputs` and `inflighttakes`: MD5 of the rest, then for each transaction its number, the count and
 *   pointers; an empty or missing file is an empty list.
 * A checkpoint is refused for Flume's reasons: unequal write orders, marker, version, sizes, sums. (Flume
 *   also refuses another capacity than the configured one; here it is that of the file.)
 * It does not read `queueset` (Flume makes it anew) and backups of dual checkpoints: the logs hold the same.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { VERSION } from './directory.ts';
import { MessageReader } from './proto.ts';

const HEADER_LONGS = 1029;
const WRITE_ORDER_LONG = 1;
const MARKER_LONG = 4;
const LONG_BYTES = 8;
const DIGEST_BYTES = 16;
const CHUNK_BYTES = 256 * 1024;

/** Called with each pointer in order. */
export type PointerSink = (fileId: number, offset: number) => void;

export interface OpenTransaction {
  readonly transactionId: number;
  readonly pointers: readonly (readonly [fileId: number, offset: number])[];
}

export interface Checkpoint {
  readonly writeOrderId: number;
  readonly queueSize: number;
  readonly openPuts: readonly OpenTransaction[];
  readonly openTakes: readonly OpenTransaction[];
  /** Reads the ring, head first. */
  forEach(sink: PointerSink): void;
}

/** Why a checkpoint cannot be used. */
class Unusable extends Error {}

/** The checkpoint, or why there is none that can be used. */
export function readCheckpoint(directory: string): Checkpoint | string {
  try {
    return read(directory);
  } catch (error) {
    return messageOf(error);
  }
}

function read(directory: string): Checkpoint {
  const path = join(directory, 'checkpoint');
  if (!existsSync(path) || !existsSync(`${path}.meta`))
    throw new Unusable(`${path} or its metadata are missing`);
  const meta = readMeta(`${path}.meta`);
  const fd = openSync(path, 'r');
  try {
    const header = Buffer.alloc(HEADER_LONGS * LONG_BYTES);
    const { size } = fstatSync(fd);
    const capacity = size / LONG_BYTES - HEADER_LONGS;
    if (readSync(fd, header, 0, header.length, 0) < header.length || !Number.isInteger(capacity)) {
      throw new Unusable(`${path} has a wrong size, ${size} bytes`);
    }
    if (longAt(header, 0) !== VERSION) throw new Unusable(`${path} has version ${longAt(header, 0)}`);
    if (longAt(header, MARKER_LONG * LONG_BYTES) !== 0) {
      throw new Unusable(`${path} was being written when the agent ended`);
    }
    if (longAt(header, WRITE_ORDER_LONG * LONG_BYTES) !== meta.writeOrderId) {
      throw new Unusable(`${path} and its metadata are of different checkpoints`);
    }
    if (meta.head < 0 || meta.size < 0 || meta.head >= Math.max(1, capacity) || meta.size > capacity) {
      throw new Unusable(`${path} has room for ${capacity} events, not for ${meta.size} from ${meta.head}`);
    }
    return {
      writeOrderId: meta.writeOrderId,
      queueSize: meta.size,
      openPuts: readOpen(join(directory, 'inflightputs')),
      openTakes: readOpen(join(directory, 'inflighttakes')),
      forEach: (sink) => readRing(path, meta.head, meta.size, capacity, sink),
    };
  } finally {
    closeSync(fd);
  }
}

function readMeta(path: string): { writeOrderId: number; size: number; head: number } {
  const bytes = readFileSync(path);
  const reader = new MessageReader();
  reader.openDelimited(bytes, 0, bytes.length);
  const values: (number | undefined)[] = [];
  while (reader.next()) values[reader.field] = reader.value;
  const [, version, writeOrderId, size, head] = values;
  if (version !== VERSION) throw new Unusable(`${path} has version ${version}`);
  if (writeOrderId === undefined || size === undefined || head === undefined) {
    throw new Unusable(`${path} is incomplete`);
  }
  return { writeOrderId, size, head };
}

function readRing(path: string, head: number, size: number, capacity: number, sink: PointerSink): void {
  const fd = openSync(path, 'r');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  try {
    for (let done = 0; done < size; ) {
      const slot = (head + done) % capacity;
      const longs = Math.min(size - done, capacity - slot, CHUNK_BYTES / LONG_BYTES);
      readSync(fd, chunk, 0, longs * LONG_BYTES, (HEADER_LONGS + slot) * LONG_BYTES);
      for (let i = 0; i < longs; i++) {
        sink(chunk.readInt32BE(i * LONG_BYTES), chunk.readInt32BE(i * LONG_BYTES + 4));
      }
      done += longs;
    }
  } finally {
    closeSync(fd);
  }
}

function readOpen(path: string): OpenTransaction[] {
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  if (bytes.length === 0) return [];
  const digest = createHash('md5').update(bytes.subarray(DIGEST_BYTES)).digest();
  if (!digest.equals(bytes.subarray(0, DIGEST_BYTES))) throw new Unusable(`${path} has a wrong checksum`);
  const list: OpenTransaction[] = [];
  for (let at = DIGEST_BYTES; at < bytes.length; ) {
    const transactionId = longAt(bytes, at);
    const count = longAt(bytes, at + LONG_BYTES);
    at += 2 * LONG_BYTES;
    if (count < 0 || count * LONG_BYTES > bytes.length - at) throw new Unusable(`${path} is cut short`);
    const pointers: [number, number][] = [];
    for (let i = 0; i < count; i++, at += LONG_BYTES) {
      pointers.push([bytes.readInt32BE(at), bytes.readInt32BE(at + 4)]);
    }
    // Flume writes 16 bytes of zeros too many.
    if (count > 0) list.push({ transactionId, pointers });
  }
  return list;
}

function longAt(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}
