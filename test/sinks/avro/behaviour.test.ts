import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { MillraceError } from '../../../src/base/errors.ts';
import declaration from '../../../src/sinks/avro/index.ts';
import { batchOf, type EventOf } from '../../kit/editor.ts';
import { refusalOf } from '../../kit/part.ts';
import { SinkRig } from '../../kit/sink.ts';
import { until } from '../../kit/until.ts';
import { type Answer, AvroPeer } from './peer.ts';

async function start(t: TestContext, port: number, options: Readonly<Record<string, string>> = {}) {
  const rig = await SinkRig.start(declaration, { hostname: '127.0.0.1', port: `${port}`, ...options });
  t.after(() => rig.sink.stop?.());
  return rig;
}

const BATCH: EventOf[] = [
  [{ host: 'a' }, 'one'],
  [{ host: 'a', naïve: 'ü' }, 'two'],
  [{}, ''],
];
const counted = ({ counters }: SinkRig) =>
  Object.fromEntries(
    (
      [
        'ConnectionCreatedCount',
        'ConnectionClosedCount',
        'ConnectionFailedCount',
        'BatchEmptyCount',
        'BatchUnderflowCount',
        'BatchCompleteCount',
        'EventDrainAttemptCount',
        'EventDrainSuccessCount',
        'EventWriteFail',
      ] as const
    ).flatMap((name) => (counters.get(name) === 0 ? [] : [[name, counters.get(name)]])),
  );

