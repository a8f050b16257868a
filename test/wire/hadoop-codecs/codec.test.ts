import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CODEC_NAMES, codecByName, unknownCodecText } from '../../../src/wire/hadoop-codecs/codec.ts';
import { decompress } from '../../kit/decompress.ts';

const FILES = join(import.meta.dirname, '../../fixtures/hadoop-files');
const PACKAGE = 'org.apache.hadoop.io.compress';

describe('Hadoop codecs by name', () => {
  for (const [name, simpleClass, extension] of [
    ['gzip', 'GzipCodec', '.gz'],
    ['bzip2', 'BZip2Codec', '.bz2'],
    ['deflate', 'DeflateCodec', '.deflate'],
    ['default', 'DefaultCodec', '.deflate'],
    ['snappy', 'SnappyCodec', '.snappy'],
    ['lz4', 'Lz4Codec', '.lz4'],
    ['zstandard', 'ZStandardCodec', '.zst'],
  ] as const) {
    test(`${name}: by its class with and without Codec, in any letter case, and by the whole class name`, () => {
      for (const form of [
        name,
        name.toUpperCase(),
        simpleClass,
        simpleClass.toLowerCase(),
        `${PACKAGE}.${simpleClass}`,
      ]) {
        const codec = codecByName(form);
        assert.equal(codec?.javaClass, `${PACKAGE}.${simpleClass}`, form);
        assert.equal(codec?.extension, extension);
      }
      assert.equal(codecByName(`${PACKAGE}.${simpleClass}`.toUpperCase()), null, 'letter case counts there');
    });
  }

  test('zstd is the short name of zstandard', () => {
    assert.equal(codecByName('zstd'), codecByName('ZStandard'));
  });

  test('other names are no codecs, and the text says what is', () => {
    for (const name of [
      'lzo',
      'lzop',
      'LzoCodec',
      'com.hadoop.compression.lzo.LzopCodec',
      'xz',
      'None',
      '',
      'Codec',
    ]) {
      assert.equal(codecByName(name), null, name);
    }
    assert.equal(
      unknownCodecText('lzop'),
      'lzop is not part of Hadoop, and not of Millrace. Please choose from: gzip, bzip2, deflate, default, snappy, lz4, zstd',
    );
    assert.match(unknownCodecText('com.hadoop.compression.lzo.LzoCodec'), /not part of Hadoop/);
    assert.match(unknownCodecText('xz'), /^Unsupported compression codec xz\. Please choose from: gzip, /);
    for (const name of CODEC_NAMES) assert.notEqual(codecByName(name), null);
  });

  for (const name of ['gzip', 'bzip2', 'default', 'snappy', 'lz4']) {
    test(`${name}: its form is what Hadoop writes`, () => {
      const { extension, form } = codecByName(name)!;
      let wanted = '';
      for (let batch = 0; batch < 2; batch++) {
        for (let i = 0; i < 200; i++) wanted += `batch ${batch} event ${i}\n`;
      }
      assert.equal(decompress(form, readFileSync(join(FILES, `text${extension}`))).toString(), wanted);
    });
  }
});
