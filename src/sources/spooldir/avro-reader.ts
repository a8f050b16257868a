/**
 * Deserializer AVRO: one event for each record of an object container file; the body is the record as it
 * stands there. Reading goes on at the mark before a block, as in Flume: there is no position within one.
 */
import { MillraceError } from '../../base/errors.ts';
import { BLOCK_BYTES_MAX } from '../../base/limits.ts';
import { encodeHeaders, type Headers } from '../../memory/block/headers.ts';
import { AvroCursor, AvroEnd, badAvro } from '../../wire/avro-container/cursor.ts';
import { type AvroBlock, AvroContainerReader } from '../../wire/avro-container/reader.ts';
import { type AvroSchema, fingerprint, parseAvroSchema, skipAvro } from '../../wire/avro-container/schema.ts';
import type { Chunk, ChunkReader, EventTarget, OpenReader } from './chunk.ts';

/** Where a chunk ends that has more. */
const CHUNK_BYTES = 1024 * 1024;
const CHUNK_EVENTS = 64 * 1024;
const HEADER_HASH = 'flume.avro.schema.hash';
const HEADER_LITERAL = 'flume.avro.schema.literal';
/** What an event and its table may take of a block. */
const RECORD_BYTES_MAX = BLOCK_BYTES_MAX - 1024 * 1024;

export function avroReaders(schemaType: 'HASH' | 'LITERAL'): OpenReader {
  return async (file, from) => {
    const container = await AvroContainerReader.open(file.read);
    const schema = parseAvroSchema(container.schema);
    const header: [string, string] =
      schemaType === 'HASH'
        ? [HEADER_HASH, fingerprint(schema)]
        : [HEADER_LITERAL, withoutSpace(container.schema)];
    const headers = new Map([header]);
    if (encodeHeaders(headers).length > RECORD_BYTES_MAX)
      throw badAvro('the schema is too long for a header');
    await container.seek(from);
    return new AvroReader(container, schema, headers);
  };
}

/** JSON without the white space between its parts: numbers and strings stay as they are. */
function withoutSpace(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, text: string | undefined) => text ?? '');
}

class AvroReader implements ChunkReader {
  readonly headers: Headers;
  readonly #container: AvroContainerReader;
  readonly #schema: AvroSchema;
  /** The block of which records are left, and the place of the next one. */
  #block: AvroBlock | null = null;
  #cursor = new AvroCursor(Buffer.alloc(0));
  #left = 0;
  #bad: MillraceError | null = null;

  constructor(container: AvroContainerReader, schema: AvroSchema, headers: Headers) {
    this.#container = container;
    this.#schema = schema;
    this.headers = headers;
  }

  async next(): Promise<Chunk | null> {
    if (this.#bad !== null) throw this.#bad;
    while (this.#block === null || this.#left === 0) {
      const block = await this.#container.next();
      if (block === null) return null;
      this.#block = block;
      this.#left = block.count;
      this.#cursor = new AvroCursor(block.records);
    }
    return this.#chunk(this.#block);
  }

  #chunk(block: AvroBlock): Chunk | null {
    const cursor = this.#cursor;
    const start = cursor.at;
    const ends: number[] = [];
    try {
      while (this.#left > 0 && ends.length < CHUNK_EVENTS && cursor.at - start < CHUNK_BYTES) {
        ends.push(this.#record(cursor));
        this.#left--;
      }
      if (this.#left === 0 && cursor.left > 0) throw badAvro('a block has more bytes than its records');
    } catch (error) {
      const what = error instanceof AvroEnd ? 'a block ends within a record' : (error as Error).message;
      this.#bad = badAvro(`the block at byte ${block.start}: ${what}`);
      if (ends.length === 0) throw this.#bad;
    }
    const isWhole = this.#left === 0 && this.#bad === null;
    // A mark stands before each block; the head's own is found from 0 as well.
    return new AvroChunk(block.records, start, ends, isWhole ? block.end : Math.max(0, block.start - 16));
  }

  #record(cursor: AvroCursor): number {
    const start = cursor.at;
    skipAvro(this.#schema, cursor);
    if (cursor.at - start > RECORD_BYTES_MAX) {
      throw new MillraceError(
        'EVENT_TOO_LARGE',
        `a record of ${cursor.at - start} bytes is too large for an event`,
      );
    }
    return cursor.at;
  }
}

class AvroChunk implements Chunk {
  readonly isTail = false;
  readonly end: number;
  readonly #records: Buffer;
  readonly #start: number;
  readonly #ends: readonly number[];

  constructor(records: Buffer, start: number, ends: readonly number[], end: number) {
    this.#records = records;
    this.#start = start;
    this.#ends = ends;
    this.end = end;
  }

  get sizeBytes(): number {
    return this.#ends.at(-1)! - this.#start;
  }

  append(target: EventTarget): void {
    let from = this.#start;
    for (const to of this.#ends) {
      target.append(this.#records, from, to);
      from = to;
    }
  }

  ends(): (number | null)[] {
    return this.#ends.map((_, i) => (i + 1 === this.#ends.length ? this.end : null));
  }
}
