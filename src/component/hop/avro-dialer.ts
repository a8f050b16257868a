/**
 * Connects to the source, and finds out in which order it has TLS and zlib when both are on: TLS outside
 * (Millrace, Flume up to 1.9) is tried first, then zlib outside (Flume 1.10 and 1.11). What worked is tried
 * first again.
 */
import type { Socket } from 'node:net';
import {
  deflateTransport,
  plainTransport,
  type Transport,
  type TransportEvents,
} from '../../wire/avro/transport.ts';
import { ZlibStream } from '../../wire/avro/zlib-stream.ts';
import type { ComponentContext } from '../context.ts';
import { ConnectError, createDialer, type Dialer } from '../tls/client.ts';
import type { ClientTlsValues } from '../tls/options.ts';

type OpenTransport = (events: TransportEvents) => Transport;

/** Of connections to avro sources. */
export interface HopSettings {
  /** Names it in errors: `sink k1`. */
  readonly component: string;
  readonly tls: ClientTlsValues;
  /** Of zlib, 0 to 9; null when nothing is compressed. */
  readonly compressionLevel: number | null;
  readonly connectTimeoutMs: number;
}

export interface HopDialer {
  /** Resolves with what makes the transport of a connection that stands. @throws MillraceError SINK_FAILED */
  connect(host: string, port: number): Promise<OpenTransport>;
  /** Ends what is still being connected. */
  close(): void;
}

export async function createHopDialer(context: ComponentContext, hop: HopSettings): Promise<HopDialer> {
  const { tls, compressionLevel: level, connectTimeoutMs } = hop;
  const dialer = await createDialer(context, tls, hop.component);
  if (level !== null && tls.ssl) return new EitherOrder(dialer, level, connectTimeoutMs);
  const open = level === null ? plain : (socket: Socket) => deflated(socket, level);
  return {
    connect: async (host, port) => open(await dialer.connect(host, port, connectTimeoutMs)),
    close: () => dialer.close(),
  };
}

function plain(socket: Socket): OpenTransport {
  return (events) => plainTransport((receive) => socket.on('data', receive), events);
}

function deflated(socket: Socket, level: number): OpenTransport {
  return (events) => deflateTransport(socket, level, events);
}

type Order = (host: string, port: number) => Promise<OpenTransport>;

/** TLS and zlib. */
class EitherOrder implements HopDialer {
  readonly #dialer: Dialer;
  #orders: readonly [Order, Order];

  constructor(dialer: Dialer, level: number, timeoutMs: number) {
    this.#dialer = dialer;
    this.#orders = [
      async (host, port) => deflated(await dialer.connect(host, port, timeoutMs), level),
      async (host, port) =>
        plain(await dialer.connect(host, port, timeoutMs, (tcp) => new ZlibStream(tcp, level, 'out'))),
    ];
  }

  async connect(host: string, port: number): Promise<OpenTransport> {
    const [first, second] = this.#orders;
    let reason: unknown;
    try {
      return await first(host, port);
    } catch (error) {
      if (!(error instanceof ConnectError && error.isNotTls)) throw error;
      reason = error;
    }
    try {
      const open = await second(host, port);
      this.#orders = [second, first];
      return open;
    } catch {
      // Both failed: what is wrong is not the order.
      throw reason;
    }
  }

  close(): void {
    this.#dialer.close();
  }
}
