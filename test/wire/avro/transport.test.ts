/** The bytes of a connection, plain and compressed: their order, their end, and how much of them is held. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { duplexPair } from 'node:stream';
import { describe, test } from 'node:test';
import {
  deflateTransport,
  plainTransport,
  type Transport,
  type TransportEvents,
} from '../../../src/wire/avro/transport.ts';
import { until } from '../../kit/until.ts';

class Received implements TransportEvents {
  transport!: Transport;
  readonly chunks: Buffer[] = [];
  /** What had come when the end was told. */
  endedAt = -1;
  isClosed = false;
  /** Stops reading with each chunk, for the test to go on. */
  pauses = false;

  get length(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0);
  }

  bytes(chunk: Buffer): void {
    this.chunks.push(Buffer.from(chunk));
    if (this.pauses) this.transport.pause();
  }

  ended(): void {
    this.endedAt = this.length;
  }

  closed(): void {
    this.isClosed = true;
  }
}

type Kind = 'plain' | 'deflate';

/** Two ends of one connection. */
function pair(kind: Kind): [Received, Received] {
  const ends: [Received, Received] = [new Received(), new Received()];
  for (const [n, stream] of duplexPair().entries()) {
    const end = ends[n as 0 | 1];
    end.transport =
      kind === 'plain'
        ? plainTransport((receive) => stream.on('data', receive), end)
        : deflateTransport(stream, 6, end, 'in');
  }
  return ends;
}

for (const kind of ['plain', 'deflate'] as const) {
  describe(`transport, ${kind}`, () => {
    test('the end is told behind the last byte, also to a reader that stops with each chunk', async () => {
      const [client, server] = pair(kind);
      server.pauses = true;
      // Compresses well: a few bytes on the way become many.
      const sent = Buffer.concat([Buffer.alloc(2_000_000, 'x'), randomBytes(1000)]);
      client.transport.write(sent);
      client.transport.end();
      while (server.length < sent.length) {
        const before = server.length;
        server.transport.resume();
        await until('the next chunk', () => server.length > before);
      }
      server.transport.resume();
      await until('the end', () => server.endedAt >= 0);
      assert.equal(server.endedAt, sent.length);
      assert.ok(Buffer.concat(server.chunks).equals(sent));
    });

    test('what is not read is held to some hundred kilobytes, and the sender told to wait', async () => {
      const [client, server] = pair(kind);
      server.pauses = true;
      const piece = randomBytes(64 * 1024);
      let pieces = 0;
      const fill = () => {
        while (client.transport.waiting < 1_000_000 && pieces < 1000) {
          client.transport.write(piece);
          pieces++;
        }
      };
      fill();
      await until('the first chunk', () => server.length > 0);
      await new Promise((resolve) => setImmediate(resolve));
      fill();
      assert.ok(client.transport.waiting >= 1_000_000, `${pieces} pieces went through`);
      server.pauses = false;
      server.transport.resume();
      await until('all of it', () => server.length === pieces * piece.length);
      assert.equal(client.transport.waiting, 0);
    });

    test('a connection that goes tells both ends, once', async () => {
      const [client, server] = pair(kind);
      client.transport.write(Buffer.from('x'));
      await until('a byte', () => server.length === 1);
      server.transport.destroy();
      client.transport.destroy();
      await until('both know', () => server.isClosed && client.isClosed);
    });
  });
}
