import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { AvroRpcError } from '../../../src/wire/avro/errors.ts';
import { PROTOCOL_TEXT } from '../../../src/wire/avro/protocol.ts';
import type { EventOf } from '../../kit/editor.ts';
import { kitPlugin, MoodyChannel } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';
import { array, bytes, call, event, frame, GREETING, greetingWith } from '../../wire/avro/avro.ts';
import { piecesOf, RawClient } from '../raw-client.ts';
import { bodiesRanges, connectClient, rangesOf, runAvro } from './avro.ts';

const OK = Buffer.from([0, 0, 0]);
const BOTH = Buffer.alloc(4);

function countersOf({ flow }: Awaited<ReturnType<typeof runAvro>>): Record<string, number> {
  const names = [
    'AppendReceivedCount',
    'AppendAcceptedCount',
    'AppendBatchReceivedCount',
    'AppendBatchAcceptedCount',
    'EventReceivedCount',
    'EventAcceptedCount',
    'ChannelWriteFail',
    'EventReadFail',
  ];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = flow.counter('source', 'r1', name);
      return value === 0 ? [] : [[name, value]];
    }),
  );
}

describe('avro source', { concurrency: 4 }, () => {
  test('events of append and appendBatch come out with bodies and headers, and are counted', async (t) => {
    const avro = await runAvro(t);
    const client = await connectClient(avro.port);
    await client.append(rangesOf([[{ host: 'ü' }, 'one']])[0]!);
    const batch: EventOf[] = Array.from({ length: 500 }, (_, n) => [{ n: `${n}`, host: 'a' }, `body ${n}`]);
    await client.appendBatch(rangesOf(batch));
    await avro.collected.untilCount(501);
    const found = avro.collected.events.map(({ headers, body }) => [Object.fromEntries(headers), body]);
    assert.deepEqual(found, [[{ host: 'ü' }, 'one'], ...batch]);
    assert.deepEqual(countersOf(avro), {
      AppendReceivedCount: 1,
      AppendAcceptedCount: 1,
      AppendBatchReceivedCount: 1,
      AppendBatchAcceptedCount: 1,
      EventReceivedCount: 501,
      EventAcceptedCount: 501,
    });
    assert.equal(avro.flow.counter('source', 'r1', 'OpenConnectionCount'), 1);
    client.close();
    await until(
      'the connection is gone',
      () => avro.flow.counter('source', 'r1', 'OpenConnectionCount') === 0,
    );
  });

  test('a batch without events is accepted', async (t) => {
    const avro = await runAvro(t);
    const client = await connectClient(avro.port);
    await client.appendBatch([]);
    assert.deepEqual(countersOf(avro), { AppendBatchReceivedCount: 1, AppendBatchAcceptedCount: 1 });
    client.close();
  });

  test('requests are read however they are cut, and answered in their order', async (t) => {
    const { port, collected } = await runAvro(t);
    const client = new RawClient(port);
    const requests = Buffer.concat([
      frame(11, GREETING, call('append', event([[], 'a']))),
      frame(12, call('')),
      frame(
        13,
        call('appendBatch'),
        array([
          [[], 'b'],
          [[['k', 'v']], 'c'.repeat(9000)],
        ]),
      ),
      frame(14, call('append', event([[], 'd']))),
      frame(15, call('nothing')),
    ]);
    await client.sendInPieces(piecesOf(requests, 997));
    await until('five answers', () => client.received.includes('No such remote message: nothing'));
    const answers = Buffer.concat([
      frame(11, Buffer.concat([BOTH, OK])),
      frame(12, Buffer.alloc(0)),
      frame(13, OK),
      frame(14, OK),
    ]);
    assert.deepEqual(client.received.subarray(0, answers.length), answers);
    await collected.untilCount(4);
    assert.deepEqual(collected.bodies, ['a', 'b', 'c'.repeat(9000), 'd']);
    client.destroy();
  });

  test('a client that ends its side is answered all the same', async (t) => {
    const { port } = await runAvro(t);
    const client = new RawClient(port);
    client.send(frame(1, GREETING, call('append', event([[], 'a']))));
    assert.deepEqual(await client.finish(), frame(1, Buffer.concat([BOTH, OK])));
  });

  test('an unknown client is asked for its protocol, and nothing is put before', async (t) => {
    const { port, collected, flow } = await runAvro(t);
    const client = new RawClient(port);
    const stranger = Buffer.concat([Buffer.alloc(16, 7), Buffer.alloc(18)]);
    client.send(frame(1, stranger, call('append', event([[], 'lost']))));
    await until('an answer', () => client.received.includes('AvroSourceProtocol'));
    assert.equal(client.received[12], 4, 'NONE');
    assert.equal(flow.counter('source', 'r1', 'AppendReceivedCount'), 0);
    const before = client.received.length;
    client.send(frame(2, greetingWith(PROTOCOL_TEXT), call('append', event([[], 'kept']))));
    await until('the next answer', () => client.received.length > before);
    await collected.untilCount(1);
    assert.deepEqual(collected.bodies, ['kept']);
    client.destroy();
  });

  test('a full channel: FAILED, none of the batch is put, and the client may go on', async (t) => {
    const avro = await runAvro(
      t,
      {},
      `channels.c1.type = memory
       channels.c1.capacity = 10
       channels.c1.transactionCapacity = 10
       channels.c1.keep-alive = 0`,
    );
    const client = await connectClient(avro.port);
    const bodies = Array.from({ length: 11 }, (_, n) => `${n}`);
    await assert.rejects(client.appendBatch(bodiesRanges(bodies)), { failure: 'failed' });
    await client.appendBatch(bodiesRanges(bodies.slice(1)));
    await avro.collected.untilCount(10);
    assert.deepEqual(avro.collected.bodies, bodies.slice(1));
    assert.equal(countersOf(avro).ChannelWriteFail, 1);
    client.close();
  });

  test('an interceptor that throws: FAILED for a batch, its text for one event', async (t) => {
    const { port } = await runAvro(t, {
      interceptors: 'i1',
      'interceptors.i1.type': kitPlugin('throwing-interceptor'),
    });
    const client = await connectClient(port);
    const [bad] = bodiesRanges(['bad']);
    await assert.rejects(client.appendBatch([bad!]), { failure: 'failed' });
    await assert.rejects(client.append(bad!), { failure: 'remote', message: /the interceptor fails/ });
    await client.append(bodiesRanges(['good'])[0]!);
    client.close();
  });

  test('while the channel stalls the client is not read, and later all is answered in order', async (t) => {
    const moody = new MoodyChannel(t);
    const { port, collected } = await runAvro(t, {}, moody.channel('c1', 'stall'));
    const client = await connectClient(port);
    const body = 'x'.repeat(100_000);
    const order: number[] = [];
    const calls = Array.from({ length: 200 }, (_, n) =>
      client.appendBatch(bodiesRanges([`${n} ${body}`])).then(() => order.push(n)),
    );
    await until('puts that wait', () => moody.held > 0);
    await moody.set('accept');
    await Promise.all(calls);
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
    await collected.untilCount(200);
    assert.deepEqual(
      collected.bodies.map((one) => Number(one.split(' ')[0])),
      Array.from({ length: 200 }, (_, n) => n),
    );
    client.close();
  });

  for (const level of [0, 6]) {
    test(`compression at level ${level}`, async (t) => {
      const { port, collected } = await runAvro(t, { 'compression-type': 'deflate' });
      const client = await connectClient(port, { deflate: level });
      const bodies = Array.from({ length: 2000 }, (_, n) => `${n} ${'x'.repeat(n)}`);
      await client.appendBatch(bodiesRanges(bodies));
      await client.append(bodiesRanges(['last'])[0]!);
      await collected.untilCount(2001);
      assert.deepEqual(collected.bodies, [...bodies, 'last']);
      client.close();
    });
  }

  test('clients beyond ipFilterRules and maxConnections are closed before anything is read', async (t) => {
    const denied = await runAvro(t, { ipFilter: true, ipFilterRules: 'deny:ip:127.*' });
    await new RawClient(denied.port).untilEnded();
    await denied.flow.untilLogged(/127\.0\.0\.1 is denied by ipFilterRules/);
    const { port, flow } = await runAvro(t, { maxConnections: 1 });
    const first = await connectClient(port);
    await until('it is counted', () => flow.counter('source', 'r1', 'OpenConnectionCount') === 1);
    await new RawClient(port).untilEnded();
    await first.append(bodiesRanges(['still here'])[0]!);
    first.close();
  });

  test('a port that is taken is told with what to do', async (t) => {
    const { port } = await runAvro(t);
    const second = runAvro(t, { port });
    await assert.rejects(
      Promise.race([second, new Promise((_, no) => setTimeout(no, 500, new Error('waits')))]),
    );
  });
});

