/**
 * The TLS side of a listener: takes accepted connections and hands them on when their handshake is over.
 *
 * Handshakes are bounded: in time, in number, and in how often failures are logged. Keys and certificates are
 * read again when their files change.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { ComponentContext } from '../context.ts';
import { HandshakeFailures } from './failures.ts';
import { TLS_LIMITS, type TlsLimits } from './limits.ts';
import { type Material, MaterialSource } from './material.ts';
import type { ServerTlsValues } from './options.ts';
import { serverSettings } from './settings.ts';

/** A connection, and what TLS is spoken over on it: itself, unless something lies between. */
export interface Handshake {
  readonly tcp: Socket;
  readonly over: Duplex;
}

export interface TlsFront {
  /** Begins the handshake of a connection that was just accepted, and of which nothing of TLS was read. */
  secure(tcp: Socket, over?: Duplex): void;
  /** Handshakes under way. */
  readonly pending: number;
  /** Ends handshakes that are under way, and looks at no file any more. */
  close(): void;
}

type OnSecure = (socket: TLSSocket, handshake: Handshake) => void;

/**
 * @param onSecure gets each connection that may be served, from then on the caller's.
 * @throws MillraceError CONF_OPTION_REQUIRED or CONF_OPTION_VALUE; SOURCE_FAILED for keys and certificates.
 */
export async function createTlsFront(
  context: ComponentContext,
  options: ServerTlsValues,
  onSecure: OnSecure,
  limits = TLS_LIMITS,
): Promise<TlsFront> {
  const component = `source ${context.name}`;
  const source = new MaterialSource(serverSettings(component, options, context.log), context.log);
  return new ServerFront(context, await source.load(), source, options['client-auth'], onSecure, limits);
}

class ServerFront implements TlsFront {
  readonly #server: Server;
  readonly #source: MaterialSource;
  readonly #limits: TlsLimits;
  readonly #failures: HandshakeFailures;
  /** Under way, the oldest first. */
  readonly #pending = new Set<Handshake>();
  /** Whose TLS event it is: the server tells nothing that a connection and its TLS side have in common. */
  readonly #current = new AsyncLocalStorage<Handshake>();
  readonly #timer: NodeJS.Timeout;
  #refreshing = false;

  constructor(
    context: ComponentContext,
    material: Material,
    source: MaterialSource,
    clientAuth: ServerTlsValues['client-auth'],
    onSecure: OnSecure,
    limits: TlsLimits,
  ) {
    this.#source = source;
    this.#limits = limits;
    this.#failures = new HandshakeFailures(context, limits);
    this.#server = createServer({
      ...material.options,
      handshakeTimeout: limits.handshakeMs,
      requestCert: clientAuth !== 'none',
      rejectUnauthorized: clientAuth === 'need',
    });
    this.#server.on('secureConnection', (socket) => {
      const handshake = this.#current.getStore()!;
      this.#pending.delete(handshake);
      const refused =
        clientAuth === 'want' && !socket.authorized && socket.getPeerX509Certificate() !== undefined;
      if (!refused) return onSecure(socket, handshake);
      socket.on('error', () => {});
      this.#failures.add(socket.authorizationError, handshake.tcp);
      socket.destroy();
    });
    this.#server.on('tlsClientError', (error, socket) => {
      // An end of the connection is an event of the connection alone.
      const tcp = this.#current.getStore()?.tcp ?? socket;
      this.#failures.add(socket.authorizationError ?? error, tcp);
      socket.destroy();
    });
    this.#timer = setInterval(() => void this.#refresh(), limits.refreshMs).unref();
  }

  get pending(): number {
    return this.#pending.size;
  }

  secure(tcp: Socket, over: Duplex = tcp): void {
    const [oldest] = this.#pending;
    if (oldest !== undefined && this.#pending.size >= this.#limits.handshakesMax) {
      this.#pending.delete(oldest);
      this.#failures.addText(`more than ${this.#limits.handshakesMax} handshakes are under way`, tcp);
      oldest.tcp.destroy();
    }
    const handshake = { tcp, over };
    this.#pending.add(handshake);
    tcp.once('close', () => this.#pending.delete(handshake));
    this.#current.run(handshake, () => this.#server.emit('connection', over));
  }

  async #refresh(): Promise<void> {
    if (this.#refreshing) return;
    this.#refreshing = true;
    const material = await this.#source.refresh();
    if (material !== null) this.#server.setSecureContext(material.options);
    this.#refreshing = false;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { tcp } of this.#pending) tcp.destroy();
    this.#pending.clear();
  }
}
