/** The thrift source: calls, answers, counters, and what is done with what is no call. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { APPLICATION_ERROR } from '../../../src/wire/thrift/types.ts';
import { MoodyChannel } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';
import { piecesOf, RawClient } from '../raw-client.ts';
import { MEMORY, runThrift, ThriftClient } from './thrift.ts';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../../fixtures/thrift-rpc', name));
const latin1 = (text: string) => Buffer.from(text).toString('latin1');
const COUNTERS = [
  'EventReceivedCount',
  'EventAcceptedCount',
  'AppendReceivedCount',
  'AppendAcceptedCount',
  'AppendBatchReceivedCount',
  'AppendBatchAcceptedCount',
  'ChannelWriteFail',
  'EventReadFail',
];

describe('thrift: calls', () => {
  for (const protocol of ['compact', 'binary'] as const) {
    test(`what Java sends over the ${protocol} protocol is answered as Java answers, and becomes its events`, async (t) => {
      const { flow, collected, port } = await runThrift(t, { protocol });
      const answers = fixture(`${protocol}-answers.bin`);
      const client = new RawClient(port);
      await client.sendInPieces(piecesOf(fixture(`${protocol}-requests.bin`), 7000));
      // But for the text of the last one, which tells Java's struct.
      const alike = answers.indexOf('Required field');
      await until('all answers', () => client.text.includes("Required field 'body'"));
      const upToLast = answers.lastIndexOf('append', alike) - 16;
      assert.deepEqual(client.received.subarray(0, upToLast), answers.subarray(0, upToLast));
      await collected.untilCount(25);
      const events = collected.events;
      assert.deepEqual([events[0]!.body, ...events[0]!.headers], ['one', ['host', 'a.example']]);
      assert.deepEqual([events[1]!.body, ...events[1]!.headers], ['']);
      assert.equal(events[22]!.body, 'y'.repeat(20_000));
      assert.equal(events[12]!.headers.get('naïve 𝄞'), 'wert ü €');
      assert.equal(events[13]!.headers.get('long'), 'l'.repeat(200));
      const values = COUNTERS.map((name) => flow.counter('source', 'r1', name));
      assert.deepEqual(values, [25, 25, 2, 2, 2, 2, 0, 2]);
      client.destroy();
    });
  }

  test('a client may have many calls under way: each is answered in its turn', async (t) => {
    const { collected, port } = await runThrift(t);
    const client = await ThriftClient.open(t, port);
    const bodies = Array.from({ length: 300 }, (_, n) => `event ${n}`);
    await Promise.all(bodies.map((body) => client.append(body, { n: body })));
    await collected.untilCount(bodies.length);
    assert.deepEqual(collected.bodies, bodies);
    assert.equal(collected.events[7]!.headers.get('n'), 'event 7');
  });

  test('a client that ends its side after its calls still gets their answers', async (t) => {
    const moody = new MoodyChannel(t);
    const { flow, collected, port } = await runThrift(t, {}, moody.channel('c1', 'stall'));
    const client = new RawClient(port);
    client.send(fixture('compact-requests.bin').subarray(0, 400));
    client.socket.end();
    await until('calls are under way', () => flow.counter('source', 'r1', 'EventReceivedCount') >= 2);
    await moody.set('accept');
    await client.untilEnded();
    assert.ok(client.received.length > 0, 'answered');
    assert.deepEqual(client.received, fixture('compact-answers.bin').subarray(0, client.received.length));
    await collected.untilCount(2);
    client.destroy();
  });

  test('a batch without events is OK and puts nothing', async (t) => {
    const { flow, port } = await runThrift(t);
    const client = await ThriftClient.open(t, port);
    await client.appendBatch([]);
    assert.equal(flow.counter('source', 'r1', 'AppendBatchAcceptedCount'), 1);
    assert.equal(flow.counter('channel', 'c1', 'EventPutAttemptCount'), 0);
  });

  test('bodies and headers beyond ASCII arrive byte by byte', async (t) => {
    const { collected, port } = await runThrift(t);
    const client = await ThriftClient.open(t, port);
    await client.appendBatch(['grüße 𝄞', ''], { ключ: 'wert ü' });
    await collected.untilCount(2);
    assert.deepEqual(collected.bodies, [latin1('grüße 𝄞'), '']);
    assert.equal(collected.events[1]!.headers.get('ключ'), 'wert ü');
  });

  test('a refused batch is FAILED, counted, and nothing of it is put', async (t) => {
    const moody = new MoodyChannel(t);
    const { flow, collected, port } = await runThrift(t, {}, moody.channel('c1', 'refuse'));
    const client = await ThriftClient.open(t, port);
    const failed = { name: 'ThriftStatusError', status: 1 };
    await assert.rejects(client.appendBatch(['a', 'b']), failed);
    await assert.rejects(client.append('c'), failed);
    await moody.set('accept');
    await client.append('d');
    await collected.untilCount(1);
    assert.deepEqual(collected.bodies, ['d']);
    const values = COUNTERS.map((name) => flow.counter('source', 'r1', name));
    assert.deepEqual(values, [4, 1, 2, 1, 1, 0, 2, 0]);
  });

  test('a batch larger than transactionCapacity is FAILED', async (t) => {
    const channel = MEMORY.replace('transactionCapacity = 100000', 'transactionCapacity = 100');
    const { port } = await runThrift(t, {}, channel);
    const client = await ThriftClient.open(t, port);
    await assert.rejects(client.appendBatch(Array(101).fill('x')), { name: 'ThriftStatusError', status: 1 });
    await client.appendBatch(Array(100).fill('x'));
  });

  test('a batch that no block holds is FAILED; the next one is taken', async (t) => {
    const { port } = await runThrift(t, { maxFrameBytes: '64MiB' });
    const client = await ThriftClient.open(t, port);
    const large = 'x'.repeat(9 * 1024 * 1024);
    await assert.rejects(client.appendBatch([large, large]), { name: 'ThriftStatusError', status: 1 });
    await client.appendBatch([large]);
  });
});

describe('thrift: what is no call', () => {
  test('a frame over the limit ends the connection at once, and other clients are served', async (t) => {
    const { flow, port } = await runThrift(t, { maxFrameBytes: 65_536 });
    const other = await ThriftClient.open(t, port);
    const client = new RawClient(port);
    client.send(Buffer.from([0x7f, 0xff, 0xff, 0xff]));
    await client.untilEnded();
    await flow.untilLogged(/sent what cannot be taken: a frame of 2147483647 bytes: at most 65536 are taken/);
    assert.equal(flow.counter('source', 'r1', 'EventReadFail'), 1);
    await other.append('still served');
    client.destroy();
  });

  test('a client that speaks TLS or HTTP is told so in the log', async (t) => {
    for (const [bytes, text] of [
      [Buffer.from('16030100f8010000f40303', 'hex'), /it speaks TLS, and ssl is off here \(a frame of/],
      [Buffer.from('POST / HTTP/1.1\r\n\r\n'), /it speaks HTTP \(a frame of/],
    ] as const) {
      const { flow, port } = await runThrift(t);
      const client = new RawClient(port);
      client.send(bytes);
      await client.untilEnded();
      await flow.untilLogged(text);
      client.destroy();
    }
  });

  test('the wrong protocol ends the connection; answers to what came before are sent', async (t) => {
    const { collected, port } = await runThrift(t);
    const first = fixture('compact-requests.bin');
    const frame = 4 + first.readInt32BE(0);
    const client = new RawClient(port);
    client.send(Buffer.concat([first.subarray(0, frame), fixture('binary-requests.bin')]));
    await client.untilEnded();
    const answers = fixture('compact-answers.bin');
    assert.deepEqual(client.received, answers.subarray(0, 4 + answers.readInt32BE(0)));
    await collected.untilCount(1);
    assert.equal(collected.events.length, 1);
    client.destroy();
  });

  test('more headers than the limit are answered with an exception, and the connection goes on', async (t) => {
    const { port } = await runThrift(t, { maxHeaders: 2 });
    const client = await ThriftClient.open(t, port);
    await assert.rejects(client.append('x', { a: '1', b: '2', c: '3' }), {
      name: 'ThriftApplicationError',
      type: APPLICATION_ERROR.protocolError,
      message: 'an event with 3 headers: at most 2 are taken',
    });
    await client.append('x', { a: '1', b: '2' });
  });

  test('a frame that does not end in time ends the connection, however its bytes drip', async (t) => {
    const { flow, port } = await runThrift(t, { frameTimeout: '200ms' });
    const idle = await ThriftClient.open(t, port);
    const client = new RawClient(port);
    client.send(Buffer.from([0, 0, 1, 0]));
    const drip = setInterval(() => client.send(Buffer.from([1])), 20);
    t.after(() => clearInterval(drip));
    await client.untilEnded();
    await flow.untilLogged(/a message was not whole after 200 ms/);
    await idle.append('an idle connection is not ended');
    client.destroy();
  });

  test('connections over the limit are closed; there is room again when one ends', async (t) => {
    const { flow, port } = await runThrift(t, { maxConnections: 2 });
    const open = () => flow.counter('source', 'r1', 'OpenConnectionCount');
    const first = new RawClient(port);
    const second = new RawClient(port);
    await until('both are counted', () => open() === 2);
    const third = new RawClient(port);
    await third.untilEnded();
    first.destroy();
    await until('one has gone', () => open() === 1);
    const client = await ThriftClient.open(t, port);
    await client.append('room');
    second.destroy();
    third.destroy();
  });

  test('5,000 connections that begin a call and say no more cost nothing to those that send', async (t) => {
    const { flow, port } = await runThrift(t);
    const clients: RawClient[] = [];
    while (clients.length < 5000) {
      for (let n = 0; n < 500; n++) clients.push(new RawClient(port));
      await until(
        `${clients.length} are there`,
        () => flow.counter('source', 'r1', 'OpenConnectionCount') === clients.length,
      );
    }
    for (const client of clients) client.send(Buffer.from([0, 0]));
    const sender = await ThriftClient.open(t, port);
    for (let n = 0; n < 20; n++) await sender.appendBatch(['x']);
    for (const client of clients) client.destroy();
    await until('all have gone', () => flow.counter('source', 'r1', 'OpenConnectionCount') === 1);
  });
});

describe('thrift: the end', () => {
  test('a stop answers what is under way before it ends the connections', async (t) => {
    const moody = new MoodyChannel(t);
    const { flow, port } = await runThrift(t, {}, moody.channel('c1', 'stall'));
    const client = await ThriftClient.open(t, port);
    const answer = client.appendBatch(['a']);
    await until('the put waits', () => moody.held > 0);
    const stopped = flow.stop(5000);
    await moody.set('accept');
    await answer;
    assert.equal(await stopped, true);
    await until('the connection has ended', () => !client.session.isOpen);
  });

  test('a client that does not read its answers is not read, either', async (t) => {
    const { flow, port } = await runThrift(t);
    const client = new RawClient(port);
    client.socket.pause();
    const requests = fixture('compact-requests.bin');
    const single = requests.subarray(0, 4 + requests.readInt32BE(0));
    const many = Buffer.concat(Array<Buffer>(20_000).fill(single));
    let isWritten = false;
    const write = () => {
      isWritten = false;
      client.socket.write(many, () => {
        isWritten = true;
      });
    };
    write();
    const received = () => flow.counter('source', 'r1', 'EventReceivedCount');
    let most = -1;
    await until(
      'the source reads no more',
      async () => {
        if (isWritten) write();
        const before = most;
        most = received();
        await new Promise((resolve) => setTimeout(resolve, 150));
        return most > 0 && most === before && !isWritten;
      },
      25_000,
    );
    client.destroy();
    const other = await ThriftClient.open(t, port);
    await other.append('others are served');
  });
});
