/** Container files read: those of Java's Avro with every codec, own ones, and what is wrong with others. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { NULL_CODEC } from '../../../src/wire/avro-container/codecs.ts';
import { AvroContainer } from '../../../src/wire/avro-container/container.ts';
import { AvroCursor, badAvro } from '../../../src/wire/avro-container/cursor.ts';
import { AvroContainerReader, type ReadAt } from '../../../src/wire/avro-container/reader.ts';
import { parseAvroSchema, skipAvro } from '../../../src/wire/avro-container/schema.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/avro-container');
const fixture = (codec: string) => readFileSync(join(FIXTURES, `records-${codec}.avro`));

function readerOf(bytes: Buffer): ReadAt {
  return async (target, position) => bytes.copy(target, 0, Math.min(position, bytes.length));
}

interface Read {
  readonly records: string[];
  readonly blocks: { readonly start: number; readonly end: number }[];
}

async function readAll(bytes: Buffer, from = 0): Promise<Read> {
  const container = await AvroContainerReader.open(readerOf(bytes));
  const schema = parseAvroSchema(container.schema);
  await container.seek(from);
  const records: string[] = [];
  const blocks: { start: number; end: number }[] = [];
  for (let block = await container.next(); block !== null; block = await container.next()) {
    const cursor = new AvroCursor(block.records);
    for (let n = 0; n < block.count; n++) {
      const start = cursor.at;
      skipAvro(schema, cursor);
      records.push(block.records.toString('hex', start, cursor.at));
    }
    // Only who knows the schema can tell.
    if (cursor.left > 0) throw badAvro('a block has more bytes than its records');
    blocks.push({ start: block.start, end: block.end });
  }
  return { records, blocks };
}

function written(schema: string, blocks: readonly (readonly Buffer[])[]): Buffer {
  const parts: Buffer[] = [];
  const container = new AvroContainer(NULL_CODEC, (bytes) => parts.push(Buffer.from(bytes)));
  container.begin(schema);
  for (const block of blocks) {
    for (const record of block) {
      container.block.bytesField(record);
      container.added(1);
    }
    container.endBlock();
  }
  return Buffer.concat(parts);
}

describe('container files', () => {
  test('of Java’s Avro, with each codec, hold the same records', async () => {
    const plain = await readAll(fixture('null'));
    assert.equal(plain.records.length, 12);
    assert.ok(plain.blocks.length > 2);
    assert.ok(plain.records.every((record) => record.includes(Buffer.from('é string').toString('hex'))));
    for (const codec of ['deflate', 'snappy', 'zstandard']) {
      assert.deepEqual((await readAll(fixture(codec))).records, plain.records, codec);
    }
  });

  test('a codec that is not available is told with those that are', async () => {
    await assert.rejects(readAll(fixture('bzip2')), (error: Error & { detail: { remedy: string } }) => {
      assert.match(error.message, /the codec bzip2 is not available/);
      assert.match(error.detail.remedy, /null, deflate, zstandard, snappy/);
      return true;
    });
  });

  test('are read on from the mark before any block, from its end, and from within it', async () => {
    const bytes = fixture('deflate');
    const all = await readAll(bytes);
    for (const [i, { start, end }] of all.blocks.entries()) {
      const own = (await readAll(bytes, start - 16)).blocks;
      assert.deepEqual(own, all.blocks.slice(i));
      assert.deepEqual((await readAll(bytes, end)).blocks, all.blocks.slice(i + 1));
      assert.deepEqual((await readAll(bytes, start)).blocks, all.blocks.slice(i + 1));
    }
  });

  test('that the writer here wrote come back', async () => {
    const block = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(block, { maxLength: 5 }), async (blocks) => {
        const bytes = written(
          '"bytes"',
          blocks.map((some) => some.map((one) => Buffer.from(one))),
        );
        const { records } = await readAll(bytes);
        assert.deepEqual(
          records.map((hex) => Buffer.from(hex, 'hex').subarray(1).toString('hex')),
          blocks.flat().map((one) => Buffer.from(one).toString('hex')),
        );
      }),
      { numRuns: 50 },
    );
  });

  test('a mark that lies over the edge of a scan is found', async () => {
    const block = [Buffer.alloc(300_000, 1)];
    const bytes = written('"bytes"', [block, block, block]);
    const { blocks } = await readAll(bytes);
    assert.equal(blocks.length, 3);
    for (const before of [262_144, 262_143, 262_130, 262_144 + 8]) {
      const { blocks: found } = await readAll(bytes, blocks[1]!.end - before);
      assert.deepEqual(found, blocks.slice(2), `${before} bytes before`);
    }
  });

  const damaged: readonly (readonly [what: string, damage: (bytes: Buffer) => Buffer, text: RegExp])[] = [
    ['no container', () => Buffer.from('a,b,c\n'), /Not an Avro data file\./],
    ['nothing', () => Buffer.alloc(0), /Not an Avro data file\./],
    ['a head that ends', (bytes) => bytes.subarray(0, 100), /ends within its head/],
    ['a block that ends', (bytes) => bytes.subarray(0, -20), /ends within a block/],
    ['a wrong mark', (bytes) => flipped(bytes, bytes.length - 1), /stands no sync mark/],
  ];
  for (const [what, damage, text] of damaged) {
    test(`${what}: told`, async () => {
      await assert.rejects(readAll(damage(fixture('null'))), { code: 'BAD_INPUT', message: text });
    });
  }

  test('a block whose compressed bytes are damaged is told with its place', async () => {
    for (const codec of ['deflate', 'snappy', 'zstandard']) {
      const bytes = fixture(codec);
      const { start, end } = (await readAll(bytes)).blocks[1]!;
      const wrong = Buffer.from(bytes);
      for (let at = start + 4; at < end; at++) wrong[at] = wrong[at]! ^ 0x5a;
      const text = new RegExp(`the block at byte ${start} cannot be decompressed`);
      await assert.rejects(readAll(wrong), { code: 'BAD_INPUT', message: text }, codec);
    }
  });

  test('a block of no records that has bytes is told: they were records', async () => {
    for (const codec of ['null', 'deflate', 'snappy', 'zstandard']) {
      const bytes = fixture(codec);
      const { start } = (await readAll(bytes)).blocks[1]!;
      bytes[start] = 0;
      const text = new RegExp(`the block at byte ${start} has 0 records of [1-9]\\d* bytes`);
      await assert.rejects(readAll(bytes), { code: 'BAD_INPUT', message: text }, codec);
    }
  });

  test('a block of no records and no bytes is passed over', async () => {
    const record = Buffer.from('a record');
    const bytes = written('"bytes"', [[record], [record]]);
    const { records, blocks } = await readAll(bytes);
    const head = bytes.subarray(0, blocks[0]!.start);
    const empty = Buffer.concat([Buffer.of(0, 0), bytes.subarray(-16)]);
    const rest = bytes.subarray(blocks[0]!.start);
    assert.deepEqual((await readAll(Buffer.concat([head, empty, rest]))).records, records);
  });

  test('any damage ends in an error or in records, never in anything else', async () => {
    const bytes = fixture('snappy');
    const place = fc.integer({ min: 0, max: bytes.length - 1 });
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 0, max: 255 }), async (at, value) => {
        const wrong = Buffer.from(bytes);
        wrong[at] = value;
        await readAll(wrong).catch((error: Error) => assert.match(error.name, /^(MillraceError|AvroEnd)$/));
      }),
      { numRuns: 300 },
    );
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const wrong = Buffer.from(bytes);
  wrong[at] = wrong[at]! ^ 1;
  return wrong;
}
