import { MillraceError, messageOf } from '../../base/errors.ts';
import { withoutKerberos } from '../../component/hop/kerberos.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { Sink, SinkContext } from '../../component/sink.ts';
import { createDialer, type Dialer } from '../../component/tls/client.ts';
import type { Batch } from '../../memory/block/batch.ts';
import {
  ThriftApplicationError,
  ThriftConnectionError,
  ThriftProtocolError,
  ThriftStatusError,
  ThriftTimeoutError,
} from '../../wire/thrift/errors.ts';
import { RequestEncoder } from '../../wire/thrift/requests.ts';
import { ThriftSession } from '../../wire/thrift/session.ts';
import type { options } from './index.ts';

const LOGGER = 'org.apache.flume.sink.ThriftSink';

export function create(context: SinkContext): Sink {
  return new ThriftSink(context, context.options as OptionsOf<typeof options>);
}

class ThriftSink implements Sink {
  readonly batchSize: number;
  readonly overlap: number;
  readonly #context: SinkContext;
  readonly #options: OptionsOf<typeof options>;
  readonly #resetMs: number;
  /** An encoder holds the frame of its last call: one for each call under way. */
  readonly #encoders: RequestEncoder[] = [];
  #dialer: Dialer | null = null;
  #session: ThriftSession | null = null;
  /** The connection that is being made, for all batches that wait for it. */
  #connecting: Promise<ThriftSession> | null = null;
  #connectedMs = 0;

  constructor(context: SinkContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
    this.batchSize = o['batch-size'];
    this.#resetMs = o['reset-connection-interval'] * 1000;
    this.overlap = o['batches-in-flight'];
    if (o.kerberos) throw withoutKerberos(`sink ${context.name}`, IN_ITS_PLACE);
  }

  /** Tries to connect once; a server that is not there yet is no reason not to start. */
  async start(): Promise<void> {
    const { name } = this.#context;
    const { hostname, port } = this.#options;
    const log = this.#context.log.named(LOGGER);
    this.#dialer = await createDialer(this.#context, this.#options);
    try {
      await this.#connect();
      log.info(`Rpc sink ${name} started.`);
    } catch (error) {
      const client = `Unable to create Rpc client using hostname: ${hostname}, port: ${port}`;
      log.warn(`${client}: ${messageOf(error)}; the next batch tries again`);
    }
  }

  async process(batch: Batch): Promise<void> {
    const { counters } = this.#context;
    counters.add(batch.count < this.batchSize ? 'BatchUnderflowCount' : 'BatchCompleteCount', 1);
    counters.add('EventDrainAttemptCount', batch.count);
    const { protocol, maxFrameBytes } = this.#options;
    const encoder = this.#encoders.pop() ?? new RequestEncoder(protocol, maxFrameBytes);
    let session: ThriftSession | null = null;
    try {
      session = await this.#connected();
      for (let sent = 0; sent < batch.count; ) {
        const call = encoder.batch(batch, sent);
        await session.call(call);
        sent += call.events;
      }
    } catch (error) {
      // Its frame may still be on its way into the connection: the encoder is not used again.
      counters.add('EventWriteFail', 1);
      // Another batch may have replaced it already.
      if (session !== null && session === this.#session) this.#disconnect();
      throw this.#explained(error);
    }
    this.#encoders.push(encoder);
    counters.add('EventDrainSuccessCount', batch.count);
  }

  idle(): void {
    this.#context.counters.add('BatchEmptyCount', 1);
  }

  async #connected(): Promise<ThriftSession> {
    const session = this.#session;
    if (session !== null) {
      const isDue = this.#resetMs > 0 && this.#context.clock.now() - this.#connectedMs >= this.#resetMs;
      if (session.isOpen && !isDue) return session;
      this.#disconnect();
    }
    return await this.#connect();
  }

  #connect(): Promise<ThriftSession> {
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async #open(): Promise<ThriftSession> {
    const { hostname, port, protocol } = this.#options;
    const { counters, clock } = this.#context;
    let session: ThriftSession;
    try {
      const socket = await this.#dialer!.connect(hostname, port, this.#options['connect-timeout']);
      session = new ThriftSession(socket, protocol, this.#options['request-timeout']);
    } catch (error) {
      counters.add('ConnectionFailedCount', 1);
      throw error;
    }
    counters.add('ConnectionCreatedCount', 1);
    this.#session = session;
    this.#connectedMs = clock.now();
    return session;
  }

  #disconnect(): void {
    if (this.#session === null) return;
    this.#session.finish();
    this.#session = null;
    this.#context.counters.add('ConnectionClosedCount', 1);
  }

  #explained(error: unknown): unknown {
    if (error instanceof MillraceError && error.code === 'SINK_FAILED') return error;
    const { name } = this.#context;
    const { hostname, port } = this.#options;
    const target = `${hostname}:${port}`;
    const what = `sink ${name} could not deliver a batch to ${target}: ${messageOf(error)}`;
    const remedy = remedyOf(error);
    const text = remedy === undefined ? what : `${what} (${remedy})`;
    return new MillraceError('SINK_FAILED', text, {
      component: `sink ${name}`,
      value: target,
      cause: error,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }

  stop(): void {
    this.#dialer?.close();
    this.#disconnect();
  }
}

const LOG = 'see the log of the other agent';

/** What an operator can do. */
function remedyOf(error: unknown): string | undefined {
  if (error instanceof MillraceError) return error.detail.remedy;
  if (error instanceof ThriftStatusError)
    return `${LOG}: its channel is full, or cannot take a batch of this size`;
  if (error instanceof ThriftTimeoutError) return 'see whether the other agent keeps up';
  if (error instanceof ThriftConnectionError) {
    return `${LOG}: protocol and ssl must be the same on both sides, and it may want a client certificate (keystore)`;
  }
  if (error instanceof ThriftProtocolError) return 'see that hostname and port are those of a thrift source';
  return error instanceof ThriftApplicationError ? LOG : undefined;
}

const IN_ITS_PLACE = 'use ssl, with a keystore where the server asks who this agent is, or keep Flume for it';
