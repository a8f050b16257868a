/**
 * Deflate and TLS together: Flume up to 1.9 compresses inside TLS, as Millrace does with its own; Flume 1.11
 * puts TLS inside the compression. What a client sends first shows which it is.
 */
import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { constants, inflateSync } from 'node:zlib';
import { RpcClient, RpcError } from '../../src/client.ts';
import { temporaryDirectory } from '../kit/temporary.ts';
import { JavaRpcClient } from '../peers/rpc/index.ts';
import { assertArrived, linesOf, numberedEvents, writeEvents } from './events.ts';
import { Receiver } from './receiver.ts';
import { clientTlsProperties, serverTls } from './stores.ts';

const EVENTS = 100;
const DEFLATE = 'compression-type = deflate';
/** First bytes of a zlib stream with Java's window, and of a TLS record with a handshake. */
const ZLIB = 0x78;
const TLS_HANDSHAKE = 0x16;

/** A server that never answers, and what its first client says. */
async function listener(): Promise<{ port: number; first: Promise<Buffer> }> {
  const { promise: first, resolve } = Promise.withResolvers<Buffer>();
  const server = createServer((socket: Socket) => {
    socket.once('data', (bytes: Buffer) => {
      resolve(bytes);
      socket.destroy();
      server.close();
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: (server.address() as { port: number }).port, first };
}

describe('deflate and TLS together', { timeout: 120_000 }, () => {
  test('Flume 1.11 and Millrace', async (t) => {
    const file = join(temporaryDirectory(), 'events');
    const events = numberedEvents(EVENTS);
    writeEvents(file, events);
    const java = new JavaRpcClient();
    t.after(() => java.end());
    const properties = (port: number) => ({
      hosts: 'h',
      'hosts.h': `127.0.0.1:${port}`,
      'compression-type': 'deflate',
      ...clientTlsProperties('JKS'),
    });

    await t.test("Java's client compresses its TLS records", async () => {
      const { port, first } = await listener();
      const answer = await java.send({ events: file, properties: properties(port) });
      assert.equal(answer.acknowledged, 0);
      const bytes = await first;
      assert.equal(bytes[0], ZLIB);
      const inside = inflateSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
      assert.equal(inside[0], TLS_HANDSHAKE);
    });

    await t.test("Millrace's client compresses inside TLS", async () => {
      const { port, first } = await listener();
      await assert.rejects(RpcClient.open(properties(port)), RpcError);
      assert.equal((await first)[0], TLS_HANDSHAKE);
    });

    await t.test("Millrace's source takes both orders on one port", async (one) => {
      const receiver = await Receiver.start(one, { source: ['type = avro', DEFLATE, ...serverTls('JKS')] });
      assert.deepEqual(await java.send({ events: file, properties: properties(receiver.port) }), {
        acknowledged: EVENTS,
      });
      const client = await RpcClient.open(properties(receiver.port));
      one.after(() => client.close());
      await client.appendBatch(events);
      assertArrived(await receiver.arrived(2 * EVENTS), [...linesOf(events), ...linesOf(events)]);
    });
  });
});
