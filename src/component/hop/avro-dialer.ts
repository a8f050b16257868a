/**
 * Connects to the source, and finds out in which order it has TLS and zlib when both are on: TLS outside
 * (Millrace, Flume up to 1.9) is tried first, then zlib outside (Flume 1.10 and 1.11). What worked is tried
 * first again.
 */
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import {
  deflateTransport,
  plainTransport,
  type Transport,
  type TransportEvents,
} from '../../wire/avro/transport.ts';
import { ZlibStream } from '../../wire/avro/zlib-stream.ts';
import type { ComponentContext } from '../context.ts';
import { createDialer, type Dialer, handshakeWith } from '../tls/client.ts';
import { MaterialSource } from '../tls/material.ts';
import type { ClientTlsValues } from '../tls/options.ts';
import { clientSettings } from '../tls/settings.ts';

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
  const { component, tls, compressionLevel } = hop;
  const outer = await createDialer(context, tls, component);
  if (compressionLevel === null || !tls.ssl) return new PlainOrder(outer, hop);
  const source = new MaterialSource(clientSettings(component, tls, context.log), context.log);
  await source.load();
  const raw = await createDialer(context, { ...tls, ssl: false }, component);
  return new EitherOrder(new PlainOrder(outer, hop), new ZlibOutside(raw, source, hop, compressionLevel));
}

/** No TLS, or TLS outside. */
class PlainOrder implements HopDialer {
  readonly #dialer: Dialer;
  readonly #hop: HopSettings;

  constructor(dialer: Dialer, hop: HopSettings) {
    this.#dialer = dialer;
    this.#hop = hop;
  }

  async connect(host: string, port: number): Promise<OpenTransport> {
    const { compressionLevel: level, connectTimeoutMs } = this.#hop;
    const socket = await this.#dialer.connect(host, port, connectTimeoutMs);
    return (events) => (level === null ? plain(socket, events) : deflateTransport(socket, level, events));
  }

  close(): void {
    this.#dialer.close();
  }
}

function plain(stream: Duplex, events: TransportEvents): Transport {
  return plainTransport((receive) => stream.on('data', receive), events);
}

class ZlibOutside implements HopDialer {
  readonly #dialer: Dialer;
  readonly #source: MaterialSource;
  readonly #hop: HopSettings;
  readonly #level: number;

  constructor(dialer: Dialer, source: MaterialSource, hop: HopSettings, level: number) {
    this.#dialer = dialer;
    this.#source = source;
    this.#hop = hop;
    this.#level = level;
  }

  async connect(host: string, port: number): Promise<OpenTransport> {
    const { tls, connectTimeoutMs } = this.#hop;
    await this.#source.refresh();
    const socket = await this.#dialer.connect(host, port, connectTimeoutMs);
    const compressed = new ZlibStream(socket, this.#level, 'out');
    const stream = connectTls({ ...handshakeWith(host, tls, this.#source), socket: compressed });
    await secured(stream, connectTimeoutMs);
    return (events) => plain(stream, events);
  }

  close(): void {
    this.#dialer.close();
  }
}

async function secured(stream: TLSSocket, timeoutMs: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onClose = () => reject(new Error('the connection was closed in the TLS handshake'));
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  stream.once('secureConnect', resolve).once('error', reject).once('close', onClose);
  try {
    await promise;
  } catch (error) {
    stream.on('error', () => {}).destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    stream.off('error', reject).off('close', onClose);
  }
}

class EitherOrder implements HopDialer {
  #orders: readonly [HopDialer, HopDialer];

  constructor(first: HopDialer, second: HopDialer) {
    this.#orders = [first, second];
  }

  async connect(host: string, port: number): Promise<OpenTransport> {
    const [first, second] = this.#orders;
    let reason: unknown;
    try {
      return await first.connect(host, port);
    } catch (error) {
      reason = error;
    }
    try {
      const open = await second.connect(host, port);
      this.#orders = [second, first];
      return open;
    } catch {
      // Both failed: what is wrong is not the order.
      throw reason;
    }
  }

  close(): void {
    for (const order of this.#orders) order.close();
  }
}
