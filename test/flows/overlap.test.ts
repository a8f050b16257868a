/** Sinks that have several deliveries under way at once. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Collected, type Flow, runFlow } from '../kit/flow.ts';
import { until } from '../kit/until.ts';

const COUNTER = new URL('../kit/plugins/counter-source.ts', import.meta.url).href;
const OVERLAPPING = new URL('../kit/plugins/overlapping.ts', import.meta.url).href;
const EVENTS = 200;

async function run(t: TestContext, sink: string): Promise<{ flow: Flow; collected: Collected }> {
  const collected = new Collected(t);
  const flow = await runFlow(
    t,
    `sources = r1
     channels = c1
     sinks = k1
     sources.r1.type = ${COUNTER}
     sources.r1.events = ${EVENTS}
     sources.r1.batchSize = 50
     sources.r1.channels = c1
     channels.c1.type = memory
     sinks.k1.type = ${OVERLAPPING}
     sinks.k1.topic = ${collected.topic}
     sinks.k1.channel = c1
     ${sink}`,
  );
  return { flow, collected };
}

const all = Array.from({ length: EVENTS }, (_, n) => `${n}`);
const most = ({ events }: Collected) =>
  Math.max(...events.map(({ headers }) => Number(headers.get('atOnce'))));
const byNumber = (a: string, b: string) => Number(a) - Number(b);

describe('deliveries at once', () => {
  test('as many as the sink allows; every event is delivered once', async (t) => {
    const { flow, collected } = await run(t, 'sinks.k1.overlap = 3');
    await collected.untilCount(EVENTS);
    await until('all are committed', () => flow.counter('channel', 'c1', 'EventTakeSuccessCount') === EVENTS);
    assert.deepEqual([...collected.bodies].sort(byNumber), all);
    assert.equal(most(collected), 3);
    assert.equal(flow.counter('channel', 'c1', 'ChannelSize'), 0);
  });

  test('one of them fails: the others are committed, and only its events are delivered again', async (t) => {
    const { flow, collected } = await run(t, 'sinks.k1.fails = 25');
    await collected.untilCount(EVENTS);
    await until('all are committed', () => flow.counter('channel', 'c1', 'EventTakeSuccessCount') === EVENTS);
    assert.deepEqual([...collected.bodies].sort(byNumber), all);
    const { text } = flow.logs.find((record) => /Unable to deliver event/.test(record.text))!;
    assert.match(text, /Unable to deliver event/);
  });

  test('in a group a sink has one at a time', async (t) => {
    const group =
      'sinks = k1 k2\nsinks.k2.type = null\nsinks.k2.channel = c1\nsinkgroups = g1\nsinkgroups.g1.sinks = k1 k2';
    const { collected } = await run(
      t,
      `${group}
       sinkgroups.g1.processor.type = failover
       sinkgroups.g1.processor.priority.k1 = 2`,
    );
    await collected.untilCount(EVENTS);
    assert.deepEqual(collected.bodies, all);
  });

  test('a stop waits for those that are under way', async (t) => {
    const { flow, collected } = await run(t, '');
    await collected.untilCount(10);
    const put = () => flow.counter('channel', 'c1', 'EventPutSuccessCount');
    assert.equal(await flow.stop(), true);
    await collected.untilCount(put());
    assert.deepEqual([...collected.bodies].sort(byNumber), all.slice(0, put()));
  });
});
