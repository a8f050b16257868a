/** Peers that mean no good, or are broken: each is bounded and harms nobody else. */
import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, type TestContext, test } from 'node:test';
import { parseOptions } from '../../../src/component/options/parse.ts';
import { createTlsFront } from '../../../src/component/tls/front.ts';
import { TLS_LIMITS } from '../../../src/component/tls/limits.ts';
import { serverTlsOptions } from '../../../src/component/tls/options.ts';
import { until } from '../../kit/until.ts';
import { contextOf, dialer, greet, HOST, listen, SERVER } from './kit.ts';

/** The head of a handshake record that announces more than ever comes. */
const HALF_HELLO = Buffer.from('16030100f8010000f40303', 'hex');

/** A plain connection, and whether the server has ended it. */
async function raw(t: TestContext, port: number): Promise<{ socket: Socket; ended: Promise<void> }> {
  const socket = connect(port, HOST);
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.resume();
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return { socket, ended };
}

describe('hostile peers', { concurrency: 4 }, () => {
  test('a client that stops in the middle of the handshake is dropped in time', async (t) => {
    const { port, log, sockets } = await listen(t, {}, { handshakeMs: 200 });
    const { socket, ended } = await raw(t, port);
    socket.write(HALF_HELLO);
    assert.equal(await greet(await dialer(t), port), 'hello', 'others are served meanwhile');
    await ended;
    assert.match(log.texts('warn').join(), /TLS handshake with 127\.0\.0\.1 failed: it was not over in time/);
    assert.equal(sockets.length, 1, 'it never reached the source');
  });

  test('a client that says nothing at all is dropped in time', async (t) => {
    const { port } = await listen(t, {}, { handshakeMs: 200 });
    await (await raw(t, port)).ended;
  });

  test('plain text to a TLS port is answered by an end, and told', async (t) => {
    for (const text of ['GET / HTTP/1.1\r\n\r\n', 'hello\n', '\0\0\0\x01\0\0\0\x02', 'x'.repeat(100_000)]) {
      const { port, log, sockets } = await listen(t);
      const { socket, ended } = await raw(t, port);
      socket.write(text);
      await ended;
      assert.match(log.texts('warn').join(), /does not speak TLS/, text.slice(0, 20));
      assert.equal(sockets.length, 0);
      assert.equal(await greet(await dialer(t), port), 'hello');
    }
  });

  test('a client that goes away in the handshake is not worth a line', async (t) => {
    const { port, log } = await listen(t);
    const { socket, ended } = await raw(t, port);
    socket.destroy();
    await ended;
    assert.equal(await greet(await dialer(t), port), 'hello');
    assert.deepEqual(log.texts('warn'), []);
  });

  test('of too many handshakes under way the oldest end, and a client that means it is served', async (t) => {
    const { port, log } = await listen(t, {}, { handshakesMax: 50 });
    const idle = await Promise.all(Array.from({ length: 200 }, () => raw(t, port)));
    await until('150 were dropped', () => idle.filter(({ socket }) => socket.closed).length === 150);
    assert.equal(await greet(await dialer(t), port), 'hello');
    assert.match(log.texts('warn').join(), /more than 50 handshakes are under way/);
  });

  test('the same where something lies between TCP and TLS: those are bounded and ended, too', async (t) => {
    const { values } = parseOptions(serverTlsOptions, { ssl: 'true', ...SERVER }, { component: 'x' });
    const context = contextOf('r1');
    const beneath: Duplex[] = [];
    const limits = { ...TLS_LIMITS, handshakesMax: 5 };
    const front = await createTlsFront(context, values, () => {}, limits);
    const server = createServer((tcp) => {
      const [here, there] = duplexPair();
      tcp.pipe(there).pipe(tcp);
      tcp.on('error', () => {}).once('close', () => here.destroy());
      beneath.push(here);
      front.secure(tcp, here);
    });
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
    t.after(() => server.close());
    const { port } = server.address() as { port: number };
    const idle = await Promise.all(Array.from({ length: 20 }, () => raw(t, port)));
    await until('15 were dropped', () => idle.filter(({ socket }) => socket.closed).length === 15);
    assert.equal(front.pending, 5);
    assert.match(context.log.texts('warn').join(), /with 127\.0\.0\.1 failed: more than 5 handshakes/);
    front.close();
    await Promise.all(idle.map(({ ended }) => ended));
    assert.equal(beneath.length, 20);
  });

  test('failures are told once in a while, with their number', async (t) => {
    const { port, log, clock } = await listen(t);
    const shout = async () => {
      const { socket, ended } = await raw(t, port);
      socket.write('hello\n');
      await ended;
    };
    for (let i = 0; i < 5; i++) await shout();
    assert.equal(log.texts('warn').length, 1);
    clock.nowMs += TLS_LIMITS.complaintMs;
    await shout();
    const [, second] = log.texts('warn');
    assert.match(second!, /\(and 4 more failed handshakes since the last report\)$/);
  });

  test('nothing is left of handshakes, however they end; close ends those under way', async (t) => {
    const { values } = parseOptions(serverTlsOptions, { ssl: 'true', ...SERVER }, { component: 'x' });
    const secured: Socket[] = [];
    const limits = { ...TLS_LIMITS, handshakeMs: 300 };
    const front = await createTlsFront(contextOf('r1'), values, (socket) => secured.push(socket), limits);
    const server = createServer((socket) => front.secure(socket));
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
    t.after(() => server.close());
    const { port } = server.address() as { port: number };
    const made = await dialer(t);
    const good = await made.connect(HOST, port, 5000);
    const [stalled, shouting, leaving] = await Promise.all([raw(t, port), raw(t, port), raw(t, port)]);
    stalled!.socket.write(HALF_HELLO);
    shouting!.socket.write('hello\n');
    leaving!.socket.destroy();
    await Promise.all([stalled!.ended, shouting!.ended, leaving!.ended]);
    await until('no handshake is under way', () => front.pending === 0);
    assert.equal(secured.length, 1);
    const late = await raw(t, port);
    await until('it is under way', () => front.pending === 1);
    front.close();
    await late.ended;
    assert.equal(front.pending, 0);
    assert.equal(secured[0]!.destroyed, false, 'a connection that stands is its owner’s');
    good.destroy();
    secured[0]!.destroy();
  });
});
