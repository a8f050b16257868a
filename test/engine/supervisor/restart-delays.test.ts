import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestartDelays } from '../../../src/engine/supervisor/restart-delays.ts';

test('a worker that dies again and again is waited for longer, until it lives for a minute', () => {
  const restarts = new RestartDelays();
  const delays: number[] = [];
  let nowMs = 0;
  const dies = (afterMs: number) => {
    restarts.started('w', nowMs);
    nowMs += afterMs;
    delays.push(restarts.died('w', nowMs));
    nowMs += delays.at(-1)!;
  };
  for (let n = 0; n < 11; n++) dies(50);
  assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  restarts.started('other', nowMs);
  assert.equal(restarts.died('other', nowMs), 100);
  dies(60_001);
  dies(60_000);
  assert.deepEqual(delays.slice(-2), [100, 200]);
});
