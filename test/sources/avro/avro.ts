/** An agent with an avro source r1 on a channel c1 whose events are collected, and clients for it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { ClientSession } from '../../../src/wire/avro/client-session.ts';
import { deflateTransport, plainTransport } from '../../../src/wire/avro/transport.ts';
import { batchOf, type EventOf } from '../../kit/editor.ts';
import { MEMORY, type RunningSource, runSource, type SourceOptions } from '../../kit/source.ts';

export { MEMORY } from '../../kit/source.ts';
export type Options = SourceOptions;
export type Avro = RunningSource;

export function runAvro(t: TestContext, options: Options = {}, channel = MEMORY): Promise<Avro> {
  return runSource(t, { type: 'avro', bind: '127.0.0.1', ...options }, { channel, batchSize: 1000 });
}

export interface ClientOptions {
  readonly deflate?: number;
  readonly requestTimeoutMs?: number;
}

export async function connectClient(port: number, options: ClientOptions = {}): Promise<ClientSession> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const { deflate, requestTimeoutMs = 10_000 } = options;
  return await ClientSession.open(
    (events) =>
      deflate === undefined
        ? plainTransport((receive) => socket.on('data', receive), events)
        : deflateTransport(socket, deflate, events),
    { requestTimeoutMs, connectTimeoutMs: 10_000 },
  );
}

export function rangesOf(events: readonly EventOf[]) {
  return batchOf(events).ranges;
}

export function bodiesRanges(bodies: readonly string[]) {
  return rangesOf(bodies.map((body): EventOf => [{}, body]));
}
