import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AVRO_CODEC_NAMES, avroCodec, NULL_CODEC } from '../../../src/wire/avro-container/codecs.ts';
import { AvroContainer } from '../../../src/wire/avro-container/container.ts';
import { type Compress, compressNow } from '../../../src/wire/compression/form.ts';
import { readAvroBlocks, readAvroFile } from '../../kit/serialize.ts';

const FILES = join(import.meta.dirname, '../../fixtures/avro-files');
const inPlace: Compress = async (form, bytes) => compressNow(form, bytes);

describe('codecs of Avro container files', () => {
  for (const name of ['null', 'deflate', 'snappy', 'bzip2', 'zstandard']) {
    test(`${name}: blocks are those that Avro writes`, async () => {
      const theirs = readFileSync(join(FILES, `${name}.avro`));
      const { blocks, schema } = readAvroBlocks(theirs);
      assert.deepEqual(readAvroFile(theirs).events[1], {
        headers: { batch: '0' },
        body: 'event 1 '.repeat(10),
      });
      const parts: Uint8Array[] = [];
      const container = new AvroContainer(avroCodec(name, inPlace)!, (bytes) => parts.push(bytes));
      container.begin(JSON.stringify(schema));
      for (const [count, records] of blocks) {
        container.block.raw(records);
        container.added(count);
        await container.flush();
      }
      assert.deepEqual(readAvroBlocks(Buffer.concat(parts)), { schema, codec: name, blocks });
    });
  }

  test('names are taken in any letter case, others not', () => {
    assert.equal(avroCodec('Snappy', inPlace)?.name, 'snappy');
    assert.equal(avroCodec('NULL', inPlace), NULL_CODEC);
    for (const name of ['xz', 'gzip', '']) assert.equal(avroCodec(name, inPlace), null);
    assert.deepEqual(AVRO_CODEC_NAMES, ['null', 'deflate', 'snappy', 'bzip2', 'zstandard']);
  });
});