describe('avro source: hostile peers', { concurrency: 4 }, () => {
  const begin = frame(1, GREETING, call(''));

  async function assertServes(avro: Awaited<ReturnType<typeof runAvro>>): Promise<void> {
    const client = await connectClient(avro.port);
    await client.append(bodiesRanges(['alive'])[0]!);
    await avro.collected.untilCount(1);
    assert.deepEqual(avro.collected.bodies, ['alive']);
    client.close();
  }

  const rows: readonly (readonly [string, Buffer, RegExp])[] = [
    [
      'a frame of 2 GB',
      Buffer.concat([begin, Buffer.from('0000000200000001 7fffffff'.replace(' ', ''), 'hex')]),
      /a frame of 2147483647 bytes/,
    ],
    ['a list of 2^31 - 1 buffers', Buffer.from('000000027fffffff', 'hex'), /a frame of 2147483647 buffers/],
    ['no handshake', frame(1, Buffer.alloc(60, 0xff)), /a number of more than 10 bytes/],
    ['an empty first request', frame(1), /wanted, 0 left/],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), /it speaks HTTP \(a frame of \d+ buffers/],
    [
      'a TLS handshake',
      Buffer.from('16030100f8010000f40303', 'hex'),
      /it speaks TLS, and ssl is off here \(a frame of/,
    ],
    [
      'compressed bytes',
      deflateSync(frame(1, GREETING)),
      /it compresses what it sends, and compression-type is none here \(a frame of/,
    ],
    [
      'a map of a million headers',
      frame(1, GREETING, call('append', Buffer.from([0x80, 0x89, 0x7a]), Buffer.alloc(2_000_002))),
      /an event of 1000000 headers/,
    ],
    [
      'a body that is cut off',
      frame(1, GREETING, call('append', Buffer.from([0]), bytes('abc').subarray(0, 3))),
      /a length of 3 bytes/,
    ],
  ];
  for (const [what, sent, text] of rows) {
    test(`${what}: disconnected, told, counted; others go on`, async (t) => {
      const avro = await runAvro(t);
      const client = new RawClient(avro.port);
      client.send(sent);
      await client.untilEnded();
      await avro.flow.untilLogged(text);
      assert.equal(countersOf(avro).EventReadFail, 1);
      await assertServes(avro);
      client.destroy();
    });
  }

  test('a request that cannot be read is answered with the reason first', async (t) => {
    const { port } = await runAvro(t);
    const client = new RawClient(port);
    client.send(Buffer.concat([begin, frame(2, call('appendBatch', Buffer.from([20])))]));
    await client.untilText(/The request cannot be read: a block of 10 items where 0 bytes are left/);
    await client.untilEnded();
    client.destroy();
  });

  test('a batch that no block can hold is answered with FAILED, told, and the connection goes on', async (t) => {
    const avro = await runAvro(t);
    const client = await connectClient(avro.port);
    const body = 'x'.repeat(4_000_000);
    const large = Array.from({ length: 5 }, (): EventOf => [{}, body]);
    await assert.rejects(
      client.appendBatch(large.flatMap((one) => [...rangesOf([one])])),
      (error: unknown) => error instanceof AvroRpcError && error.failure === 'failed',
    );
    await avro.flow.untilLogged(/a request is answered with FAILED: .*send smaller batches/);
    await client.append(bodiesRanges(['alive'])[0]!);
    client.close();
  });

  test('a request that does not come whole in time ends its connection; silence does not', async (t) => {
    const avro = await runAvro(t, { requestTimeout: 100 });
    const [slow, silent] = [new RawClient(avro.port), new RawClient(avro.port)];
    slow.send(begin.subarray(0, 5));
    await slow.untilEnded();
    await avro.flow.untilLogged(/its request has not come whole within 100 ms/);
    assert.equal(silent.closed, false);
    silent.send(begin);
    await until('an answer', () => silent.received.length > 0);
    silent.destroy();
    await assertServes(avro);
  });

  test('idleTimeout ends silent connections', async (t) => {
    const { port } = await runAvro(t, { idleTimeout: '100ms' });
    await new RawClient(port).untilEnded();
  });

  test('a client that reads no answers is not read any more', async (t) => {
    const avro = await runAvro(t);
    const client = new RawClient(avro.port);
    client.socket.pause();
    const request = frame(2, call('x'.repeat(60)));
    client.send(begin);
    const many = Buffer.concat(Array.from({ length: 10_000 }, () => request));
    for (let n = 0; n < 20; n++) client.send(many);
    await until('the system’s buffers are full', () => client.socket.writableLength > 0);
    await assertServes(avro);
    client.destroy();
  });

  test('zip bombs and garbage for a source that inflates', async (t) => {
    const avro = await runAvro(t, { 'compression-type': 'deflate' });
    const plain = new RawClient(avro.port);
    plain.send(begin);
    await plain.untilEnded();
    await avro.flow.untilLogged(/what it sends is not compressed by deflate/);
    const { deflateSync } = await import('node:zlib');
    const bomb = new RawClient(avro.port);
    const head = Buffer.concat([begin, Buffer.from('000000020000000103f00000', 'hex')]);
    bomb.send(deflateSync(Buffer.concat([head, Buffer.alloc(60_000_000)])));
    bomb.send(deflateSync(Buffer.alloc(200_000_000)));
    await until('its request is dropped', () => bomb.ended || bomb.closed);
    const client = await connectClient(avro.port, { deflate: 6 });
    await client.append(bodiesRanges(['alive'])[0]!);
    client.close();
  });

  test('5,000 idle connections harm nobody, and cost little', async (t) => {
    const avro = await runAvro(t);
    const open = () => avro.flow.counter('source', 'r1', 'OpenConnectionCount');
    const before = process.memoryUsage().rss;
    const idle: RawClient[] = [];
    while (idle.length < 5000) {
      for (let n = 0; n < 500; n++) idle.push(new RawClient(avro.port));
      await until(`${idle.length} are open`, () => open() === idle.length);
    }
    await assertServes(avro);
    // Both ends are in this process.
    const each = (process.memoryUsage().rss - before) / idle.length;
    assert.ok(each < 64 * 1024, `${each} bytes a connection`);
    for (const client of idle) client.destroy();
    await until('all are gone', () => open() === 0);
  });
});