describe('sink avro', () => {
  test('stops at once while a server does not answer its handshake', async (t) => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket.resume()));
    server.listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const rig = await SinkRig.create(declaration, { hostname: '127.0.0.1', port: `${port}` });
    const starting = rig.sink.start?.();
    await until('the handshake is under way', () => (sockets[0]?.bytesRead ?? 0) > 0);
    rig.sink.stop?.();
    await starting;
    await until('the connection has gone', () => sockets[0]!.closed);
    assert.match(rig.log.texts('warn').join(), /this side is being stopped/);
  });

  test('a batch is one call; its counters are Flume’s', async (t) => {
    const peer = new AvroPeer(t);
    const rig = await start(t, peer.port, { 'batch-size': '3' });
    await rig.sink.process(batchOf(BATCH));
    await rig.sink.process(batchOf(BATCH.slice(0, 1)));
    rig.sink.idle?.();
    assert.deepEqual(peer.batches, [3, 1]);
    assert.deepEqual(
      peer.events.slice(0, 3),
      BATCH.map(([headers, body]) => ({ headers, body })),
    );
    assert.deepEqual(counted(rig), {
      ConnectionCreatedCount: 1,
      BatchEmptyCount: 1,
      BatchUnderflowCount: 1,
      BatchCompleteCount: 1,
      EventDrainAttemptCount: 4,
      EventDrainSuccessCount: 4,
    });
    await rig.sink.stop?.();
    assert.equal(rig.counters.get('ConnectionClosedCount'), 1);
  });

  const failures: readonly (readonly [Answer, RegExp])[] = [
    [
      'FAILED',
      /Failed to send events to 127\.0\.0\.1:\d+: Avro RPC call returned Status: FAILED \(see the log/,
    ],
    ['error', /the peer has an error/],
    ['close', /the server has ended the connection|the connection is closed/],
    ['nothing', /no answer within 1000 ms/],
  ];
  for (const [answer, text] of failures) {
    test(`the source answers ${answer}: the batch fails, and the next one goes over a new connection`, async (t) => {
      const peer = new AvroPeer(t);
      const rig = await start(t, peer.port, { 'request-timeout': '1000' });
      peer.status = answer;
      const error = await refusalOf(async () => rig.sink.process(batchOf(BATCH)));
      assert.equal(error.code, 'SINK_FAILED');
      assert.match(error.message, text);
      assert.match(error.message, /^sink k1: .*the batch is kept\)$/);
      peer.status = 'OK';
      await rig.sink.process(batchOf(BATCH));
      assert.deepEqual(peer.batches, [3]);
      assert.equal(peer.connections, 2);
      const { ConnectionCreatedCount, ConnectionClosedCount, EventWriteFail } = counted(rig);
      assert.deepEqual([ConnectionCreatedCount, ConnectionClosedCount, EventWriteFail], [2, 1, 1]);
    });
  }

  test('no source at the start is a warning; the first batch connects', async (t) => {
    const gone = new AvroPeer(t);
    gone.close();
    const rig = await start(t, gone.port);
    assert.match(rig.log.texts('warn').join(), /Unable to create avro client using hostname: 127\.0\.0\.1/);
    const error = await refusalOf(async () => rig.sink.process(batchOf(BATCH)));
    assert.ok(error instanceof MillraceError);
    assert.match(error.message, /cannot connect to 127\.0\.0\.1:\d+: connection refused/);
    assert.deepEqual([counted(rig).ConnectionFailedCount, counted(rig).EventWriteFail], [2, 1]);
  });

  test('a connection that ended meanwhile is replaced without a failure', async (t) => {
    const peer = new AvroPeer(t);
    const rig = await start(t, peer.port);
    for (const socket of peer.sockets) socket.destroy();
    await until('the sink has seen it', () => {
      rig.sink.idle?.();
      return rig.counters.get('ConnectionClosedCount') === 1;
    });
    await rig.sink.process(batchOf(BATCH));
    assert.equal(peer.connections, 2);
    assert.equal(rig.counters.get('EventWriteFail'), 0);
  });

  test('batches that overlap go over one connection; a refused one does not take the others with it', async (t) => {
    const peer = new AvroPeer(t);
    const rig = await start(t, peer.port);
    assert.equal(rig.sink.overlap, 4);
    for (const socket of peer.sockets) socket.destroy();
    await until('the sink has seen it', () => {
      rig.sink.idle?.();
      return rig.counters.get('ConnectionClosedCount') === 1;
    });
    const delivery = async (events: EventOf[]) => rig.sink.process(batchOf(events));
    await Promise.all([delivery(BATCH), delivery(BATCH.slice(1)), delivery(BATCH.slice(2))]);
    assert.deepEqual(peer.batches, [3, 2, 1]);
    assert.equal(peer.connections, 2);
    peer.answers.push('FAILED', 'OK');
    const [refused, taken] = await Promise.allSettled([delivery(BATCH), delivery(BATCH.slice(1))]);
    assert.deepEqual([refused.status, taken.status], ['rejected', 'fulfilled']);
    assert.deepEqual(peer.batches, [3, 2, 1, 2]);
    await delivery(BATCH);
    assert.equal(peer.connections, 3);
    await until('the retired connection is closed', () => peer.sockets.size === 1);
  });

  test('reset-connection-interval connects anew, between two batches', async (t) => {
    const peer = new AvroPeer(t);
    const rig = await start(t, peer.port, { 'reset-connection-interval': '10' });
    await rig.sink.process(batchOf(BATCH));
    rig.clock.nowMs += 9999;
    await rig.sink.process(batchOf(BATCH));
    assert.equal(peer.connections, 1);
    rig.clock.nowMs += 1;
    await rig.sink.process(batchOf(BATCH));
    assert.equal(peer.connections, 2);
    assert.deepEqual(peer.batches, [3, 3, 3]);
    assert.equal(rig.counters.get('ConnectionClosedCount'), 1);
  });

  test('a source that is compressed is not one that is not', async (t) => {
    const peer = new AvroPeer(t, 'deflate');
    const rig = await start(t, peer.port, { 'connect-timeout': '1000' });
    const error = await refusalOf(async () => rig.sink.process(batchOf(BATCH)));
    assert.match(error.message, /compression-type and ssl must be the same on both sides/);
  });

  for (const level of ['0', '1', '9']) {
    test(`compression at level ${level}, with batches larger than any buffer`, async (t) => {
      const peer = new AvroPeer(t, 'deflate');
      const rig = await start(t, peer.port, { 'compression-type': 'deflate', 'compression-level': level });
      const large: EventOf[] = Array.from({ length: 300 }, (_, n) => [{ n: `${n}` }, `${n}`.repeat(1500)]);
      await rig.sink.process(batchOf(large));
      await rig.sink.process(batchOf(BATCH));
      assert.deepEqual(peer.batches, [300, 3]);
      assert.deepEqual(
        peer.bodies,
        [...large, ...BATCH].map(([, body]) => body),
      );
    });
  }
});
