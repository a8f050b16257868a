import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Compress } from '../../../src/wire/compression/form.ts';
import { compressNow } from '../../../src/wire/compression/form.ts';
import { CODEC_NAMES, codecByName } from '../../../src/wire/hadoop-codecs/codec.ts';
import { HadoopCompressor } from '../../../src/wire/hadoop-codecs/compressor.ts';
import { decompress } from '../../kit/decompress.ts';

const gzip = codecByName('gzip')!;
const inPlace: Compress = async (form, bytes) => compressNow(form, bytes);

/** Work that ends when the test says so, in any order. */
class Held {
  readonly ends: { resolve(): void; reject(error: Error): void }[] = [];

  readonly compress: Compress = (form, bytes) =>
    new Promise((resolve, reject) => {
      this.ends.push({ resolve: () => resolve(compressNow(form, bytes)), reject });
    });
}

function opened(codec = gzip, compress = inPlace) {
  const parts: Uint8Array[] = [];
  const compressor = new HadoopCompressor(codec, compress, (bytes) => parts.push(bytes));
  return { compressor, parts, text: () => decompress(codec.form, Buffer.concat(parts)).toString() };
}

const MEGABYTE = Buffer.alloc(1024 * 1024, 'some text ');
/** Longer than a piece, so that one is full. */
const pieceOf = (letter: string) => Buffer.alloc(768 * 1024, letter);

describe('a compressed file of Hadoop', () => {
  for (const name of CODEC_NAMES) {
    test(`${name}: after each flush it can be read up to there`, async () => {
      const { compressor, text } = opened(codecByName(name)!);
      let wanted = '';
      for (const line of ['first\n', 'second, '.repeat(5000), 'x']) {
        compressor.write(Buffer.from(line));
        await compressor.flush();
        wanted += line;
        assert.equal(text(), wanted);
      }
      await compressor.end();
      assert.equal(text(), wanted);
    });
  }

  test('any writes and flushes give the same bytes again', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(400_000), fc.nat(5)), { maxLength: 8 }),
        fc.constantFrom('gzip', 'lz4', 'zstd'),
        async (steps, name) => {
          const { compressor, text } = opened(codecByName(name)!);
          let wanted = '';
          for (const [length, flush] of steps) {
            const bytes = MEGABYTE.subarray(length, 2 * length);
            compressor.write(bytes);
            wanted += bytes.toString();
            if (flush === 0) {
              await compressor.flush();
              assert.equal(text(), wanted);
            }
          }
          await compressor.end();
          assert.equal(text(), wanted);
        },
      ),
      { numRuns: 20 },
    ));

  test('what was written is copied: its memory may be used again at once', async () => {
    const { compressor, text } = opened();
    const bytes = Buffer.from('before');
    compressor.write(bytes);
    bytes.fill('x');
    await compressor.flush();
    assert.equal(text(), 'before');
  });

  test('a flush with nothing new adds nothing', async () => {
    const { compressor, parts } = opened();
    compressor.write(Buffer.from('x'));
    await compressor.flush();
    const { length } = parts;
    assert.equal(compressor.flush(), undefined);
    await compressor.end();
    assert.equal(parts.length, length);
  });

  test('a file without events is one that readers take', async () => {
    for (const name of ['gzip', 'bzip2', 'default', 'zstd']) {
      const { compressor, parts, text } = opened(codecByName(name)!);
      await compressor.end();
      assert.ok(Buffer.concat(parts).length > 0, name);
      assert.equal(text(), '');
    }
  });

  test('pieces are packed side by side and given on in order', async () => {
    const held = new Held();
    const { compressor, parts, text } = opened(gzip, held.compress);
    for (const letter of 'abc') compressor.write(pieceOf(letter));
    compressor.write(Buffer.from('d'));
    const flushed = compressor.flush();
    assert.equal(held.ends.length, 4);
    for (const i of [3, 2, 1]) held.ends[i]!.resolve();
    await new Promise(setImmediate);
    assert.equal(parts.length, 0, 'the first one is not packed yet');
    held.ends[0]!.resolve();
    await flushed;
    assert.equal(text().replaceAll(/(.)\1+/g, '$1'), 'abcd');
  });

  test('ready waits while four pieces are in work', async () => {
    const held = new Held();
    const { compressor } = opened(gzip, held.compress);
    for (const letter of 'abcd') {
      assert.equal(compressor.ready(), undefined);
      compressor.write(pieceOf(letter));
    }
    const ready = compressor.ready();
    assert.notEqual(ready, undefined);
    held.ends[0]!.resolve();
    await ready;
    assert.equal(compressor.ready(), undefined);
  });

  test('a piece that fails fails its flush and each later one; nothing behind it is given on', async () => {
    const held = new Held();
    const { compressor, parts } = opened(gzip, held.compress);
    compressor.write(pieceOf('a'));
    compressor.write(pieceOf('b'));
    const flushed = compressor.flush();
    held.ends[1]!.resolve();
    held.ends[0]!.reject(new Error('no memory'));
    await assert.rejects(flushed!, /no memory/);
    compressor.write(Buffer.from('c'));
    const later = compressor.flush();
    held.ends[2]!.resolve();
    await assert.rejects(later!, /no memory/);
    assert.equal(parts.length, 0);
  });
});
