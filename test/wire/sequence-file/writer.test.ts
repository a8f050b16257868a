import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Batch } from '../../../src/memory/block/batch.ts';
import { BatchView } from '../../../src/memory/block/view.ts';
import { compressNow } from '../../../src/wire/compression/form.ts';
import { codecByName } from '../../../src/wire/hadoop-codecs/codec.ts';
import { type SequenceFileSettings, SequenceFileWriter } from '../../../src/wire/sequence-file/writer.ts';
import { batchOf, type EventOf, openBatch, part } from '../../kit/editor.ts';
import { readSequenceFile } from './read.ts';

const FILES = join(import.meta.dirname, '../../fixtures/hadoop-files');
const NOW_MS = 1_750_000_000_123;

function opened(settings: Partial<SequenceFileSettings> = {}) {
  const parts: Uint8Array[] = [];
  const writer = new SequenceFileWriter({
    value: 'bytes',
    codec: null,
    compress: async (form, bytes) => compressNow(form, bytes),
    out: (bytes) => parts.push(bytes),
    now: () => NOW_MS,
    ...settings,
  });
  writer.begin();
  return { writer, bytes: () => Buffer.concat(parts) };
}

/** A flush after each batch. */
async function written(
  settings: Partial<SequenceFileSettings>,
  ...batches: readonly Batch[]
): Promise<Buffer> {
  const { writer, bytes } = opened(settings);
  for (const batch of batches) {
    writer.write(batch);
    await writer.flush();
  }
  await writer.end();
  return bytes();
}

/** What stands in the files that Hadoop wrote. */
function fixtureBatch(batch: number): EventOf[] {
  return [0, 1, 2].map((i) => [
    { timestamp: `${1_700_000_000_000 + 10 * batch + i}` },
    `batch ${batch} event ${i} `.repeat(i === 2 ? 20 : i),
  ]);
}
const fixtureEvents = [...fixtureBatch(0), ...fixtureBatch(1)];

function assertEvents(bytes: Buffer, events: readonly EventOf[]): void {
  assert.deepEqual(
    readSequenceFile(bytes).records.map(({ key, value }) => [String(key), value.toString('latin1')]),
    events.map(([{ timestamp = String(NOW_MS) }, body]) => [timestamp, Buffer.from(body).toString('latin1')]),
  );
}

