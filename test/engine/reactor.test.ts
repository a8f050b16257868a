/** A unit that rests takes its thread with it, but only where nobody else lives in it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Pumpable, Reactor } from '../../src/engine/worker/reactor.ts';
import { Doorbell } from '../../src/memory/wait.ts';

const REST_MS = 40;

function unit(): Pumpable {
  return { blocking: false, pump: () => false, nextPumpMs: () => 1000 };
}

/** Whether the event loop ran while a unit rested, and how long the rest was. */
async function rested(units: number): Promise<{ readonly ranMeanwhile: boolean; readonly ms: number }> {
  const reactor = new Reactor(new Doorbell(), () => {});
  for (let n = 0; n < units; n++) reactor.add(unit());
  let ranAtMs = Number.POSITIVE_INFINITY;
  const began = performance.now();
  setImmediate(() => {
    ranAtMs = performance.now() - began;
  });
  await reactor.rest(REST_MS);
  const ms = performance.now() - began;
  assert.ok(ranAtMs <= ms, 'the event loop had no turn before the end of the rest');
  return { ranMeanwhile: ranAtMs < REST_MS - 1, ms };
}

describe('a unit that rests', () => {
  test('alone in its worker lets the thread sleep; what came is handled before it goes on', async () => {
    const { ranMeanwhile, ms } = await rested(1);
    assert.equal(ranMeanwhile, false);
    assert.ok(ms >= REST_MS - 1, `${ms} ms`);
  });

  test('beside another holds nobody up', async () => {
    const { ranMeanwhile, ms } = await rested(2);
    assert.equal(ranMeanwhile, true);
    assert.ok(ms >= REST_MS - 1, `${ms} ms`);
  });
});
