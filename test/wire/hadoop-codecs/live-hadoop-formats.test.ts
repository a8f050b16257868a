/** Files of Millrace, read by Hadoop's own SequenceFile reader and codecs, Avro's own reader, and zstd. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BlockPool } from '../../../src/engine/pool/pool.ts';
import avroEvent from '../../../src/serializers/avro_event/index.ts';
import avroEventSchema from '../../../src/serializers/avro_event_schema/index.ts';
import { AVRO_CODEC_NAMES } from '../../../src/wire/avro-container/codecs.ts';
import type { Compress } from '../../../src/wire/compression/form.ts';
import { CODEC_NAMES, codecByName } from '../../../src/wire/hadoop-codecs/codec.ts';
import { HadoopCompressor } from '../../../src/wire/hadoop-codecs/compressor.ts';
import { SequenceFileWriter } from '../../../src/wire/sequence-file/writer.ts';
import { batchOf, type EventOf } from '../../kit/editor.ts';
import { serialize } from '../../kit/serialize.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { readAvroContainers } from '../../peers/avro/index.ts';
import { type HadoopRecord, readCompressedFiles, readSequenceFiles } from '../../peers/seqfile/index.ts';

/** Hadoop's jars alone cannot read it (its classes need native code). */
const WITHOUT_JAVA = 'zstd';
const JAVA_CODECS = CODEC_NAMES.filter((name) => name !== WITHOUT_JAVA);

/** Lines, noise, runs, empty bodies, and bodies larger than blocks of any kind. */
const bodies = [
  ...Array.from({ length: 4000 }, (_, i) =>
    Buffer.from(`2026-01-02 host${i % 7} GET /${(i * 7919) % 1000} 200`),
  ),
  Buffer.alloc(0),
  Buffer.from('zażółć gęślą jaźń'),
  Buffer.alloc(1_200_000, 'r'),
  Buffer.from(Uint8Array.from({ length: 700_000 }, (_, i) => Math.imul(i * i, 2654435761) >>> 24)),
];
const events = bodies.map((body, i): EventOf => [{ timestamp: String(1_700_000_000_000 + i) }, body]);
const batches = [events.slice(0, 100), events.slice(100, 4001), events.slice(4001)].map((part) =>
  batchOf(part),
);

describe('Hadoop and Avro read what Millrace writes', () => {
  const pool = new BlockPool();
  const compress: Compress = (form, bytes) => pool.compress(form, bytes);
  after(() => pool.close());

  async function compressedFile(directory: string, name: string): Promise<string> {
    const codec = codecByName(name)!;
    const parts: Uint8Array[] = [];
    const file = new HadoopCompressor(codec, compress, (bytes) => parts.push(bytes));
    for (const [i, body] of bodies.entries()) {
      file.write(body);
      if (i % 1500 === 0 || i > 3999) await file.flush();
    }
    await file.end();
    const path = join(directory, `${name}${codec.extension}`);
    writeFileSync(path, Buffer.concat(parts));
    return path;
  }

  async function sequenceFile(
    directory: string,
    value: 'bytes' | 'text',
    name: string | null,
  ): Promise<string> {
    const parts: Uint8Array[] = [];
    const writer = new SequenceFileWriter({
      value,
      codec: name === null ? null : codecByName(name),
      compress,
      out: (bytes) => parts.push(bytes),
      now: () => 0,
    });
    writer.begin();
    for (const batch of batches) {
      writer.write(batch);
      await writer.flush();
    }
    await writer.end();
    const path = join(directory, `${value}-${name}.seq`);
    writeFileSync(path, Buffer.concat(parts));
    return path;
  }

  test(`compressed files: ${JAVA_CODECS.join(', ')}`, async () => {
    const directory = temporaryDirectory();
    const files = await Promise.all(JAVA_CODECS.map((name) => compressedFile(directory, name)));
    const wanted = Buffer.concat(bodies);
    readCompressedFiles(files).forEach((bytes, i) => {
      assert.ok(bytes.equals(wanted), JAVA_CODECS[i]);
    });
  });

  test('compressed files: zstd, by its own program', async () => {
    const path = await compressedFile(temporaryDirectory(), WITHOUT_JAVA);
    const read = execFileSync('zstd', ['-dc', path], { maxBuffer: 64 * 1024 * 1024 });
    assert.ok(read.equals(Buffer.concat(bodies)));
  });

  describe('SequenceFiles', () => {
    const kinds = [null, ...JAVA_CODECS].flatMap((name) => [
      { name, value: 'bytes' as const },
      { name, value: 'text' as const },
    ]);
    let read: ReturnType<typeof readSequenceFiles> = [];

    before(async () => {
      const directory = temporaryDirectory();
      const files = await Promise.all(kinds.map(({ name, value }) => sequenceFile(directory, value, name)));
      read = readSequenceFiles(files);
    });

    kinds.forEach(({ name, value }, k) => {
      test(`${value}, codec ${name}`, () => {
        const { classes, records } = read[k]!;
        assert.deepEqual(classes, [
          'org.apache.hadoop.io.LongWritable',
          `org.apache.hadoop.io.${value === 'text' ? 'Text' : 'BytesWritable'}`,
          ...(name === null ? ['NONE', 'none'] : ['BLOCK', codecByName(name)!.javaClass]),
        ]);
        assertRecords(records);
      });
    });
  });

  function assertRecords(records: readonly HadoopRecord[]): void {
    assert.equal(records.length, events.length);
    records.forEach(({ key, value }, i) => {
      assert.equal(key, events[i]![0].timestamp);
      assert.ok(value.equals(bodies[i]!), `record ${i}`);
    });
  }

  test(`containers of events: ${AVRO_CODEC_NAMES.join(', ')}`, async () => {
    const directory = temporaryDirectory();
    const small = events.slice(0, 3000);
    const files = await Promise.all(
      AVRO_CODEC_NAMES.map(async (compressionCodec) => {
        const path = join(directory, `${compressionCodec}.avro`);
        const bytes = await serialize(
          avroEvent,
          { compressionCodec },
          batchOf(small.slice(0, 10)),
          batchOf(small.slice(10)),
        );
        writeFileSync(path, bytes);
        return path;
      }),
    );
    readAvroContainers(files).forEach(({ codec, records }, i) => {
      assert.equal(codec, AVRO_CODEC_NAMES[i]);
      assert.deepEqual(
        records,
        small.map(([headers, body]) => ({ headers, body: body.toString() })),
      );
    });
  });

  test('a container of records of their own schema', async () => {
    const path = join(temporaryDirectory(), 'records.avro');
    const schema = {
      type: 'record',
      name: 'm',
      namespace: 'a.b',
      fields: [{ name: 'message', type: 'string' }],
    };
    const headers = { 'flume.avro.schema.literal': JSON.stringify(schema, null, 1) };
    const records = ['one', 'two', ''].map(
      (text): EventOf => [headers, `${String.fromCharCode(2 * text.length)}${text}`],
    );
    writeFileSync(path, await serialize(avroEventSchema, { compressionCodec: 'snappy' }, batchOf(records)));
    const [read] = readAvroContainers([path]);
    assert.deepEqual(read?.schema, schema);
    assert.deepEqual(read?.records, [{ message: 'one' }, { message: 'two' }, { message: '' }]);
  });
});
