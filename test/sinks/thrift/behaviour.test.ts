/** The thrift sink: what it sends, what it does with each answer, its connections and counters. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { SINK_COUNTERS } from '../../../src/component/counters.ts';
import declaration from '../../../src/sinks/thrift/index.ts';
import { type Properties, refusalOf } from '../../kit/part.ts';
import { SinkRig } from '../../kit/sink.ts';
import { until } from '../../kit/until.ts';
import { batchOf, event, viewOf } from '../../wire/thrift/kit.ts';
import { type Answer, Receiver } from './receiver.ts';

interface Rig {
  readonly rig: SinkRig;
  readonly receiver: Receiver;
}

async function started(t: TestContext, properties: Properties = {}): Promise<Rig> {
  const receiver = await Receiver.start(t, properties.protocol === 'binary' ? 'binary' : 'compact');
  const rig = await SinkRig.start(declaration, {
    hostname: '127.0.0.1',
    port: String(receiver.port),
    'batch-size': '3',
    ...properties,
  });
  t.after(() => rig.sink.stop?.());
  return { rig, receiver };
}

/** Whether a TCP connection of this process is open. */
function isConnected(): boolean {
  return process.getActiveResourcesInfo().includes('TCPSocketWrap');
}

/** Counters that are not 0. */
function counted({ counters }: SinkRig): Record<string, number> {
  const all = SINK_COUNTERS.map((name) => [name, counters.get(name)] as const);
  return Object.fromEntries(all.filter(([, value]) => value !== 0));
}

const EVENTS = [event('a', { host: 'h' }), event('b', { host: 'h' }), event('ü', { n: '1' })];

describe('sink thrift: what is sent', () => {
  for (const protocol of ['compact', 'binary']) {
    test(`a batch is one call over the ${protocol} protocol, bodies and headers as they are`, async (t) => {
      const { rig, receiver } = await started(t, { protocol });
      await rig.sink.process(batchOf(viewOf(EVENTS), viewOf([event('more')], { tier: 'edge' })));
      assert.equal(receiver.calls.length, 1);
      assert.deepEqual(receiver.events, [...EVENTS, event('more', { tier: 'edge' })]);
    });
  }

  test('many batches go over one connection', async (t) => {
    const { rig, receiver } = await started(t);
    for (let n = 0; n < 50; n++) await rig.sink.process(batchOf(viewOf([event(`e${n}`)])));
    assert.equal(receiver.connections, 1);
    assert.deepEqual(
      receiver.bodies,
      Array.from({ length: 50 }, (_, n) => `e${n}`),
    );
  });

  test('a batch that no frame holds goes in several calls; one event that none holds is told', async (t) => {
    const { rig, receiver } = await started(t, { maxFrameBytes: '4096' });
    const events = Array.from({ length: 40 }, (_, n) => event(`${n} ${'x'.repeat(300)}`));
    await rig.sink.process(batchOf(viewOf(events)));
    assert.deepEqual(receiver.events, events);
    assert.ok(receiver.calls.length > 2);
    for (const { bytes } of receiver.calls) assert.ok(bytes <= 4096);
    const error = await refusalOf(async () => rig.sink.process(batchOf(viewOf([event('x'.repeat(5000))]))));
    assert.equal(error.code, 'SINK_FAILED');
    assert.match(error.message, /sink k1 could not deliver .*does not fit in a frame of 4096 bytes/);
    assert.match(error.detail.remedy!, /raise the limit/);
  });
});

