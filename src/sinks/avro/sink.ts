/**
 * One connection, one call a batch; the next call is on its way while the one before is answered. A batch is
 * done when the source has answered OK; whatever else happens retires the connection, so that the next
 * attempt begins with a new one. Calls that are under way on it are still answered.
 */
import { MillraceError, messageOf } from '../../base/errors.ts';
import { createHopDialer, type HopDialer } from '../../component/hop/avro-dialer.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { Sink, SinkContext } from '../../component/sink.ts';
import type { Batch } from '../../memory/block/batch.ts';
import type { ClientSession } from '../../wire/avro/client-session.ts';
import { AvroRpcError } from '../../wire/avro/errors.ts';
import type { options } from './index.ts';

export function create(context: SinkContext): Sink {
  return new AvroSink(context, context.options as OptionsOf<typeof options>);
}

class AvroSink implements Sink {
  readonly batchSize: number;
  readonly overlap: number;
  readonly #context: SinkContext;
  readonly #options: OptionsOf<typeof options>;
  readonly #resetMs: number;
  #dialer: HopDialer | null = null;
  #session: ClientSession | null = null;
  /** The connection that is being made, for all batches that wait for it. */
  #connecting: Promise<ClientSession> | null = null;
  /** The call before, where calls are made one after another. */
  #last: Promise<void> = Promise.resolve();
  /** When the connection has had its time. */
  #resetAtMs = Number.POSITIVE_INFINITY;

  constructor(context: SinkContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
    this.batchSize = o['batch-size'];
    this.overlap = o['batches-in-flight'] ?? IN_FLIGHT_DEFAULT;
    this.#resetMs = o['reset-connection-interval'] * 1000;
  }

  async start(): Promise<void> {
    const o = this.#options;
    this.#dialer = await createHopDialer(this.#context, {
      component: `sink ${this.#context.name}`,
      tls: o,
      compressionLevel: o['compression-type'] === 'deflate' ? o['compression-level'] : null,
      connectTimeoutMs: o['connect-timeout'],
      requestTimeoutMs: o['request-timeout'],
    });
    try {
      await this.#connect();
    } catch (error) {
      const { hostname, port } = this.#options;
      const client = `Unable to create avro client using hostname: ${hostname}, port: ${port}`;
      const remedy = error instanceof AvroRpcError ? ` (${REMEDIES[error.failure]})` : '';
      this.#context.log.warn(`${client}: ${messageOf(error)}${remedy}; the first batch tries again`);
    }
  }

  async process(batch: Batch): Promise<void> {
    const { counters } = this.#context;
    counters.add(batch.count < this.batchSize ? 'BatchUnderflowCount' : 'BatchCompleteCount', 1);
    counters.add('EventDrainAttemptCount', batch.count);
    let session: ClientSession | null = null;
    try {
      session = this.#usable() ?? (await this.#connect());
      await this.#send(session, batch);
    } catch (error) {
      counters.add('EventWriteFail', 1);
      // Another batch may have replaced it already.
      if (session !== null && session === this.#session) this.#disconnect();
      throw this.#explained(error);
    }
    counters.add('EventDrainSuccessCount', batch.count);
  }

  /** To a source that may execute calls at once, and so in any order, one after another. */
  #send(session: ClientSession, { ranges }: Batch): Promise<void> {
    if (session.isOrdered || this.#options['batches-in-flight'] !== undefined) {
      return session.appendBatch(ranges);
    }
    const sent = this.#last.then(() => session.appendBatch(ranges));
    this.#last = sent;
    // Those that wait behind a batch that fails fail with it, so that it comes first again.
    sent.catch(() => {
      if (this.#last === sent) this.#last = Promise.resolve();
    });
    return sent;
  }

  idle(): void {
    this.#context.counters.add('BatchEmptyCount', 1);
    this.#usable();
  }

  /** The open connection, unless it is gone or has had its time. */
  #usable(): ClientSession | null {
    if (this.#session?.isOpen !== true || this.#context.clock.now() >= this.#resetAtMs) this.#disconnect();
    return this.#session;
  }

  #connect(): Promise<ClientSession> {
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async #open(): Promise<ClientSession> {
    const { counters } = this.#context;
    const o = this.#options;
    try {
      this.#session = await this.#dialer!.open(o.hostname, o.port);
    } catch (error) {
      counters.add('ConnectionFailedCount', 1);
      throw error;
    }
    counters.add('ConnectionCreatedCount', 1);
    if (this.#resetMs > 0) this.#resetAtMs = this.#context.clock.now() + this.#resetMs;
    return this.#session;
  }

  #disconnect(): void {
    if (this.#session === null) return;
    this.#session.finish();
    this.#session = null;
    this.#resetAtMs = Number.POSITIVE_INFINITY;
    this.#context.counters.add('ConnectionClosedCount', 1);
  }

  #explained(error: unknown): unknown {
    if (error instanceof MillraceError) return error;
    const { hostname, port } = this.#options;
    const component = `sink ${this.#context.name}`;
    const to = `${hostname}:${port}`;
    const remedy = error instanceof AvroRpcError ? REMEDIES[error.failure] : undefined;
    const text = `${component}: Failed to send events to ${to}: ${messageOf(error)}`;
    return new MillraceError(
      'SINK_FAILED',
      remedy === undefined ? text : `${text} (${remedy}; the batch is kept)`,
      {
        component,
        value: to,
        cause: error,
        ...(remedy === undefined ? {} : { remedy }),
      },
    );
  }

  stop(): void {
    this.#dialer?.close();
    this.#disconnect();
  }
}

/** Batches sent and not answered, to a source that takes them in their order. */
const IN_FLIGHT_DEFAULT = 4;

const REMEDIES: Readonly<Record<AvroRpcError['failure'], string>> = {
  connection:
    'see the log of the other agent: compression-type and ssl must be the same on both sides, and it may want ' +
    'a client certificate (keystore)',
  timeout: 'see whether the other agent keeps up; compression-type and ssl must be the same on both sides',
  failed: 'see the log of the other agent: its channel is full, or cannot take a batch of this size',
  remote: 'see the log of the other agent',
  protocol: 'see that hostname and port are those of an avro source',
};
