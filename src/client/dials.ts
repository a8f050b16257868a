/** How a client connects: TCP or TLS, with the Avro or the Thrift protocol on top. */
import { systemClock } from '../base/clock.ts';
import { MillraceError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { ComponentContext } from '../component/context.ts';
import { createHopDialer } from '../component/hop/avro-dialer.ts';
import { createDialer } from '../component/tls/client.ts';
import type { Batch } from '../memory/block/batch.ts';
import type { ClientSession } from '../wire/avro/client-session.ts';
import { type AvroFailure, AvroRpcError } from '../wire/avro/errors.ts';
import { ThriftApplicationError, ThriftStatusError, ThriftTimeoutError } from '../wire/thrift/errors.ts';
import { RequestEncoder } from '../wire/thrift/requests.ts';
import { ThriftSession } from '../wire/thrift/session.ts';
import type { Connect, Connection } from './connection.ts';
import { RpcError, type RpcFailure } from './errors.ts';
import type { RpcOptions, RpcSettings } from './options.ts';

const COMPONENT = 'RPC client';

export class Dials {
  readonly #dial: Dial;

  /** @throws MillraceError for key and trust stores that cannot be used. */
  static async make(settings: RpcSettings, log: Logger): Promise<Dials> {
    const { type, options } = settings;
    const context = { name: COMPONENT, options, log, clock: systemClock };
    return new Dials(
      type === 'thrift' ? await thriftDial(context, options) : await avroDial(context, options),
    );
  }

  private constructor(dial: Dial) {
    this.#dial = dial;
  }

  readonly connect: Connect = (host, port) => this.#dial.connect(host, port);

  close(): void {
    this.#dial.close();
  }
}

interface Dial {
  readonly connect: Connect;
  close(): void;
}

/** Nothing was sent, so what is wrong is the connection. */
function notConnected(cause: unknown): RpcError {
  const text = cause instanceof MillraceError ? cause.message : `${COMPONENT}: ${messageOf(cause)}`;
  return new RpcError('connect', text, cause);
}

async function thriftDial(context: ComponentContext, options: RpcOptions): Promise<Dial> {
  const dialer = await createDialer(context, options, COMPONENT);
  return {
    connect: async (host, port) => {
      const connecting = dialer.connect(host, port, options['connect-timeout']);
      const socket = await connecting.catch((cause: unknown) => {
        throw notConnected(cause);
      });
      const session = new ThriftSession(socket, options.protocol, options['request-timeout']);
      return new ThriftConnection(session, options, `${host}:${port}`);
    },
    close: () => dialer.close(),
  };
}

async function avroDial(context: ComponentContext, options: RpcOptions): Promise<Dial> {
  const dialer = await createHopDialer(context, {
    component: COMPONENT,
    tls: options,
    compressionLevel: options['compression-type'] === 'deflate' ? options['compression-level'] : null,
    connectTimeoutMs: options['connect-timeout'],
    requestTimeoutMs: options['request-timeout'],
  });
  return {
    connect: async (host, port) => {
      const at = `${host}:${port}`;
      try {
        return new AvroConnection(await dialer.open(host, port), at);
      } catch (error) {
        if (!(error instanceof AvroRpcError)) throw notConnected(error);
        throw new RpcError('connect', textOf(at, error, AVRO_HINT), error);
      }
    },
    close: () => dialer.close(),
  };
}

const AVRO_FAILURES: Readonly<Record<AvroFailure, RpcFailure>> = {
  connection: 'connection',
  timeout: 'timeout',
  failed: 'refused',
  remote: 'remote',
  protocol: 'remote',
};

const AVRO_HINT =
  'see that it is an avro source with the same compression-type and ssl, and whether it wants a client ' +
  'certificate; its log tells';
const THRIFT_HINT =
  'see that it is a thrift source with the same protocol and ssl, and whether it wants a client certificate; ' +
  'its log tells';

const REFUSED_HINT = 'its channel is full, or takes no batch of this size; its log tells';

/** A connection that ends may be one between two ends that do not speak the same. */
function textOf(at: string, error: unknown, hint: string | null): string {
  const text = `${COMPONENT}: ${at}: ${messageOf(error)}`;
  return hint === null ? text : `${text} (${hint})`;
}

function hintFor(failure: RpcFailure, ofConnection: string): string | null {
  if (failure === 'connection') return ofConnection;
  return failure === 'refused' ? REFUSED_HINT : null;
}

function avroError(error: unknown, at: string): unknown {
  if (!(error instanceof AvroRpcError)) return error;
  const failure = AVRO_FAILURES[error.failure];
  return new RpcError(failure, textOf(at, error, hintFor(failure, AVRO_HINT)), error);
}

class AvroConnection implements Connection {
  readonly #session: ClientSession;
  readonly #at: string;

  constructor(session: ClientSession, at: string) {
    this.#session = session;
    this.#at = at;
  }

  get isOpen(): boolean {
    return this.#session.isOpen;
  }

  get isOrdered(): boolean {
    return this.#session.isOrdered;
  }

  async send({ ranges }: Batch, single: boolean): Promise<void> {
    try {
      await (single ? this.#session.append(ranges[0]!) : this.#session.appendBatch(ranges));
    } catch (error) {
      throw avroError(error, this.#at);
    }
  }

  finish(): void {
    this.#session.finish();
  }

  close(): void {
    this.#session.close();
  }
}

class ThriftConnection implements Connection {
  readonly #session: ThriftSession;
  readonly #encoder: RequestEncoder;
  readonly #at: string;

  constructor(session: ThriftSession, options: RpcOptions, at: string) {
    this.#session = session;
    this.#encoder = new RequestEncoder(options.protocol);
    this.#at = at;
  }

  get isOpen(): boolean {
    return this.#session.isOpen;
  }

  /** A Thrift server reads the next call when it has answered the one before. */
  readonly isOrdered = true;

  async send(batch: Batch, single: boolean): Promise<void> {
    try {
      for (let sent = 0; sent < batch.count; ) {
        const call = single ? this.#encoder.single(batch) : this.#encoder.batch(batch, sent);
        sent += call.events;
        // The encoder's memory is used for the next call, which may come before this one is sent.
        await this.#session.call({ ...call, frame: Buffer.from(call.frame) });
      }
    } catch (error) {
      throw thriftError(error, this.#at);
    }
  }

  finish(): void {
    this.#session.finish();
  }

  close(): void {
    this.#session.close();
  }
}

function thriftError(error: unknown, at: string): unknown {
  if (error instanceof MillraceError) return error;
  const failure: RpcFailure =
    error instanceof ThriftStatusError
      ? 'refused'
      : error instanceof ThriftApplicationError
        ? 'remote'
        : error instanceof ThriftTimeoutError
          ? 'timeout'
          : 'connection';
  return new RpcError(failure, textOf(at, error, hintFor(failure, THRIFT_HINT)), error);
}