describe('SequenceFile', () => {
  for (const value of ['bytes', 'text'] as const) {
    test(`${value}: byte for byte what Hadoop writes`, async () => {
      const wanted = readFileSync(join(FILES, `plain-${value}.seq`));
      const { syncMark } = readSequenceFile(wanted);
      const batches = [batchOf(fixtureBatch(0)), batchOf(fixtureBatch(1))];
      assert.deepEqual(await written({ value, syncMark }, ...batches), wanted);
    });
  }

  for (const codecClass of ['GzipCodec', 'DefaultCodec', 'BZip2Codec', 'SnappyCodec', 'Lz4Codec']) {
    test(`${codecClass}: the header, blocks and records that Hadoop writes`, async () => {
      const theirs = readFileSync(join(FILES, `block-${codecClass}.seq`));
      assertEvents(theirs, fixtureEvents);
      const { syncMark, blocks } = readSequenceFile(theirs);
      const codec = codecByName(codecClass);
      const ours = await written({ codec, syncMark }, batchOf(fixtureBatch(0)), batchOf(fixtureBatch(1)));
      assertEvents(ours, fixtureEvents);
      assert.deepEqual(readSequenceFile(ours).blocks, blocks);
      const headerEnd = theirs.indexOf(syncMark) + 16;
      assert.deepEqual(ours.subarray(0, headerEnd), theirs.subarray(0, headerEnd));
    });
  }

  test('the class names say what values are', async () => {
    for (const [value, simpleClass] of [
      ['bytes', 'BytesWritable'],
      ['text', 'Text'],
    ] as const) {
      const file = readSequenceFile(await written({ value }));
      assert.equal(file.keyClass, 'org.apache.hadoop.io.LongWritable');
      assert.equal(file.valueClass, `org.apache.hadoop.io.${simpleClass}`);
    }
  });

  test('two files have other sync marks', async () => {
    const [one, other] = [readSequenceFile(await written({})), readSequenceFile(await written({}))];
    assert.notDeepEqual(one.syncMark, other.syncMark);
  });

  test('a sync mark stands at each flush, not at one without records', async () => {
    const { writer, bytes } = opened();
    for (let n = 1; n <= 3; n++) {
      writer.write(batchOf([[{}, 'x']]));
      writer.flush();
      writer.flush();
      const { marks } = readSequenceFile(bytes());
      assert.equal(marks.length, n);
      assert.equal(marks.at(-1), bytes().length - 20);
    }
  });

  test('sync marks stand at most 100 KiB and a record apart', async () => {
    const events = Array.from({ length: 1000 }, (): EventOf => [{}, 'x'.repeat(984)]);
    const { marks, records } = readSequenceFile(await written({}, batchOf(events)));
    assert.equal(records.length, 1000);
    assert.ok(marks.length >= 9);
    for (let i = 1; i < marks.length; i++) assert.ok(marks[i]! - marks[i - 1]! <= 100 * 1024 + 20 + 1004);
  });

  test('a record larger than a piece is whole, between others', async () => {
    const events: EventOf[] = [1, 600_000, 300_000, 0].map((length) => [{}, 'y'.repeat(length)]);
    assertEvents(await written({}, batchOf(events)), events);
  });

  test('a block ends at a million bytes', async () => {
    const events = Array.from({ length: 2500 }, (_, i): EventOf => [{}, `${i} `.padEnd(988, '.')]);
    const bytes = await written({ codec: codecByName('snappy') }, batchOf(events));
    assert.deepEqual(readSequenceFile(bytes).blocks, [1000, 1000, 500]);
    assertEvents(bytes, events);
  });

  test('what was given away is not written to again', async () => {
    const given: Uint8Array[] = [];
    const { writer } = opened({ out: (bytes) => given.push(bytes) });
    writer.write(batchOf([[{}, 'a'.repeat(1000)]]));
    writer.flush();
    const before = given.map((bytes) => Buffer.from(bytes));
    for (let i = 0; i < 500; i++) writer.write(batchOf([[{}, 'b'.repeat(1000)]]));
    assert.deepEqual(
      given.slice(0, before.length).map((bytes) => Buffer.from(bytes)),
      before,
    );
  });

  test('keys: own timestamp, else that of all, else now', async () => {
    const bytes = await written(
      {},
      batchOf(
        [
          [{ timestamp: '5', host: 'a' }, ''],
          [{ host: 'a' }, ''],
        ],
        [[{ timestamp: '-1', timestampX: '7' }, '']],
        [[{ timestamps: '9' }, '']],
      ),
    );
    const keys = readSequenceFile(bytes).records.map(({ key }) => key);
    assert.deepEqual(keys, [5n, BigInt(NOW_MS), -1n, BigInt(NOW_MS)]);
  });

  test('keys: a timestamp that all events of a block share, but for those with their own', async () => {
    const builder = openBatch([
      [{}, ''],
      [{ timestamp: '5' }, ''],
      [{ host: 'a' }, ''],
    ]);
    builder.setHeaderOnAll('timestamp', '1700000000000', true);
    const { segment, offset, count } = builder.finish(0);
    const bytes = await written({}, new Batch([{ view: new BatchView(segment, offset), first: 0, count }]));
    const keys = readSequenceFile(bytes).records.map(({ key }) => key);
    assert.deepEqual(keys, [1_700_000_000_000n, 5n, 1_700_000_000_000n]);
  });

  test('a part of a block gives its events only', async () => {
    assertEvents(await written({}, part(batchOf(fixtureEvents), 2, 3)), fixtureEvents.slice(2, 5));
  });

  test('a timestamp that is no number counts as none, and is counted', () => {
    const { writer, bytes } = opened();
    writer.write(
      batchOf([
        [{ timestamp: 'today' }, ''],
        [{ timestamp: '' }, ''],
        [{ timestamp: '12' }, ''],
        [{ timestamp: '99999999999999999999' }, ''],
      ]),
    );
    const keys = readSequenceFile(bytes()).records.map(({ key }) => key);
    assert.deepEqual(keys, [BigInt(NOW_MS), BigInt(NOW_MS), 12n, BigInt(NOW_MS)]);
    assert.equal(writer.unreadableTimestamps, 3);
  });

  test('any events come back', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.array(
            fc.tuple(
              fc.record(
                { timestamp: fc.integer({ min: -(2 ** 40), max: 2 ** 50 }).map(String), host: fc.string() },
                { requiredKeys: [] },
              ),
              fc
                .tuple(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(1, 1, 200, 3000))
                .map(([piece, times]) => Buffer.concat(Array.from({ length: times }, () => piece))),
            ),
            { minLength: 1, maxLength: 6 },
          ),
          { minLength: 1, maxLength: 4 },
        ),
        fc.constantFrom(null, 'gzip', 'lz4'),
        fc.constantFrom('bytes', 'text'),
        async (batches, name, value) => {
          const codec = name === null ? null : codecByName(name);
          assertEvents(
            await written({ codec, value }, ...batches.map((one) => batchOf(one))),
            batches.flat(),
          );
        },
      ),
      { numRuns: 60 },
    ));
});
