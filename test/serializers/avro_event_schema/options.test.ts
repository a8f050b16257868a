import assert from 'node:assert/strict';
import { test } from 'node:test';
import declaration from '../../../src/serializers/avro_event_schema/index.ts';
import { batchOf } from '../../kit/editor.ts';
import { badValue, optionsContract } from '../../kit/options.ts';
import { RecordedLog } from '../../kit/part.ts';
import { readAvroBlocks, SerializedFile } from '../../kit/serialize.ts';

optionsContract({
  declaration,
  defaults: { schemaURL: undefined, syncIntervalBytes: 2048000, compressionCodec: 'null' },
  good: [
    [{ schemaURL: 'hdfs://nn/schemas/a.avsc' }, { schemaURL: 'hdfs://nn/schemas/a.avsc' }],
    [{ syncIntervalBytes: '64KiB' }, { syncIntervalBytes: 65536 }],
    [{ compressionCodec: 'snappy' }, { compressionCodec: 'snappy' }],
  ],
  bad: [
    badValue('syncIntervalBytes', '31', /from 32 to 1073741824/),
    badValue('syncIntervalBytes', 'often', /such as 64MiB/),
  ],
  slip: ['schemaUrl', 'schemaURL'],
});

test('codec xz: a warning, and a file without compression', async () => {
  const log = new RecordedLog();
  const file = await SerializedFile.open(declaration, { compressionCodec: 'xz' }, log);
  await file.commit(batchOf([[{ 'flume.avro.schema.literal': '"bytes"' }, '\0']]));
  assert.equal(readAvroBlocks(await file.close()).codec, 'null');
  assert.deepEqual(log.texts('warn'), [
    'Unable to instantiate avro codec with name (xz). Compression disabled.',
  ]);
});
