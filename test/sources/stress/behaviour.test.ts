/** Stress: how many events of which size, how fast, and when it ends. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Collected, type Flow, MoodyChannel, runFlow } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';

const MEMORY = `
  channels.c1.type = memory
  channels.c1.capacity = 10000
  channels.c1.transactionCapacity = 1000`;

async function runStress(
  t: TestContext,
  options: Readonly<Record<string, number>>,
  channel = MEMORY,
): Promise<{ flow: Flow; collected: Collected }> {
  const collected = new Collected(t);
  const lines = Object.entries({ type: 'org.apache.flume.source.StressSource', channels: 'c1', ...options });
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

describe('stress: events', { concurrency: 4 }, () => {
  for (const [size, batchSize, maxTotalEvents] of [
    [500, 1, 10],
    [0, 3, 10],
    [1, 100, 250],
    [100_000, 10, 25],
    // Larger than the template that batches are cut from.
    [9_000_000, 2, 3],
  ] as const) {
    test(`size = ${size}, batchSize = ${batchSize}: ${maxTotalEvents} bodies of 0x7F, then no more`, async (t) => {
      const { flow, collected } = await runStress(t, { size, batchSize, maxTotalEvents });
      await collected.untilCount(maxTotalEvents);
      assert.equal(await flow.stop(), true);
      assert.equal(collected.events.length, maxTotalEvents);
      const body = '\x7f'.repeat(size);
      for (const event of collected.events) {
        assert.ok(event.body === body, `a body of ${event.body.length} bytes`);
        assert.equal(event.headers.size, 0);
      }
      assert.equal(flow.counter('channel', 'c1', 'EventPutAttemptCount'), maxTotalEvents);
    });
  }

  test('the default is 500 bytes', async (t) => {
    const { collected } = await runStress(t, { maxTotalEvents: 1 });
    await collected.untilCount(1);
    assert.equal(collected.bodies[0], '\x7f'.repeat(500));
  });

  test('it has no counter group in the metrics, as in Flume', async (t) => {
    const { flow } = await runStress(t, { maxTotalEvents: 0 });
    const registered = flow.agent.counterGroups().filter((group) => group.registered);
    assert.deepEqual(
      registered.map((group) => group.type),
      ['CHANNEL', 'SINK'],
    );
  });
});

describe('stress: limits', { concurrency: 4 }, () => {
  test('maxTotalEvents counts attempts: what is refused is not made good', async (t) => {
    const moody = new MoodyChannel(t);
    const { flow, collected } = await runStress(
      t,
      { maxTotalEvents: 10, batchSize: 2, size: 10 },
      moody.channel('c1', 'alternate'),
    );
    await until('all were tried', () => flow.counter('channel', 'c1', 'EventPutAttemptCount') >= 10);
    await flow.stop();
    assert.equal(flow.counter('channel', 'c1', 'EventPutAttemptCount'), 10);
    const accepted = flow.counter('channel', 'c1', 'EventPutSuccessCount');
    assert.ok(accepted > 0 && accepted < 10, `${accepted} were accepted`);
    await collected.untilCount(accepted);
  });

  test('maxSuccessfulEvents counts accepted events: it goes on after a refusal until they are there', async (t) => {
    const moody = new MoodyChannel(t);
    const { flow, collected } = await runStress(
      t,
      { maxSuccessfulEvents: 25, batchSize: 10, size: 10 },
      moody.channel('c1', 'alternate'),
    );
    await collected.untilCount(25);
    await flow.stop();
    assert.equal(flow.counter('channel', 'c1', 'EventPutSuccessCount'), 25);
    assert.ok(flow.counter('channel', 'c1', 'EventPutAttemptCount') > 25);
    assert.equal(collected.events.length, 25);
  });

  test('maxEventsPerSecond holds for every moment since the start', async (t) => {
    const RATE = 200;
    const before = Date.now();
    const { flow, collected } = await runStress(t, { maxEventsPerSecond: RATE, size: 10 });
    for (const count of [20, 60, 120]) {
      await collected.untilCount(count);
      const seconds = (Date.now() - before) / 1000;
      const put = flow.counter('channel', 'c1', 'EventPutSuccessCount');
      // One more may be due just now.
      assert.ok(put <= seconds * RATE + 1, `${put} events in ${seconds} s`);
    }
    await flow.stop();
  });

  test('it stops in time while its channel answers nothing', async (t) => {
    const moody = new MoodyChannel(t);
    const { flow } = await runStress(t, {}, moody.channel('c1', 'stall'));
    await until('no more fits', () => moody.held >= 64);
    const began = Date.now();
    await flow.stop(1000);
    assert.ok(Date.now() - began < 12_000, `stopped after ${Date.now() - began} ms`);
  });
});
