import { MillraceError, messageOf } from '../../base/errors.ts';
import { withoutKerberos } from '../../component/hop/kerberos.ts';
import { SinkConnection } from '../../component/hop/sink-connection.ts';
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
  readonly #connection: SinkConnection<ThriftSession>;
  /** An encoder holds the frame of its last call: one for each call under way. */
  readonly #encoders: RequestEncoder[] = [];
  #dialer: Dialer | null = null;

  constructor(context: SinkContext, o: OptionsOf<typeof options>) {
    if (o.kerberos) throw withoutKerberos(`sink ${context.name}`, IN_ITS_PLACE);
    this.#context = context;
    this.#options = o;
    this.batchSize = o['batch-size'];
    this.overlap = o['batches-in-flight'];
    this.#connection = new SinkConnection(context, {
      batchSize: this.batchSize,
      resetMs: o['reset-connection-interval'] * 1000,
      open: () => this.#open(),
    });
  }

  /** Tries to connect once; a server that is not there yet is no reason not to start. */
  async start(): Promise<void> {
    const { name } = this.#context;
    const { hostname, port } = this.#options;
    const log = this.#context.log.named(LOGGER);
    this.#dialer = await createDialer(this.#context, this.#options);
    try {
      await this.#connection.connect();
      log.info(`Rpc sink ${name} started.`);
    } catch (error) {
      const client = `Unable to create Rpc client using hostname: ${hostname}, port: ${port}`;
      log.warn(`${client}: ${messageOf(error)}; the next batch tries again`);
    }
  }

  async process(batch: Batch): Promise<void> {
    try {
      await this.#connection.deliver(batch, (session) => this.#send(session, batch));
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** After a failure the encoder is not used again: its frame may be on its way into the connection. */
  async #send(session: ThriftSession, batch: Batch): Promise<void> {
    const { protocol, maxFrameBytes } = this.#options;
    const encoder = this.#encoders.pop() ?? new RequestEncoder(protocol, maxFrameBytes);
    for (let sent = 0; sent < batch.count; ) {
      const call = encoder.batch(batch, sent);
      await session.call(call);
      sent += call.events;
    }
    this.#encoders.push(encoder);
  }

  idle(): void {
    this.#context.counters.add('BatchEmptyCount', 1);
    this.#connection.usable();
  }

  async #open(): Promise<ThriftSession> {
    const o = this.#options;
    const socket = await this.#dialer!.connect(o.hostname, o.port, o['connect-timeout']);
    return new ThriftSession(socket, o.protocol, o['request-timeout']);
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
    this.#connection.leave();
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
