import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TRIM_MS } from '../../../src/base/limits.ts';
import { ChannelRunner } from '../../../src/engine/worker/channel-runner.ts';
import { RecordedLog } from '../../kit/part.ts';

test('a channel is asked for memory of no use every few seconds, also while nothing comes', async () => {
  let trims = 0;
  const channel = {
    blocking: true,
    start: () => {},
    tick: () => {},
    size: () => 0,
    nextTickMs: () => Number.POSITIVE_INFINITY,
    commitsCanWait: () => true,
    trim: () => trims++,
  };
  const parts = { load: async () => ({ module: { create: () => channel }, options: {} }) };
  const runner = await ChannelRunner.open({ name: 'c1' } as never, parts as never, {
    key: 'channel c1',
    counters: { add: () => {}, set: () => {}, get: () => 0 },
    log: new RecordedLog(),
    remains: null,
    heapBytes: null,
    storeNumber: 1,
    send: () => {},
    wake: () => {},
  });
  for (let nowMs = 1000; nowMs < 1000 + 3 * TRIM_MS; nowMs += 250) runner.pump(nowMs);
  assert.equal(trims, 3);
});
