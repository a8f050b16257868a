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
    assert.equal(await sleep, 'ok');
  });

  test('bounds every sleep', async () => {
    const bell = new Doorbell();
    // Nothing else keeps this process alive meanwhile.
    const alive = setTimeout(() => {}, 10_000);
    const sinceMs = performance.now();
    assert.equal(await bell.sleep(bell.seen(), 30), 'timed-out');
    bell.sleepBlocking(bell.seen(), 10);
    assert.ok(performance.now() - sinceMs < WAIT_MS_MAX);
    assert.equal(await bell.sleep(bell.seen(), Number.POSITIVE_INFINITY), 'timed-out');
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
