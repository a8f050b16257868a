import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { BlockPool } from '../../src/engine/pool/pool.ts';
import type { CompressionForm } from '../../src/wire/compression/form.ts';
import { decompress } from '../kit/decompress.ts';
import { batchOf } from '../kit/editor.ts';

const FORMS: readonly CompressionForm[] = ['raw-deflate', 'gzip', 'bzip2', 'snappy-crc32', 'hadoop-lz4'];

describe('the pool for work on blocks', () => {
  test('packs small blocks in place and large ones in threads, side by side, each with its own bytes', async () => {
    const pool = new BlockPool();
    const small = Buffer.from('small');
    for (const form of FORMS) {
      assert.deepEqual(decompress(form, await pool.compress(form, small)), small);
    }
    assert.equal(pool.size, 0, 'no thread for a small block');
    const blocks = FORMS.map(() => Buffer.concat([randomBytes(1000), Buffer.alloc(100_000, 7)]));
    const packed = await Promise.all(blocks.map((block, i) => pool.compress(FORMS[i]!, block)));
    packed.forEach((bytes, i) => {
      assert.ok(bytes.length < 10_000);
      assert.deepEqual(decompress(FORMS[i]!, bytes), blocks[i]);
    });
    assert.ok(pool.size > 0);
    await pool.close();
    assert.equal(pool.size, 0);
  });

  test('the caller keeps its memory, be it a part of a larger one or shared', async () => {
    const pool = new BlockPool();
    const whole = Buffer.alloc(200_000, 'abc');
    const { view } = batchOf([[{}, whole]]).ranges[0]!;
    for (const bytes of [whole.subarray(50_000, 150_000), view.bodyView(0)]) {
      const before = Buffer.from(bytes);
      assert.deepEqual(decompress('gzip', await pool.compress('gzip', bytes)), before);
      assert.deepEqual(Buffer.from(bytes), before);
    }
    await pool.close();
  });
});
