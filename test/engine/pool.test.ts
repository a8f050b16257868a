import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { BlockPool } from '../../src/engine/pool/pool.ts';

describe('the pool for work on blocks', () => {
  test('packs small blocks in place and large ones in threads, side by side, each with its own bytes', async () => {
    const pool = new BlockPool();
    const small = Buffer.from('small');
    assert.deepEqual(inflateRawSync(await pool.deflateRaw(small)), small);
    assert.equal(pool.size, 0, 'no thread for a small block');
    const blocks = Array.from({ length: 6 }, () =>
      Buffer.concat([randomBytes(1000), Buffer.alloc(100_000, 7)]),
    );
    const packed = await Promise.all(blocks.map((block) => pool.deflateRaw(block)));
    packed.forEach((bytes, i) => {
      assert.ok(bytes.length < 10_000);
      assert.deepEqual(inflateRawSync(bytes), blocks[i]);
    });
    assert.ok(pool.size > 0);
    await pool.close();
    assert.equal(pool.size, 0);
  });
});
