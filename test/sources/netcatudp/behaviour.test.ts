/** Datagrams: what is an event, what is dropped, and what is told of it. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { describe, type TestContext, test } from 'node:test';
import { MoodyChannel, runFlow } from '../../kit/flow.ts';
import { MEMORY, type RunningSource, runSource } from '../../kit/source.ts';
import { until } from '../../kit/until.ts';

interface Udp extends RunningSource {
  readonly socket: Socket;
  send(...datagrams: (string | Buffer)[]): Promise<void>;
}

async function runUdp(
  t: TestContext,
  options: Readonly<Record<string, string>> = {},
  channel = MEMORY,
): Promise<Udp> {
  const all = { type: 'netcatudp', bind: '127.0.0.1', ...options };
  const { flow, collected, port } = await runSource(t, all, { channel });
  const host = options.bind ?? '127.0.0.1';
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  t.after(() => socket.close());
  const send = async (...datagrams: (string | Buffer)[]) => {
    for (const datagram of datagrams) {
      await new Promise<void>((resolve, reject) => {
        socket.send(datagram, port, host, (error) => (error === null ? resolve() : reject(error)));
      });
    }
  };
  return { flow, collected, port, socket, send };
}

describe('netcatudp: events', { concurrency: 4 }, () => {
  const large = 'x'.repeat(60_000);
  const rows: readonly (readonly [what: string, datagram: string | Buffer, body: string | Buffer])[] = [
    ['a line', 'one\n', 'one'],
    ['a text without a line end', 'Lorem ipsum dolor sit amet.', 'Lorem ipsum dolor sit amet.'],
    ['what comes after the first line end is dropped', 'first\nsecond\n', 'first'],
    ['a line end alone', '\n', ''],
    ['a carriage return stays', 'dos\r\n', 'dos\r'],
    ['no byte at all', '', ''],
    ['bytes are not decoded', Buffer.from('00ff80c30a', 'hex'), Buffer.from('00ff80c3', 'hex')],
    ['a datagram of a thousand bytes', 'x'.repeat(1000), 'x'.repeat(1000)],
    ['as much as a datagram holds', large, large],
  ];

  test('one datagram is one event, its bytes up to the first line end', async (t) => {
    const { collected, send } = await runUdp(t);
    for (const [n, [what, datagram, body]] of rows.entries()) {
      await send(datagram);
      await collected.untilCount(n + 1);
      const { body: found, headers } = collected.events[n]!;
      assert.ok(Buffer.from(found, 'latin1').equals(Buffer.from(body as string)), what);
      assert.equal(headers.size, 0, `${what}: no header without remoteAddress`);
    }
    assert.equal(collected.events.length, rows.length);
  });

  for (const key of ['remoteAddress', 'remoteAddressHeader']) {
    test(`${key} names the header with the sender’s address, as Java writes it`, async (t) => {
      const { collected, send, socket } = await runUdp(t, { [key]: 'from' });
      await send('a\n', 'b\n');
      await collected.untilCount(2);
      const from = `/127.0.0.1:${socket.address().port}`;
      for (const { headers } of collected.events) assert.deepEqual([...headers], [['from', from]]);
    });
  }

  test('IPv6 addresses are listened on, too', async (t) => {
    const { collected, send } = await runUdp(t, { bind: '::1', remoteAddress: 'from' });
    await send('six\n');
    await collected.untilCount(1);
    assert.equal(collected.bodies[0], 'six');
    assert.match(collected.events[0]!.headers.get('from')!, /::1.*:\d+$/);
  });

  test('large datagrams in one burst come out each, whole', async (t) => {
    const { collected, send } = await runUdp(t);
    for (let burst = 0; burst < 4; burst++) {
      await send(...Array.from({ length: 2 }, (_, n) => `${burst * 2 + n}:${large.slice(10)}\n`));
      await collected.untilCount((burst + 1) * 2);
    }
    for (const [n, body] of collected.bodies.entries()) assert.ok(body === `${n}:${large.slice(10)}`);
  });

  test('the source has no counter group in the metrics, as in Flume', async (t) => {
    const { flow } = await runUdp(t);
    const registered = flow.agent.counterGroups().filter((group) => group.registered);
    assert.deepEqual(
      registered.map((group) => group.type),
      ['CHANNEL', 'SINK'],
    );
  });
});

describe('netcatudp: no room', { concurrency: 4 }, () => {
  test('what the channel refuses is lost; the log tells how much, all of it, and it goes on', async (t) => {
    const moody = new MoodyChannel(t);
    const { flow, collected, send } = await runUdp(t, {}, moody.channel('c1', 'refuse'));
    const DROPPED = 30;
    await send('lost first\n');
    const { level, text } = await flow.untilLogged(/dropped/);
    assert.equal(level, 'warn');
    assert.match(text, /source r1: 1 datagram was dropped, the channel had no room \(give it more capacity/);
    for (let n = 1; n < DROPPED; n++) await send(`lost ${n}\n`);
    const told = () =>
      flow.logs
        .map((record) => /source r1: (\d+) datagrams? (?:was|were) dropped/.exec(record.text)?.[1] ?? '0')
        .reduce((sum, count) => sum + Number(count), 0);
    await until('every drop is told', () => told() === DROPPED);
    const lines = flow.logs.filter((record) => /dropped/.test(record.text)).length;
    assert.ok(lines <= 3, `${lines} lines tell of it`);
    await moody.set('accept');
    await send('taken\n');
    await collected.untilCount(1);
    assert.deepEqual(collected.bodies, ['taken']);
  });

  test('a full memory channel keeps the first datagrams, and the rest is told at the stop at the latest', async (t) => {
    const { flow, send } = await runUdp(
      t,
      {},
      `channels.c1.type = memory
       channels.c1.capacity = 5
       channels.c1.transactionCapacity = 5
       channels.c1.keep-alive = 0
       sinks.k1.failures = -1`,
    );
    for (let n = 0; n < 12; n++) await send(`d${n}\n`);
    await until('all were tried', () => flow.counter('channel', 'c1', 'EventPutAttemptCount') >= 12);
    await until('five are kept', () => flow.counter('channel', 'c1', 'ChannelSize') === 5);
    await flow.stop(50);
    const told = flow.logs
      .map((record) => /source r1: (\d+) datagrams? (?:was|were) dropped/.exec(record.text)?.[1] ?? '0')
      .reduce((sum, count) => sum + Number(count), 0);
    assert.equal(told, 7);
  });
});

describe('netcatudp: port', { concurrency: 4 }, () => {
  test('a port in use is told with option and remedy; the source starts once it is free', async (t) => {
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => other.bind(0, '127.0.0.1', resolve));
    const { port } = other.address();
    const flow = await runFlow(
      t,
      `sources = r1
       channels = c1
       sources.r1.type = netcatudp
       sources.r1.bind = 127.0.0.1
       sources.r1.port = ${port}
       sources.r1.channels = c1
       channels.c1.type = memory`,
    );
    const { text } = await flow.untilLogged(`source r1 cannot listen on 127.0.0.1:${port}`);
    assert.match(text, /EADDRINUSE.*\(choose a free port/);
    await new Promise<void>((resolve) => other.close(resolve));
    await until('the source runs', () => flow.status('source', 'r1').state === 'running');
    await flow.stop();
    const again = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      again.once('error', reject);
      again.bind(port, '127.0.0.1', resolve);
    });
    await new Promise<void>((resolve) => again.close(resolve));
  });
});
