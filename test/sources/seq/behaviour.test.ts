/** Seq: numbers in order, each once, whatever the channel does. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { DECIMAL_BYTES_MAX, DecimalCounter } from '../../../src/sources/seq/digits.ts';
import { Collected, type Flow, MoodyChannel, runFlow } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';

interface Seq {
  readonly flow: Flow;
  readonly collected: Collected;
}

const MEMORY = 'channels.c1.type = memory';

async function runSeq(
  t: TestContext,
  options: Readonly<Record<string, number>>,
  channel = MEMORY,
): Promise<Seq> {
  const collected = new Collected(t);
  const lines = Object.entries({ type: 'seq', channels: 'c1', ...options });
  const flow = await runFlow(
    t,
    `sources = r1
     channels = c1
     sinks = k1
     ${lines.map(([key, value]) => `sources.r1.${key} = ${value}`).join('\n')}
     ${channel}
     ${collected.sink('k1', 'c1')}`,
    { 'millrace.workers.max': '1' },
  );
  return { flow, collected };
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${n}`);
}

describe('seq: numbers', { concurrency: 4 }, () => {
  for (const [totalEvents, batchSize] of [
    [100, 1],
    [1000, 100],
    [1050, 100],
    [7, 50],
  ] as const) {
    test(`totalEvents = ${totalEvents}, batchSize = ${batchSize}: 0 to ${totalEvents - 1}, in order, no more`, async (t) => {
      const { flow, collected } = await runSeq(t, { totalEvents, batchSize });
      await collected.untilCount(totalEvents);
      assert.equal(await flow.stop(), true);
      assert.deepEqual(collected.bodies, numbers(totalEvents));
      for (const { headers } of collected.events) assert.equal(headers.size, 0);
      assert.equal(flow.counter('source', 'r1', 'EventAcceptedCount'), totalEvents);
      // Flume counts batches only when they are larger than one.
      const batches = batchSize === 1 ? 0 : Math.ceil(totalEvents / batchSize);
      assert.equal(flow.counter('source', 'r1', 'AppendBatchAcceptedCount'), batches);
      assert.equal(flow.counter('source', 'r1', 'ChannelWriteFail'), 0);
      assert.equal(flow.counter('channel', 'c1', 'EventPutAttemptCount'), totalEvents);
    });
  }

  test('totalEvents = 0 puts nothing', async (t) => {
    const { flow, collected } = await runSeq(t, { totalEvents: 0 });
    await until('it runs', () => flow.status('source', 'r1').state === 'running');
    assert.equal(await flow.stop(), true);
    assert.equal(collected.events.length, 0);
    assert.equal(flow.counter('channel', 'c1', 'EventPutAttemptCount'), 0);
  });

  test('without totalEvents it counts until it is stopped', async (t) => {
    const { flow, collected } = await runSeq(t, { batchSize: 10 });
    await collected.untilCount(3000);
    assert.equal(await flow.stop(), true);
    await until(
      'the rest',
      () => collected.events.length === flow.counter('source', 'r1', 'EventAcceptedCount'),
    );
    assert.deepEqual(collected.bodies, numbers(collected.events.length));
  });
});

describe('seq: a channel that refuses', { concurrency: 4 }, () => {
  for (const mood of ['refuse', 'alternate', 'stall'] as const) {
    test(`${mood}: refused numbers are put again, none is missing and none twice`, async (t) => {
      const moody = new MoodyChannel(t);
      const { flow, collected } = await runSeq(
        t,
        { totalEvents: 2000, batchSize: 20 },
        moody.channel('c1', mood),
      );
      if (mood === 'stall') await until('puts that wait', () => moody.held > 0);
      else await until('a refusal', () => flow.counter('source', 'r1', 'ChannelWriteFail') > 0);
      await moody.set('accept');
      await collected.untilCount(2000);
      assert.equal(await flow.stop(), true);
      assert.equal(flow.counter('source', 'r1', 'EventAcceptedCount'), 2000);
      const inOrder = [...collected.bodies].sort((a, b) => Number(a) - Number(b));
      assert.deepEqual(inOrder, numbers(2000));
    });
  }

  test('a small memory channel behind a slow sink: all numbers, each once', async (t) => {
    const { collected } = await runSeq(
      t,
      { totalEvents: 120, batchSize: 10 },
      `channels.c1.type = memory
       channels.c1.capacity = 20
       channels.c1.transactionCapacity = 20
       channels.c1.keep-alive = 0
       sinks.k1.pauseMs = 1`,
    );
    await collected.untilCount(120);
    const inOrder = [...collected.bodies].sort((a, b) => Number(a) - Number(b));
    assert.deepEqual(inOrder, numbers(120));
  });

  test('it stops in time while its channel answers nothing', async (t) => {
    const moody = new MoodyChannel(t);
    const { flow } = await runSeq(t, {}, moody.channel('c1', 'stall'));
    await until('no more fits', () => moody.held >= 64);
    const began = Date.now();
    await flow.stop(1000);
    assert.ok(Date.now() - began < 12_000, `stopped after ${Date.now() - began} ms`);
  });
});

describe('seq: decimal counter', { concurrency: 4 }, () => {
  test('counts as String does, from any number on', () => {
    const start = fc.oneof(
      fc.maxSafeNat(),
      fc.integer({ min: 1, max: 15 }).map((digits) => 10 ** digits - 3),
      fc.nat(20),
    );
    fc.assert(
      fc.property(start, fc.nat(30), (first, count) => {
        const counter = new DecimalCounter(first);
        const bytes = new Uint8Array(DECIMAL_BYTES_MAX);
        for (let n = 0; n < count && first + n <= Number.MAX_SAFE_INTEGER; n++) {
          const length = counter.write(bytes, 0);
          assert.equal(Buffer.from(bytes.subarray(0, length)).toString(), String(first + n));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('goes back when it is set', () => {
    const counter = new DecimalCounter(999);
    const bytes = new Uint8Array(DECIMAL_BYTES_MAX);
    const next = () => Buffer.from(bytes.subarray(0, counter.write(bytes, 0))).toString();
    assert.deepEqual([next(), next()], ['999', '1000']);
    counter.set(8);
    assert.deepEqual([next(), next(), next()], ['8', '9', '10']);
  });
});
