/** An agent with an avro source r1 on a channel c1 whose events are collected, and clients for it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { ClientSession } from '../../../src/wire/avro/client-session.ts';
import { deflateTransport, plainTransport } from '../../../src/wire/avro/transport.ts';
import { batchOf, type EventOf } from '../../kit/editor.ts';
import { Collected, type Flow, runFlow } from '../../kit/flow.ts';

export type Options = Readonly<Record<string, string | number | boolean>>;

export interface Avro {
  readonly flow: Flow;
  readonly collected: Collected;
  readonly port: number;
}

export const MEMORY = `
  channels.c1.type = memory
  channels.c1.capacity = 100000
  channels.c1.transactionCapacity = 100000`;

export async function runAvro(t: TestContext, options: Options = {}, channel = MEMORY): Promise<Avro> {
  const collected = new Collected(t);
  const lines = Object.entries({ type: 'avro', bind: '127.0.0.1', port: 0, channels: 'c1', ...options });
  const flow = await runFlow(
    t,
    `sources = r1
     channels = c1
     sinks = k1
     ${lines.map(([key, value]) => `sources.r1.${key} = ${value}`).join('\n')}
     ${channel}
     ${collected.sink('k1', 'c1', 1000)}`,
    { 'millrace.workers.max': '1' },
  );
  return { flow, collected, port: await flow.port('r1') };
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
