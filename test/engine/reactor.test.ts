/** A unit that rests takes its thread with it, but only where nobody else lives in it. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Pumpable, Reactor } from '../../src/engine/worker/reactor.ts';
import { Doorbell } from '../../src/memory/wait.ts';
import { until } from '../kit/until.ts';

const REST_MS = 40;
const LONG_MS = 60_000;

interface Running {
  readonly reactor: Reactor;
  readonly doorbell: Doorbell;
  pumps: number;
}

/** A reactor with units that have nothing to do. */
async function running(t: TestContext, units: number): Promise<Running> {
  const doorbell = new Doorbell();
  const it: Running = { reactor: new Reactor(doorbell, () => {}), doorbell, pumps: 0 };
  for (let n = 0; n < units; n++) {
    it.reactor.add({
      blocking: false,
      pump: () => {
        it.pumps++;
        return false;
      },
      nextPumpMs: () => LONG_MS,
    } satisfies Pumpable);
  }
  const ended = it.reactor.run();
  t.after(async () => {
    it.reactor.stop();
    await ended;
  });
  await until('it sleeps', () => it.pumps > 0);
  return it;
}

/** Whether the event loop ran while a unit rested, and how long the rest was. */
async function rested({
  reactor,
}: Running): Promise<{ readonly ranMeanwhile: boolean; readonly ms: number }> {
  let ranAtMs = Number.POSITIVE_INFINITY;
  const began = performance.now();
  setTimeout(() => {
    ranAtMs = performance.now() - began;
  }, 1);
  await reactor.rest(REST_MS);
  const ms = performance.now() - began;
  assert.ok(ranAtMs <= ms, 'the event loop had no turn before the end of the rest');
  return { ranMeanwhile: ranAtMs < REST_MS - 1, ms };
}

describe('a unit that rests', () => {
  test('alone in its worker lets the thread sleep; what came is handled before it goes on', async (t) => {
    const { ranMeanwhile, ms } = await rested(await running(t, 1));
    assert.equal(ranMeanwhile, false);
    assert.ok(ms >= REST_MS - 1, `${ms} ms`);
  });

  test('beside another holds nobody up', async (t) => {
    const { ranMeanwhile, ms } = await rested(await running(t, 2));
    assert.equal(ranMeanwhile, true);
    assert.ok(ms >= REST_MS - 1, `${ms} ms`);
  });

  test('is woken by the bell, also by one that rang just before', async (t) => {
    const it = await running(t, 1);
    const { pumps } = it;
    it.doorbell.ring();
    await it.reactor.rest(LONG_MS);
    await until('work is looked for', () => it.pumps > pumps);
  });
});
