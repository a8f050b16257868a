/**
 * One connection, one call a batch; the next call is on its way while the one before is answered. A batch is
 * done when the source has answered OK; whatever else happens retires the connection, so that the next
 * attempt begins with a new one. Calls that are under way on it are still answered.
 */
import { MillraceError, messageOf } from '../../base/errors.ts';
import { createHopDialer, type HopDialer } from '../../component/hop/avro-dialer.ts';
import { SinkConnection } from '../../component/hop/sink-connection.ts';
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
  readonly #connection: SinkConnection<ClientSession>;
  #dialer: HopDialer | null = null;
  /** The call before, where calls are made one after another. */
  #last: Promise<void> = Promise.resolve();

  constructor(context: SinkContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
    this.batchSize = o['batch-size'];
    this.overlap = o['batches-in-flight'] ?? IN_FLIGHT_DEFAULT;
    this.#connection = new SinkConnection(context, {
      batchSize: this.batchSize,
      resetMs: o['reset-connection-interval'] * 1000,
      open: () => this.#dialer!.open(o.hostname, o.port),
    });
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
      await this.#connection.connect();
    } catch (error) {
      const { hostname, port } = this.#options;
      const client = `Unable to create avro client using hostname: ${hostname}, port: ${port}`;
      const remedy = error instanceof AvroRpcError ? ` (${REMEDIES[error.failure]})` : '';
      this.#context.log.warn(`${client}: ${messageOf(error)}${remedy}; the first batch tries again`);
    }
  }

  async process(batch: Batch): Promise<void> {
    try {
      await this.#connection.deliver(batch, (session) => this.#send(session, batch));
    } catch (error) {
      throw this.#explained(error);
    }
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
    this.#connection.usable();
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
    this.#connection.leave();
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
