import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { WAIT_MS_MAX } from '../../src/base/limits.ts';
import { Doorbell } from '../../src/memory/wait.ts';
import type { WaitReport, WaitWork } from './wait-worker.ts';

const TURNS = 8000;

function start(workerData: WaitWork): Promise<WaitReport> {
  const worker = new Worker(new URL('./wait-worker.ts', import.meta.url), { workerData });
  return new Promise((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the worker ended with ${code} and no report`)));
  });
}

describe('doorbell', () => {
  for (const modes of [
    ['blocking', 'blocking'],
    ['async', 'blocking'],
    ['async', 'async'],
  ] as const) {
    test(`loses no wake between a thread sleeping ${modes[0]} and one sleeping ${modes[1]}`, async () => {
      const bells = [new Doorbell().memory, new Doorbell().memory] as const;
      const turn = new SharedArrayBuffer(4);
      const parts = ([0, 1] as const).map((part) =>
        start({ turns: TURNS, mode: modes[part], part, bells, turn }),
      );
      for (const { sleeps, longSleeps } of await Promise.all(parts)) {
        assert.ok(sleeps > 100, `it slept ${sleeps} times only`);
        // A wake that is lost shows as a sleep that lasts to its limit. So does a machine
        // that stands still, rarely.
        assert.ok(longSleeps <= 2, `${longSleeps} sleeps lasted to their limit`);
      }
    });
  }

  test('does not sleep over a ring between looking for work and falling asleep', () => {
    const bell = new Doorbell();
    const seen = bell.seen();
    bell.ring();
    assert.equal(bell.sleep(seen, 1000), null);
    const sinceMs = performance.now();
    bell.sleepBlocking(seen, 1000);
    assert.ok(performance.now() - sinceMs < 100);
  });

  test('wakes a sleeper by a ring from another view of its memory', async () => {
    const bell = new Doorbell();
    const sleep = bell.sleep(bell.seen(), 1000);
    assert.ok(sleep instanceof Promise);
    new Doorbell(bell.memory).ring();
    const sinceMs = performance.now();
    await sleep;
    assert.ok(performance.now() - sinceMs < WAIT_MS_MAX / 2);
  });

  test('wakes a sleeper in its own thread, and the same wait serves the next sleep', async () => {
    const bell = new Doorbell();
    for (let n = 0; n < 3; n++) {
      const sinceMs = performance.now();
      const sleep = bell.sleep(bell.seen(), 1000);
      bell.wake();
      await sleep;
      const rung = bell.sleep(bell.seen(), 1000);
      new Doorbell(bell.memory).ring();
      await rung;
      assert.ok(performance.now() - sinceMs < WAIT_MS_MAX / 2);
    }
  });

  test('does not sleep over a wake in its own thread while it looked for work', () => {
    const bell = new Doorbell();
    const seen = bell.seen();
    bell.wake();
    assert.equal(bell.sleep(seen, 1000), null);
  });

  test('a short sleep behind a long one that was ended is short, and a long one behind it is long', async () => {
    const bell = new Doorbell();
    const alive = setTimeout(() => {}, 10_000);
    const long = bell.sleep(bell.seen(), WAIT_MS_MAX);
    bell.wake();
    await long;
    for (const ms of [20, 120, 20, 120]) {
      const sinceMs = performance.now();
      await bell.sleep(bell.seen(), ms);
      const sleptMs = performance.now() - sinceMs;
      assert.ok(sleptMs >= ms - 2 && sleptMs < ms + 80, `${sleptMs} ms instead of ${ms}`);
    }
    clearTimeout(alive);
  });

  test('bounds every sleep', async () => {
    const bell = new Doorbell();
    // Nothing else keeps this process alive meanwhile.
    const alive = setTimeout(() => {}, 10_000);
    const sinceMs = performance.now();
    await bell.sleep(bell.seen(), 30);
    bell.sleepBlocking(bell.seen(), 10);
    assert.ok(performance.now() - sinceMs < WAIT_MS_MAX);
    await bell.sleep(bell.seen(), Number.POSITIVE_INFINITY);
    clearTimeout(alive);
  });

  test('brings mail once', () => {
    const bell = new Doorbell();
    assert.equal(bell.hasMail(), false);
    const seen = bell.seen();
    bell.ringForMail();
    bell.ringForMail();
    assert.equal(bell.sleep(seen, 1000), null);
    assert.deepEqual([bell.hasMail(), bell.hasMail()], [true, false]);
  });
});
