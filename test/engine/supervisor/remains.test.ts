import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { COLLECT_BYTES } from '../../../src/base/limits.ts';
import { Remains } from '../../../src/engine/supervisor/remains.ts';

test('the memory that a large queue has left goes back to the system', async () => {
  const remains = new Remains();
  const note = (sizeBytes: number) => {
    const memory = new SharedArrayBuffer(sizeBytes);
    remains.note({ op: 'queue', key: 'channel c1', memory });
    return new WeakRef(memory);
  };
  const large = note(COLLECT_BYTES);
  await turn();
  assert.notEqual(large.deref(), undefined);
  await turn();
  note(1024);
  await turn();
  assert.equal(large.deref(), undefined);
  assert.equal(remains.of('channel c1')?.queue?.byteLength, 1024);
});
