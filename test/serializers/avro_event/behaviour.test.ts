import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import declaration from '../../../src/serializers/avro_event/index.ts';
import { batchOf, type EventOf, part } from '../../kit/editor.ts';
import { readAvroFile, SerializedFile, serialize } from '../../kit/serialize.ts';

const bodies = ['yo man!', '2nd event!', 'last one!'];
const events: readonly EventOf[] = bodies.map((body) => [{}, body]);

describe('serializer avro_event', () => {
  for (const [given, codec] of [
    [undefined, 'null'],
    ['null', 'null'],
    ['deflate', 'deflate'],
    ['DEFLATE', 'deflate'],
    ['snappy', 'snappy'],
    ['bzip2', 'bzip2'],
    ['zstandard', 'zstandard'],
  ] as const) {
    test(`codec ${given ?? '(none given)'}: events are read again from a file with codec ${codec}`, async () => {
      const properties = given === undefined ? {} : { compressionCodec: given };
      const file = readAvroFile(await serialize(declaration, properties, batchOf(events)));
      assert.equal(file.codec, codec);
      assert.deepEqual(file.blocks, [3]);
      assert.deepEqual(
        file.events.map((event) => event.body),
        bodies,
      );
    });
  }

  test('the schema is Flume’s: a record without namespace, of headers and body', async () => {
    const { schema } = readAvroFile(await serialize(declaration, {}));
    assert.deepEqual(schema, {
      type: 'record',
      name: 'Event',
      fields: [
        { name: 'headers', type: { type: 'map', values: 'string' } },
        { name: 'body', type: 'bytes' },
      ],
    });
  });

  test('a file without events is a header', async () => {
    const { events: none, blocks } = readAvroFile(await serialize(declaration, {}));
    assert.deepEqual(none, []);
    assert.deepEqual(blocks, []);
  });

  test('headers come back as they were, in the order of a Java HashMap', async () => {
    const headers = { header1: 'value1', header2: 'значение', '': '' };
    const file = readAvroFile(
      await serialize(
        declaration,
        {},
        batchOf([
          [headers, 'x'],
          [{}, 'y'],
        ]),
      ),
    );
    assert.deepEqual(file.events[0], { headers, body: 'x' });
    assert.deepEqual(file.events[1], { headers: {}, body: 'y' });
    assert.deepEqual(file.names[0], ['', 'header2', 'header1']);
  });

  for (const compressionCodec of ['null', 'deflate', 'snappy']) {
    test(`${compressionCodec}: after each flush the file can be read up to there, and two files have other marks`, async () => {
      const file = await SerializedFile.open(declaration, { compressionCodec });
      for (let n = 1; n <= 3; n++) {
        await file.commit(batchOf(events));
        assert.equal(readAvroFile(file.bytes).events.length, 3 * n);
      }
      const first = await file.close();
      const second = await serialize(declaration, { compressionCodec });
      const mark = (bytes: Buffer) => bytes.subarray(second.length - 16, second.length).toString('hex');
      assert.notEqual(mark(first), mark(second));
    });

    test(`${compressionCodec}: a block is ended after about syncIntervalBytes, in order`, async () => {
      const many = Array.from({ length: 100 }, (_, n): EventOf => [{ n: `${n}` }, 'x'.repeat(90)]);
      const properties = { compressionCodec, syncIntervalBytes: '1000' };
      const file = readAvroFile(await serialize(declaration, properties, batchOf(many)));
      assert.ok(file.blocks.length >= 9, `${file.blocks.length} blocks`);
      for (const count of file.blocks) assert.ok(count <= 11);
      assert.deepEqual(
        file.events.map((event) => event.headers.n),
        many.map(([headers]) => headers.n),
      );
    });
  }

  test('deflate makes a file of like events smaller', async () => {
    const many = Array.from({ length: 200 }, (): EventOf => [{ host: 'a' }, 'the same again and again']);
    const plain = await serialize(declaration, {}, batchOf(many));
    const packed = await serialize(declaration, { compressionCodec: 'deflate' }, batchOf(many));
    assert.ok(packed.length < plain.length / 10, `${packed.length} of ${plain.length} bytes`);
  });

  test('a part of a block gives its events only', async () => {
    const file = readAvroFile(await serialize(declaration, {}, part(batchOf(events), 1, 1)));
    assert.deepEqual(file.events, [{ headers: {}, body: '2nd event!' }]);
  });

  test('a file cannot be appended to', async () => {
    const { serializer } = await SerializedFile.open(declaration);
    assert.equal(serializer.supportsReopen, false);
    assert.throws(() => serializer.reopen(), /cannot be appended/);
  });

  test('any events come back', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.array(
            fc.tuple(
              fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 4 }), fc.string({ maxLength: 4 }), {
                maxKeys: 4,
              }),
              fc.string({ unit: 'grapheme', maxLength: 200 }),
            ),
            { minLength: 1, maxLength: 5 },
          ),
          { minLength: 1, maxLength: 4 },
        ),
        fc.constantFrom('null', 'deflate', 'snappy'),
        fc.constantFrom('32', '2048000'),
        async (batches, compressionCodec, syncIntervalBytes) => {
          const properties = { compressionCodec, syncIntervalBytes };
          const file = await serialize(declaration, properties, ...batches.map((one) => batchOf(one)));
          assert.deepEqual(
            readAvroFile(file).events,
            batches.flat().map(([headers, body]) => ({ headers: { ...headers }, body })),
          );
        },
      ),
      { numRuns: 60 },
    ));
});
