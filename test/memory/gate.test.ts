import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { closeGate, type Gate, newGate, uninterrupted } from '../../src/memory/gate.ts';

/** A thread that goes inside for as long as it is told, and says so before, inside and after. */
const CODE = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData.module).then(({ setGate, uninterrupted }) => {
    setGate(workerData.gate);
    parentPort.on('message', (ms) => {
      parentPort.postMessage('before');
      uninterrupted(() => {
        parentPort.postMessage('inside');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
      });
      parentPort.postMessage('after');
    });
    parentPort.postMessage('ready');
  });`;

async function start(t: TestContext): Promise<{ gate: Gate; worker: Worker; heard: string[] }> {
  const gate = newGate();
  const module = new URL('../../src/memory/gate.ts', import.meta.url).href;
  const worker = new Worker(CODE, { eval: true, workerData: { module, gate } });
  t.after(() => worker.terminate());
  const heard: string[] = [];
  worker.on('message', (text: string) => heard.push(text));
  await once(worker, 'message');
  return { gate, worker, heard };
}

test('a thread outside may be ended at once, and does not go inside any more', async (t) => {
  const { gate, worker, heard } = await start(t);
  await closeGate(gate);
  worker.postMessage(0);
  while (!heard.includes('before')) await once(worker, 'message');
  await delay(50);
  assert.deepEqual(heard, ['ready', 'before']);
  await worker.terminate();
});

test('one inside is let out before, and an error inside is passed on', async (t) => {
  const { gate, worker, heard } = await start(t);
  worker.postMessage(100);
  while (!heard.includes('inside')) await once(worker, 'message');
  let isClosed = false;
  const closed = closeGate(gate).then(() => {
    isClosed = true;
  });
  await delay(20);
  assert.equal(isClosed, false);
  await closed;
  await delay(20);
  assert.equal(heard.at(-1), 'after');
  assert.throws(
    () =>
      uninterrupted(() => {
        throw new Error('as it is');
      }),
    /as it is/,
  );
});
