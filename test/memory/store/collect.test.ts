import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COLLECT_BYTES } from '../../../src/base/limits.ts';
import { collectDropped, noteDropped } from '../../../src/memory/store/collect.ts';

/** Memory that nothing refers to but the answer. */
function abandoned(): WeakRef<SharedArrayBuffer> {
  return new WeakRef(new SharedArrayBuffer(1024));
}

test('memory that was given up is collected once it is worth it', async () => {
  const memory = abandoned();
  // A weak reference is kept for the turn in which it was made.
  await new Promise(setImmediate);
  noteDropped(COLLECT_BYTES - 1);
  collectDropped();
  assert.notEqual(memory.deref(), undefined, 'too little to collect for');
  await new Promise(setImmediate);
  noteDropped(1);
  collectDropped();
  assert.equal(memory.deref(), undefined);
  assert.equal(typeof globalThis.gc, 'undefined', 'nobody else gets at the collector');
});