describe('sink thrift: answers', () => {
  const rows: readonly (readonly [Answer, RegExp])[] = [
    [1, /the server answered FAILED \(see the log of the other agent: its channel is full/],
    [2, /the server answered ERROR/],
    [3, /the server answered UNKNOWN/],
    [9, /the server answered the unknown status 9/],
    ['exception', /Internal error processing appendBatch \(see the log of the other agent\)/],
    ['garbage', /a frame of \d+ bytes: at most .*see that hostname and port are those of a thrift source/],
    ['other number', /answer number 2 to call number 1/],
    [
      'end',
      /(the server ended the connection|the connection was closed|ECONNRESET) \(see the log .*protocol/,
    ],
  ];
  for (const [answer, text] of rows) {
    test(`${answer} fails the batch; the next one goes over a new connection`, async (t) => {
      const { rig, receiver } = await started(t);
      receiver.answer = answer;
      const error = await refusalOf(async () => rig.sink.process(batchOf(viewOf(EVENTS))));
      assert.equal(error.code, 'SINK_FAILED');
      assert.equal(error.retryable, true);
      assert.match(error.message, text);
      assert.match(error.message, /^sink k1 could not deliver a batch to 127\.0\.0\.1:\d+: /);
      receiver.answer = 0;
      await rig.sink.process(batchOf(viewOf(EVENTS)));
      assert.equal(receiver.connections, 2);
      assert.deepEqual(receiver.events, EVENTS);
      assert.deepEqual(counted(rig), {
        ConnectionCreatedCount: 2,
        ConnectionClosedCount: 1,
        BatchCompleteCount: 2,
        EventDrainAttemptCount: 6,
        EventDrainSuccessCount: 3,
        EventWriteFail: 1,
      });
    });
  }

  test('no answer within request-timeout fails the batch', async (t) => {
    const { rig, receiver } = await started(t, { 'request-timeout': '1000' });
    receiver.answer = 'silence';
    const began = performance.now();
    const error = await refusalOf(async () => rig.sink.process(batchOf(viewOf(EVENTS))));
    assert.match(error.message, /no answer within 1000 ms/);
    assert.ok(performance.now() - began < 4000);
    receiver.answer = 0;
    await rig.sink.process(batchOf(viewOf(EVENTS)));
    assert.deepEqual(receiver.events, EVENTS);
  });
});

describe('sink thrift: connections', () => {
  test('a server that is not there does not keep the sink from starting; batches fail until it is', async (t) => {
    const receiver = await Receiver.start(t);
    await receiver.close();
    const rig = await SinkRig.start(declaration, { hostname: '127.0.0.1', port: String(receiver.port) });
    t.after(() => rig.sink.stop?.());
    assert.match(
      rig.log.texts('warn')[0]!,
      /Unable to create Rpc client using hostname: 127\.0\.0\.1, port: \d+/,
    );
    const error = await refusalOf(async () => rig.sink.process(batchOf(viewOf(EVENTS))));
    assert.match(error.message, /sink k1 cannot connect to 127\.0\.0\.1:\d+: connection refused/);
    await receiver.listen();
    await rig.sink.process(batchOf(viewOf(EVENTS)));
    assert.deepEqual(receiver.events, EVENTS);
    assert.deepEqual(counted(rig), {
      ConnectionCreatedCount: 1,
      ConnectionFailedCount: 2,
      BatchUnderflowCount: 2,
      EventDrainAttemptCount: 6,
      EventDrainSuccessCount: 3,
      EventWriteFail: 1,
    });
  });

  test('a connection that the server ended while it was idle is replaced without a failure', async (t) => {
    const { rig, receiver } = await started(t);
    await rig.sink.process(batchOf(viewOf([event('a')])));
    receiver.endConnections();
    await until('both ends have closed', () => !isConnected());
    await rig.sink.process(batchOf(viewOf([event('b')])));
    assert.deepEqual(receiver.bodies, ['a', 'b']);
    assert.deepEqual([receiver.connections, rig.counters.get('EventWriteFail')], [2, 0]);
  });

  test('reset-connection-interval: a new connection once it has passed', async (t) => {
    const { rig, receiver } = await started(t, { 'reset-connection-interval': '30' });
    await rig.sink.process(batchOf(viewOf(EVENTS)));
    rig.clock.nowMs += 29_999;
    await rig.sink.process(batchOf(viewOf(EVENTS)));
    assert.equal(receiver.connections, 1);
    rig.clock.nowMs += 1;
    await rig.sink.process(batchOf(viewOf(EVENTS)));
    assert.equal(receiver.connections, 2);
    assert.equal(rig.counters.get('ConnectionClosedCount'), 1);
  });

  test('a batch smaller than batch-size, and an empty channel, are counted; a stop ends the connection', async (t) => {
    const { rig, receiver } = await started(t);
    await rig.sink.process(batchOf(viewOf([event('a')])));
    rig.sink.idle?.();
    await rig.sink.stop?.();
    assert.deepEqual(counted(rig), {
      ConnectionCreatedCount: 1,
      ConnectionClosedCount: 1,
      BatchEmptyCount: 1,
      BatchUnderflowCount: 1,
      EventDrainAttemptCount: 1,
      EventDrainSuccessCount: 1,
    });
    assert.equal(receiver.connections, 1);
  });
});
