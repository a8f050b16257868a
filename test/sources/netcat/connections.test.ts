/** Netcat: many clients, slow ones, idle ones, and how their connections end. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { MoodyChannel } from '../../kit/flow.ts';
import { LineClient } from '../../kit/lines.ts';
import { until } from '../../kit/until.ts';
import { RawClient } from '../raw-client.ts';
import { runNetcat } from './netcat.ts';

const DESCRIPTORS = '/proc/self/fd';

/** Open descriptors of this process; 0 where the system does not tell. */
function descriptors(): number {
  return existsSync(DESCRIPTORS) ? readdirSync(DESCRIPTORS).length : 0;
}

/** A line and its answer over a connection of its own. */
async function visit(port: number, line: string, reset: boolean): Promise<void> {
  const client = new RawClient(port);
  client.send(`${line}\n`);
  await new Promise<void>((resolve, reject) => {
    client.socket.once('data', (answer: Buffer) => {
      if (answer.toString() === 'OK\n') resolve();
      else reject(new Error(`answered ${answer}`));
    });
    client.socket.once('error', reject);
  });
  const closed = new Promise((resolve) => client.socket.once('close', resolve));
  if (reset) client.socket.resetAndDestroy();
  else client.socket.end();
  await closed;
}

describe('netcat: many connections', () => {
  test('ten thousand connections one after another: each is answered, and no descriptor is kept', async (t) => {
    const { port, collected } = await runNetcat(t);
    const CONNECTIONS = 10_000;
    const AT_ONCE = 20;
    await visit(port, 'first', false);
    const before = descriptors();
    let next = 0;
    let most = 0;
    const visitor = async (): Promise<void> => {
      while (next < CONNECTIONS) {
        const n = next++;
        await visit(port, `l${n}`, n % 2 === 0);
        if (n % 500 === 0) most = Math.max(most, descriptors());
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, visitor));
    await collected.untilCount(CONNECTIONS + 1);
    assert.equal(new Set(collected.bodies).size, CONNECTIONS + 1);
    await until('the descriptors are given back', () => descriptors() <= before + 5);
    // Both ends of each connection are in this process; the far end closes a moment later.
    assert.ok(most <= before + 6 * AT_ONCE, `${most} descriptors were open, ${before} before`);
  });

  test('two hundred clients at once: each gets all its answers, and its lines come out in order', async (t) => {
    const { port, collected } = await runNetcat(t);
    const CLIENTS = 200;
    const LINES = 100;
    const clients = Array.from({ length: CLIENTS }, () => new LineClient(port));
    clients.forEach((client, c) => {
      client.send(Array.from({ length: LINES / 2 }, (_, n) => `${c}:${n}`));
    });
    clients.forEach((client, c) => {
      client.send(Array.from({ length: LINES / 2 }, (_, n) => `${c}:${n + LINES / 2}`));
    });
    for (const client of clients) {
      assert.deepEqual(await client.untilLines(LINES), Array(LINES).fill('OK'));
      client.end();
    }
    await collected.untilCount(CLIENTS * LINES);
    const seen = Array<number>(CLIENTS).fill(0);
    for (const body of collected.bodies) {
      const [c, n] = body.split(':').map(Number) as [number, number];
      assert.equal(n, seen[c], `line of client ${c}`);
      seen[c]!++;
    }
    assert.equal(collected.events.length, CLIENTS * LINES);
  });

  test('beyond maxConnections a client is closed at once; it is let in when another has gone', async (t) => {
    const { port, flow } = await runNetcat(t, [{ maxConnections: 2 }]);
    const [one, two] = [new RawClient(port), new RawClient(port)];
    one.send('a\n');
    two.send('b\n');
    await one.untilText('OK\n');
    await two.untilText('OK\n');
    const third = new RawClient(port);
    await third.untilEnded();
    assert.equal(third.text, '');
    const told = await flow.untilLogged('source r1: a connection was closed at once: 2 are open');
    assert.match(told.text, /maxConnections allows \(raise it, or set idleTimeout/);
    one.send('c\n');
    await one.untilText('OK\nOK\n');
    one.destroy();
    await until('a new client is served', async () => {
      const client = new RawClient(port);
      client.send('d\n');
      const text = await client.untilText('OK\n');
      client.destroy();
      return text === 'OK\n';
    });
    third.destroy();
    two.destroy();
  });
});

/** Writes chunk after chunk as fast as the connection takes them, and counts what went out. */
class Flood {
  readonly client: RawClient;
  bytes = 0;

  constructor(port: number, chunk: Buffer) {
    this.client = new RawClient(port);
    this.client.socket.pause();
    const write = () => {
      this.client.socket.write(chunk, (error) => {
        if (error) return;
        this.bytes += chunk.length;
        write();
      });
    };
    write();
  }
}

/** As many turns as prove that a connection does not move: questions and answers of another client. */
async function roundTrips(port: number, count: number): Promise<void> {
  const client = new LineClient(port);
  for (let n = 1; n <= count; n++) {
    client.send(['x']);
    assert.equal((await client.untilLines(n)).length, n);
  }
  client.end();
}

describe('netcat: clients that do not keep up', () => {
  for (const mood of ['accept', 'refuse'] as const) {
    test(`a client that never reads its answers is not read any more; others go on (${mood})`, async (t) => {
      const moody = new MoodyChannel(t);
      const line = mood === 'accept' ? '\n' : `${'y'.repeat(99)}\n`;
      const { port, flow } = await runNetcat(t, [{}], moody.channel('c1', mood), true);
      const rssBefore = process.memoryUsage().rss;
      const flood = new Flood(port, Buffer.from(line.repeat(65_536 / line.length)));
      let before = -1;
      await until('the source reads no more', async () => {
        const stands = flood.bytes === before;
        before = flood.bytes;
        await roundTrips(port, 50);
        return stands;
      });
      await roundTrips(port, 100);
      assert.equal(flood.bytes, before);
      const grown = (process.memoryUsage().rss - rssBefore) / 1024 / 1024;
      assert.ok(grown < 150, `${grown.toFixed()} MiB more are used`);
      flood.client.socket.resume();
      await until('it is read again once it reads', () => flood.bytes > before);
      flood.client.destroy();
      await flow.stop(50);
    });
  }

  test('a client whose lines the channel leaves unanswered is not read without end', async (t) => {
    const moody = new MoodyChannel(t);
    const { port, flow } = await runNetcat(t, [{}], moody.channel('c1', 'stall'));
    const flood = new Flood(port, Buffer.from('some line\n'.repeat(6000)));
    let before = -1;
    await until('the source reads no more', async () => {
      const stands = flood.bytes === before && flood.bytes > 0;
      before = flood.bytes;
      for (let n = 0; n < 50; n++) await new Promise((resolve) => setImmediate(resolve));
      return stands;
    });
    const held = await until('puts that wait', () => moody.held);
    assert.ok(held <= 64, `${held} puts wait`);
    flood.client.destroy();
    await flow.stop(50);
  });
});

describe('netcat: idleTimeout', () => {
  test('a connection on which nothing comes is closed, also when the client keeps its side open', async (t) => {
    const { port } = await runNetcat(t, [{ idleTimeout: '150ms', maxConnections: 2 }]);
    const idle = new RawClient(port);
    idle.send('a\nunfinished');
    await idle.untilText('OK\n');
    const active = new LineClient(port);
    let sent = 0;
    await until('the idle one is ended', async () => {
      active.send(['x']);
      await active.untilLines(++sent);
      return idle.ended;
    });
    assert.equal(active.closed, false);
    assert.equal(idle.text, 'OK\n');
    await until('its place is free', async () => {
      active.send(['x']);
      await active.untilLines(++sent);
      const client = new RawClient(port);
      client.send('b\n');
      const text = await client.untilText('OK\n');
      client.destroy();
      return text !== '';
    });
    active.end();
    idle.destroy();
  });

  test('a client that waits for the channel’s answer is not idle', async (t) => {
    const moody = new MoodyChannel(t);
    const { port } = await runNetcat(t, [{ idleTimeout: '100ms' }], moody.channel('c1', 'stall'));
    const waiting = new RawClient(port);
    waiting.send('a\n');
    await until('the put waits', () => moody.held > 0);
    // Two of these come and go one after the other: more than the idle time has passed by then.
    for (let n = 0; n < 2; n++) {
      const idle = new RawClient(port);
      await idle.untilEnded();
      idle.destroy();
    }
    assert.equal(waiting.ended, false);
    await moody.set('accept');
    await waiting.untilEnded();
    assert.equal(waiting.text, 'OK\n');
    waiting.destroy();
  });
});

describe('netcat: stop', () => {
  test('clients get the answers to what was put, the end, and the port is free', async (t) => {
    const { port, flow, collected } = await runNetcat(t);
    const clients = Array.from({ length: 5 }, () => new RawClient(port));
    for (const client of clients) client.send('a\nb\nrest');
    for (const client of clients) await client.untilText('OK\nOK\n');
    const began = Date.now();
    assert.equal(await flow.stop(), true);
    assert.ok(Date.now() - began < 1500, `stopped after ${Date.now() - began} ms`);
    for (const client of clients) {
      await client.untilEnded();
      assert.equal(client.text, 'OK\nOK\n');
      client.destroy();
    }
    assert.equal(collected.events.length, 10);
    const late = new RawClient(port);
    await late.untilClosed();
    assert.match(String(late.error), /ECONNREFUSED/);
  });
});
