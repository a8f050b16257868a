/**
 * Reads an Avro object container file block by block; the layout stands in container.ts.
 *
 * Positions are offsets in the file: `end` of a block is where its records end and its sync mark begins. From
 * there, and from any other place, `seek` finds the next block, as Java's DataFileReader.sync does.
 *
 * Limits: HEAD_BYTES_MAX of metadata, BLOCK_BYTES_MAX of a block, compressed and decompressed. Codecs: null,
 * deflate, snappy, zstandard. Damage is told with BAD_INPUT; what stands before it was handed out.
 */
import { promisify } from 'node:util';
import { crc32, inflateRaw, zstdDecompress } from 'node:zlib';
import { messageOf } from '../../base/errors.ts';
import { AvroCursor, AvroEnd, badAvro } from './cursor.ts';
import { snappyUncompress } from './snappy.ts';

const MEGABYTE = 1024 * 1024;
const HEAD_BYTES_MAX = 16 * MEGABYTE;
const BLOCK_BYTES_MAX = 128 * MEGABYTE;
const HEAD_BYTES_FIRST = 16 * 1024;
const SCAN_BYTES = 256 * 1024;
const SYNC_BYTES = 16;
const EMPTY_RECORDS_MAX = 1024 * 1024;
/** Count and size of a block. */
const BLOCK_HEAD_BYTES_MAX = 20;
const MAGIC = Buffer.from([0x4f, 0x62, 0x6a, 1]);

/** Fills `target` from the file's `position` on as far as there are bytes; resolves with their number. */
export type ReadAt = (target: Buffer, position: number) => Promise<number>;

export interface AvroBlock {
  /** Number of records. */
  readonly count: number;
  /** The records, decompressed; the caller may keep them. */
  readonly records: Buffer;
  /** Where the block begins, with its count. */
  readonly start: number;
  /** Where its sync mark begins. */
  readonly end: number;
}

type Decompress = (bytes: Buffer) => Promise<Buffer> | Buffer;

const inflate = promisify(inflateRaw) as (bytes: Buffer, options: object) => Promise<Buffer>;
const unzstd = promisify(zstdDecompress) as (bytes: Buffer, options: object) => Promise<Buffer>;
const LIMIT = { maxOutputLength: BLOCK_BYTES_MAX };

const CODECS: Readonly<Record<string, Decompress>> = {
  null: (bytes) => bytes,
  deflate: (bytes) => inflate(bytes, LIMIT),
  zstandard: (bytes) => unzstd(bytes, LIMIT),
  snappy: unsnappy,
};

/** Avro puts a checksum of the decompressed bytes behind a block of snappy. */
function unsnappy(bytes: Buffer): Buffer {
  if (bytes.length < 4) throw badAvro('a block of snappy is too short');
  const records = snappyUncompress(bytes.subarray(0, -4), BLOCK_BYTES_MAX);
  if (crc32(records) !== bytes.readUInt32BE(bytes.length - 4)) throw badAvro('a checksum is wrong');
  return records;
}

export class AvroContainerReader {
  readonly metadata: ReadonlyMap<string, Buffer>;
  readonly #read: ReadAt;
  readonly #sync: Buffer;
  readonly #decompress: Decompress;
  /** Where the next block begins. */
  #at: number;

  /** @throws BAD_INPUT when the file is no container or its codec is unknown. */
  static async open(read: ReadAt): Promise<AvroContainerReader> {
    for (let size = HEAD_BYTES_FIRST; ; size *= 4) {
      const bytes = await readUpTo(read, 0, size);
      if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw badAvro('Not an Avro data file.');
      try {
        const cursor = new AvroCursor(bytes, MAGIC.length);
        const metadata = cursor.map();
        return new AvroContainerReader(read, metadata, cursor.take(SYNC_BYTES), cursor.at);
      } catch (error) {
        if (!(error instanceof AvroEnd)) throw error;
        if (bytes.length < size) throw badAvro('the file ends within its head');
        if (size >= HEAD_BYTES_MAX) throw badAvro(`a head of more than ${HEAD_BYTES_MAX} bytes`);
      }
    }
  }

  private constructor(read: ReadAt, metadata: ReadonlyMap<string, Buffer>, sync: Buffer, at: number) {
    this.metadata = metadata;
    this.#read = read;
    this.#sync = sync;
    this.#at = at;
    const codec = metadata.get('avro.codec')?.toString('utf8') ?? 'null';
    const decompress = Object.hasOwn(CODECS, codec) ? CODECS[codec] : undefined;
    if (decompress === undefined) {
      const known = Object.keys(CODECS).join(', ');
      throw badAvro(
        `the codec ${codec} is not available`,
        `write the file with one of ${known} (avro-tools recodec)`,
      );
    }
    this.#decompress = decompress;
  }

  /** The schema's text. */
  get schema(): string {
    const schema = this.metadata.get('avro.schema');
    if (schema === undefined) throw badAvro('the head has no schema');
    return schema.toString('utf8');
  }

  /** Goes to the first block whose sync mark before it begins at `position` or later; 0 is the first one. */
  async seek(position: number): Promise<void> {
    if (position === 0) return;
    let from = position;
    for (;;) {
      const bytes = await readUpTo(this.#read, from, SCAN_BYTES);
      const found = bytes.indexOf(this.#sync);
      if (found >= 0) {
        this.#at = from + found + SYNC_BYTES;
        return;
      }
      if (bytes.length < SCAN_BYTES) {
        this.#at = from + bytes.length;
        return;
      }
      from += SCAN_BYTES - SYNC_BYTES + 1;
    }
  }

  /** Null at the end of the file. @throws BAD_INPUT when the file is damaged or ends within a block. */
  async next(): Promise<AvroBlock | null> {
    const start = this.#at;
    const head = await readUpTo(this.#read, start, BLOCK_HEAD_BYTES_MAX);
    if (head.length === 0) return null;
    const cursor = new AvroCursor(head);
    let count: number;
    let size: number;
    try {
      count = cursor.long();
      size = cursor.long();
    } catch (error) {
      throw error instanceof AvroEnd ? badAvro('the file ends within a block') : error;
    }
    if (count < 0 || size < 0 || size > BLOCK_BYTES_MAX) {
      throw badAvro(`at byte ${start} stands a block of ${count} records and ${size} bytes`);
    }
    const from = start + cursor.at;
    const bytes = await readUpTo(this.#read, from, size + SYNC_BYTES);
    if (bytes.length < size + SYNC_BYTES) throw badAvro('the file ends within a block');
    const end = from + size;
    if (!bytes.subarray(size).equals(this.#sync)) throw badAvro(`at byte ${end} stands no sync mark`);
    this.#at = end + SYNC_BYTES;
    const records = await this.#records(bytes.subarray(0, size), start);
    // Records may have no bytes at all; a few bytes of file must not become events without end.
    const isTooMany = count > Math.max(records.length, EMPTY_RECORDS_MAX);
    if (isTooMany || (count === 0 && records.length > 0)) {
      throw badAvro(`the block at byte ${start} has ${count} records of ${records.length} bytes`);
    }
    return { count, records, start, end };
  }

  async #records(bytes: Buffer, start: number): Promise<Buffer> {
    try {
      return await this.#decompress(bytes);
    } catch (error) {
      throw badAvro(`the block at byte ${start} cannot be decompressed: ${messageOf(error)}`);
    }
  }
}

/** Fewer bytes than asked for at the end of the file only. */
async function readUpTo(read: ReadAt, position: number, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(size);
  return bytes.subarray(0, await read(bytes, position));
}
