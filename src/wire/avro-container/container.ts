/**
 * Writes an Avro object container file: header, then blocks of encoded records.
 *
 * Layout: `Obj` 1 · map of metadata (avro.schema, avro.codec) · 16 bytes sync mark · blocks: count, size
 * (both zig-zag varints), records, sync mark. Source: Apache Avro specification 1.11, "Object Container
 * Files".
 * Limits: a block is held in memory until it is ended; it grows by doubling.
 * It knows nothing of schemas: callers append bytes of records they encoded.
 */
import { randomBytes } from 'node:crypto';
import { copyBytes } from '../../memory/copy.ts';
import { InOrder } from '../compression/in-order.ts';
import type { AvroCodec } from './codecs.ts';

const FIRST_BYTES = 64 * 1024;
const VARINT_BYTES_MAX = 10;

/** A growing buffer with Avro's primitive writers. */
export class AvroBuffer {
  bytes: Buffer;
  used = 0;

  constructor(sizeBytes = FIRST_BYTES) {
    this.bytes = Buffer.allocUnsafe(sizeBytes);
  }

  ensure(more: number): void {
    if (this.used + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.used + more));
    this.bytes.copy(larger, 0, 0, this.used);
    this.bytes = larger;
  }

  /** A long, zig-zag encoded; exact for whole numbers of up to 53 bits. */
  long(value: number): void {
    this.ensure(VARINT_BYTES_MAX);
    let rest = value >= 0 ? value * 2 : -value * 2 - 1;
    while (rest > 0x7f) {
      this.bytes[this.used++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.used++] = rest;
  }

  raw(source: Uint8Array, from = 0, to = source.length): void {
    this.ensure(to - from);
    copyBytes(this.bytes, this.used, source, from, to);
    this.used += to - from;
  }

  /** Length and bytes. */
  bytesField(source: Uint8Array, from = 0, to = source.length): void {
    this.long(to - from);
    this.raw(source, from, to);
  }

  text(value: string): void {
    this.bytesField(Buffer.from(value, 'utf8'));
  }

  view(): Buffer {
    return this.bytes.subarray(0, this.used);
  }
}

export class AvroContainer {
  readonly #codec: AvroCodec;
  readonly #out: (bytes: Uint8Array) => void;
  readonly #sync = randomBytes(16);
  readonly #compressed = new InOrder();
  /** The records of the open block; callers append to it and then call `added`. */
  block = new AvroBuffer();
  #count = 0;

  constructor(codec: AvroCodec, out: (bytes: Uint8Array) => void) {
    this.#codec = codec;
    this.#out = out;
  }

  /** Writes the header. Records may be in the open block before, but no block may be ended. */
  begin(schema: string): void {
    const head = new AvroBuffer(1024);
    head.raw(Buffer.from([0x4f, 0x62, 0x6a, 1]));
    head.long(2);
    head.text('avro.schema');
    head.text(schema);
    head.text('avro.codec');
    head.text(this.#codec.name);
    head.long(0);
    head.raw(this.#sync);
    this.#out(head.view());
  }

  added(records: number): void {
    this.#count += records;
  }

  get blockBytes(): number {
    return this.block.used;
  }

  /** Ends the open block; once it is written, the file can be read up to its end. */
  endBlock(): void {
    if (this.#count === 0) return;
    const count = this.#count;
    const records = this.block.view();
    this.#count = 0;
    // The writer may keep the bytes until its flush: the next block gets a buffer of its own.
    this.block = new AvroBuffer(this.block.bytes.length);
    const { compress } = this.#codec;
    if (compress === null) this.#writeBlock(count, records);
    else this.#compressed.add(compress(records), (bytes) => this.#writeBlock(count, bytes));
  }

  #writeBlock(count: number, records: Uint8Array): void {
    const head = new AvroBuffer(2 * VARINT_BYTES_MAX);
    head.long(count);
    head.long(records.length);
    this.#out(head.view());
    this.#out(records);
    this.#out(this.#sync);
  }

  /** Ends the open block; resolves (or returns) when all blocks are written. */
  flush(): Promise<void> | undefined {
    this.endBlock();
    return this.#compressed.settled();
  }
}
