/** Files as serializers write them, and Avro container files read again by the format's specification. */
import assert from 'node:assert/strict';
import type { SerializerDeclaration } from '../../src/component/declaration.ts';
import type { EventSerializer } from '../../src/component/serializer.ts';
import type { BlockWork } from '../../src/component/work.ts';
import type { Batch } from '../../src/memory/block/batch.ts';
import { type CompressionForm, compressNow } from '../../src/wire/compression/form.ts';
import { decompress } from './decompress.ts';
import type { ReadEvent } from './editor.ts';
import { createPart, type Properties, RecordedLog } from './part.ts';

/** Work done in place of the engine's pool, later as there. */
export const workInPlace: BlockWork = {
  compress: async (form, bytes) => compressNow(form, bytes),
};

/** A file under a serializer. Views are kept until the flush, as real writers do. */
export class SerializedFile {
  readonly serializer: EventSerializer;
  readonly #views: Uint8Array[];
  #bytes = Buffer.alloc(0);

  private constructor(serializer: EventSerializer, views: Uint8Array[]) {
    this.serializer = serializer;
    this.#views = views;
  }

  static async open(
    declaration: SerializerDeclaration,
    properties: Properties = {},
    log = new RecordedLog(),
  ): Promise<SerializedFile> {
    const views: Uint8Array[] = [];
    const out = { write: (bytes: Uint8Array) => void views.push(bytes) };
    const serializer = await createPart(declaration, properties, { out, work: workInPlace, log });
    const file = new SerializedFile(serializer, views);
    serializer.begin();
    return file;
  }

  /** Writes and flushes a batch; what follows may use its memory for something else. */
  async commit(batch: Batch): Promise<void> {
    this.serializer.write(batch);
    await this.serializer.flush();
    this.#take();
  }

  #take(): void {
    this.#bytes = Buffer.concat([this.#bytes, ...this.#views.splice(0)]);
  }

  /** What stands in the file now. */
  get bytes(): Buffer {
    this.#take();
    return this.#bytes;
  }

  async close(): Promise<Buffer> {
    await this.serializer.flush();
    this.serializer.end();
    return this.bytes;
  }
}

export async function serialize(
  declaration: SerializerDeclaration,
  properties: Properties,
  ...batches: readonly Batch[]
): Promise<Buffer> {
  const file = await SerializedFile.open(declaration, properties);
  for (const batch of batches) await file.commit(batch);
  return await file.close();
}

export interface AvroFile {
  readonly schema: unknown;
  readonly codec: string;
  /** Records of each block. */
  readonly blocks: readonly number[];
  readonly events: readonly ReadEvent[];
  /** Header names of each event as they stand in the file. */
  readonly names: readonly (readonly string[])[];
}

const CODECS: Readonly<Record<string, CompressionForm>> = {
  deflate: 'raw-deflate',
  snappy: 'snappy-crc32',
  bzip2: 'bzip2',
  zstandard: 'zstd',
};

class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.at === this.#bytes.length;
  }

  take(length: number): Buffer {
    assert.ok(this.at + length <= this.#bytes.length, 'the file ends in the middle');
    const from = this.at;
    this.at += length;
    return Buffer.from(this.#bytes.subarray(from, this.at));
  }

  long(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.take(1)[0]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  bytesField(): Buffer {
    return this.take(this.long());
  }

  /** A map: blocks of pairs until one of none. */
  map(): [string, Buffer][] {
    const pairs: [string, Buffer][] = [];
    for (let count = this.long(); count !== 0; count = this.long()) {
      for (let i = 0; i < count; i++) pairs.push([this.bytesField().toString(), this.bytesField()]);
    }
    return pairs;
  }
}

export interface AvroBlocks {
  readonly schema: unknown;
  readonly codec: string;
  /** Number of records and their bytes, of each block. */
  readonly blocks: readonly (readonly [number, Buffer])[];
}

/** Reads a container; fails when anything is left over or out of place. */
export function readAvroBlocks(bytes: Uint8Array): AvroBlocks {
  const reader = new Reader(bytes);
  assert.equal(reader.take(4).toString('latin1'), 'Obj\u0001');
  const metadata = new Map(reader.map());
  const codec = metadata.get('avro.codec')!.toString();
  const sync = reader.take(16);
  const blocks: [number, Buffer][] = [];
  while (!reader.atEnd) {
    const count = reader.long();
    const packed = reader.bytesField();
    assert.deepEqual(reader.take(16), sync, 'a block ends in the file’s sync mark');
    blocks.push([count, codec === 'null' ? packed : decompress(CODECS[codec]!, packed)]);
  }
  return { schema: JSON.parse(metadata.get('avro.schema')!.toString()), codec, blocks };
}

/** Reads a container of Flume's events. */
export function readAvroFile(bytes: Uint8Array): AvroFile {
  const { schema, codec, blocks } = readAvroBlocks(bytes);
  const events: ReadEvent[] = [];
  const names: string[][] = [];
  for (const [count, bytesOfBlock] of blocks) {
    const records = new Reader(bytesOfBlock);
    for (let i = 0; i < count; i++) {
      const headers = records.map().map(([name, value]) => [name, value.toString()] as const);
      names.push(headers.map(([name]) => name));
      events.push({ headers: Object.fromEntries(headers), body: records.bytesField().toString() });
    }
    assert.ok(records.atEnd, 'a block holds its records and nothing else');
  }
  return { schema, codec, blocks: blocks.map(([count]) => count), events, names };
}
