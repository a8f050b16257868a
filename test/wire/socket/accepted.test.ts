import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { readInto } from '../../../src/wire/socket/accepted.ts';
import { until } from '../../kit/until.ts';

interface Pair {
  readonly client: Socket;
  readonly accepted: Socket;
  /** The socket that goes on. */
  readonly socket: Socket;
  /** Where the chunks lay, and what they held. */
  readonly memory: Set<ArrayBufferLike>;
  text(): string;
}

async function pair(t: TestContext): Promise<Pair> {
  const { promise, resolve } = Promise.withResolvers<Pair>();
  const client = new Promise<Socket>((done) => {
    const server = createServer({ allowHalfOpen: true }, async (accepted) => {
      const memory = new Set<ArrayBufferLike>();
      let text = '';
      const socket = readInto(accepted, (chunk) => {
        memory.add(chunk.buffer);
        text += chunk.toString('latin1');
      });
      socket.on('error', () => {});
      t.after(() => socket.destroy());
      resolve({ client: await client, accepted, socket, memory, text: () => text });
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => done(socket));
      t.after(() => {
        socket.destroy();
        server.close();
      });
    });
  });
  return await promise;
}

describe('avro: accepted connections in memory that is used again', () => {
  test('all chunks of all connections lie in the same memory, and nothing is lost', async (t) => {
    const pairs = [await pair(t), await pair(t)];
    for (const [n, { client, text }] of pairs.entries()) {
      for (let k = 0; k < 5; k++) {
        client.write(`${n}`.repeat(100_000));
        await until('it is read', () => text().length === (k + 1) * 100_000);
      }
      assert.equal(text(), `${n}`.repeat(500_000));
    }
    const memory = new Set(pairs.flatMap((one) => [...one.memory]));
    assert.equal(memory.size, 1);
  });

  test('answers, both addresses and both ends are those of the connection', async (t) => {
    const { client, socket, accepted, text } = await pair(t);
    assert.notEqual(socket, accepted);
    assert.equal(socket.remotePort, client.localPort);
    const closed = Promise.all([once(client, 'close'), once(socket, 'close')]);
    client.end('question');
    await once(socket, 'end');
    assert.equal(text(), 'question');
    const answer = once(client, 'data');
    socket.end('answer');
    assert.equal(String((await answer)[0]), 'answer');
    await closed;
  });

  test('paused, it is not read; resumed, it goes on', async (t) => {
    const { client, socket, text } = await pair(t);
    socket.pause();
    client.write('x'.repeat(20_000_000));
    await until('the system’s buffers are full', () => client.writableLength > 0);
    const before = text().length;
    await new Promise(setImmediate);
    assert.equal(text().length, before);
    socket.resume();
    await until('all is read', () => text().length === 20_000_000);
  });

  test('a reset is an error of the socket that goes on', async (t) => {
    const { client, socket } = await pair(t);
    client.resetAndDestroy();
    await until('it is closed', () => socket.closed);
  });
});
