/**
 * Connects to the source, and finds out in which order it has TLS and zlib when both are on: TLS outside
 * (Millrace, Flume up to 1.9) is tried first, then zlib outside (Flume 1.10 and 1.11). What worked is tried
 * first again.
 */
import type { Socket } from 'node:net';
import { ClientSession, type ClientSettings } from '../../wire/avro/client-session.ts';
import {
  deflateTransport,
  plainTransport,
  type Transport,
  type TransportEvents,
} from '../../wire/avro/transport.ts';
import { ZlibStream } from '../../wire/avro/zlib-stream.ts';
import type { ComponentContext } from '../context.ts';
import { ConnectError, createDialer, type Dialer, STOPPED } from '../tls/client.ts';
import type { ClientTlsValues } from '../tls/options.ts';

type OpenTransport = (events: TransportEvents) => Transport;

/** Of connections to avro sources. */
export interface HopSettings extends ClientSettings {
  /** Names it in errors: `sink k1`. */
  readonly component: string;
  readonly tls: ClientTlsValues;
  /** Of zlib, 0 to 9; null when nothing is compressed. */
  readonly compressionLevel: number | null;
}

/** Makes connections that a transport can be opened on. */
type Connect = (host: string, port: number) => Promise<OpenTransport>;

export class HopDialer {
  readonly #dialer: Dialer;
  readonly #connect: Connect;
  readonly #times: ClientSettings;
  /** Transports of handshakes under way. */
  readonly #greeting = new Set<Transport>();

  constructor(dialer: Dialer, connect: Connect, times: ClientSettings) {
    this.#dialer = dialer;
    this.#connect = connect;
    this.#times = times;
  }

  /** Resolves when the handshake is over. @throws MillraceError SINK_FAILED; AvroRpcError */
  async open(host: string, port: number): Promise<ClientSession> {
    const openTransport = await this.#connect(host, port);
    let transport!: Transport;
    const open: OpenTransport = (events) => {
      transport = openTransport(events);
      this.#greeting.add(transport);
      return transport;
    };
    try {
      return await ClientSession.open(open, this.#times);
    } finally {
      this.#greeting.delete(transport);
    }
  }

  /** Ends what is still being connected. */
  close(): void {
    this.#dialer.close();
    for (const transport of this.#greeting) transport.destroy(new Error(STOPPED));
  }
}

export async function createHopDialer(context: ComponentContext, hop: HopSettings): Promise<HopDialer> {
  const { tls, compressionLevel: level, connectTimeoutMs } = hop;
  const dialer = await createDialer(context, tls, hop.component);
  return new HopDialer(dialer, connectBy(dialer, tls.ssl, level, connectTimeoutMs), hop);
}

function connectBy(dialer: Dialer, ssl: boolean, level: number | null, timeoutMs: number): Connect {
  const connect = (host: string, port: number) => dialer.connect(host, port, timeoutMs);
  if (level === null) return async (host, port) => plain(await connect(host, port));
  const zlibInside: Connect = async (host, port) => deflated(await connect(host, port), level);
  if (!ssl) return zlibInside;
  const beneath = (tcp: Socket) => new ZlibStream(tcp, level, 'out');
  const zlibOutside: Connect = async (host, port) =>
    plain(await dialer.connect(host, port, timeoutMs, beneath));
  return eitherOrder(zlibInside, zlibOutside);
}

function plain(socket: Socket): OpenTransport {
  return (events) => plainTransport((receive) => socket.on('data', receive), events);
}

function deflated(socket: Socket, level: number): OpenTransport {
  return (events) => deflateTransport(socket, level, events);
}

/** What worked is tried first again. */
function eitherOrder(...orders: [Connect, Connect]): Connect {
  return async (host, port) => {
    const [first, second] = orders;
    let reason: unknown;
    try {
      return await first(host, port);
    } catch (error) {
      if (!(error instanceof ConnectError && error.isNotTls)) throw error;
      reason = error;
    }
    try {
      const open = await second(host, port);
      orders = [second, first];
      return open;
    } catch {
      // Both failed: what is wrong is not the order.
      throw reason;
    }
  };
}
