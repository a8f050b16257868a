import assert from 'node:assert/strict';
import { test } from 'node:test';
import declaration from '../../../src/serializers/avro_event/index.ts';
import { batchOf } from '../../kit/editor.ts';
import { badValue, optionsContract } from '../../kit/options.ts';
import { RecordedLog } from '../../kit/part.ts';
import { readAvroFile, SerializedFile } from '../../kit/serialize.ts';

optionsContract({
  declaration,
  defaults: { syncIntervalBytes: 2048000, compressionCodec: 'null' },
  good: [
    [{ syncIntervalBytes: '64KiB' }, { syncIntervalBytes: 65536 }],
    [{ compressionCodec: 'deflate' }, { compressionCodec: 'deflate' }],
  ],
  bad: [
    badValue('syncIntervalBytes', '31', /from 32 to 1073741824/),
    badValue('syncIntervalBytes', '2GiB', /1073741824/),
    badValue('syncIntervalBytes', 'often', /such as 64MiB/),
  ],
  slip: ['compressioncodec', 'compressionCodec'],
});

for (const codec of ['xz', 'lzma', 'zstd']) {
  test(`codec ${codec}: a warning, and a file without compression`, async () => {
    const log = new RecordedLog();
    const file = await SerializedFile.open(declaration, { compressionCodec: codec }, log);
    await file.commit(batchOf([[{}, 'x']]));
    assert.equal(readAvroFile(await file.close()).codec, 'null');
    assert.deepEqual(log.texts('warn'), [
      `Unable to instantiate avro codec with name (${codec}). Compression disabled.`,
    ]);
  });
}
