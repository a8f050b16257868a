/** An agent with a thrift source r1 on a channel c1 whose events are collected, and clients of it. */
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { EventEncoder } from '../../../src/client/event-encoder.ts';
import type { FlumeEvent } from '../../../src/component/flume-event.ts';
import { Batch } from '../../../src/memory/block/batch.ts';
import { RequestEncoder } from '../../../src/wire/thrift/requests.ts';
import { ThriftSession } from '../../../src/wire/thrift/session.ts';
import type { ProtocolName } from '../../../src/wire/thrift/types.ts';
import { MEMORY, type RunningSource, runSource, type SourceOptions } from '../../kit/source.ts';

export { MEMORY } from '../../kit/source.ts';
export type Options = SourceOptions;
export type Thrift = RunningSource;

export function runThrift(t: TestContext, options: Options = {}, channel = MEMORY): Promise<Thrift> {
  return runSource(t, { type: 'thrift', bind: '127.0.0.1', ...options }, { channel, batchSize: 1000 });
}

/** A client that may have many calls under way: each has a frame of its own. */
export class ThriftClient {
  readonly session: ThriftSession;
  readonly #encoder: RequestEncoder;
  readonly #events = new EventEncoder();

  private constructor(session: ThriftSession, protocol: ProtocolName) {
    this.session = session;
    // More than a source takes unless told: what it refuses is its to say.
    this.#encoder = new RequestEncoder(protocol, 64 * 1024 * 1024);
  }

  static async open(
    t: Pick<TestContext, 'after'>,
    port: number,
    { protocol = 'compact' as ProtocolName, timeoutMs = 20_000 } = {},
  ): Promise<ThriftClient> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const client = new ThriftClient(new ThriftSession(socket, protocol, timeoutMs), protocol);
    t.after(() => client.session.close());
    return client;
  }

  append(body: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.#call([{ body, headers }], true);
  }

  appendBatch(bodies: readonly string[], headers: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.#call(
      bodies.map((body) => ({ body, headers })),
      false,
    );
  }

  #call(events: readonly FlumeEvent[], single: boolean): Promise<void> {
    // A block an event: together they may be more than one block holds.
    const parts = events.map((event) => this.#events.encode([event]));
    const batch = new Batch(parts.flatMap((part) => part.batch.ranges));
    const call = single ? this.#encoder.single(batch) : this.#encoder.batch(batch, 0);
    for (const { release } of parts) release();
    return this.session.call({ ...call, frame: Buffer.from(call.frame) });
  }
}
