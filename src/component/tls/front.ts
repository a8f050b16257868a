/**
 * The TLS side of a listener: takes accepted connections and hands them on when their handshake is over.
 *
 * Handshakes are bounded: in time, in number, and in how often failures are logged. Keys and certificates are
 * read again when their files change.
 */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { ComponentContext } from '../context.ts';
import { HandshakeFailures } from './failures.ts';
import { TLS_LIMITS, type TlsLimits } from './limits.ts';
import { type Material, MaterialSource } from './material.ts';
import type { ServerTlsValues } from './options.ts';
import { serverSettings } from './settings.ts';

export interface TlsFront {
  /** Begins the handshake of a connection that was just accepted and of which nothing was read. */
  secure(socket: Socket): void;
  /** Handshakes under way. */
  readonly pending: number;
  /** Ends handshakes that are under way, and looks at no file any more. */
  close(): void;
}

/**
 * @param onSecure gets each connection that may be served, from then on the caller's.
 * @throws MillraceError CONF_OPTION_REQUIRED or CONF_OPTION_VALUE; SOURCE_FAILED for keys and certificates.
 */
export async function createTlsFront(
  context: ComponentContext,
  options: ServerTlsValues,
  onSecure: (socket: TLSSocket) => void,
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
  /** By the addresses of both ends: the only thing that a connection and its TLS side share. Oldest first. */
  readonly #pending = new Map<string, Socket>();
  readonly #timer: NodeJS.Timeout;
  #refreshing = false;

  constructor(
    context: ComponentContext,
    material: Material,
    source: MaterialSource,
    clientAuth: ServerTlsValues['client-auth'],
    onSecure: (socket: TLSSocket) => void,
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
      this.#pending.delete(keyOf(socket));
      const refused =
        clientAuth === 'want' && !socket.authorized && socket.getPeerX509Certificate() !== undefined;
      if (!refused) return onSecure(socket);
      socket.on('error', () => {});
      this.#failures.add(socket.authorizationError, socket);
      socket.destroy();
    });
    this.#server.on('tlsClientError', (error, socket) => {
      this.#failures.add(socket.authorizationError ?? error, socket);
      socket.destroy();
    });
    this.#timer = setInterval(() => void this.#refresh(), limits.refreshMs).unref();
  }

  get pending(): number {
    return this.#pending.size;
  }

  secure(socket: Socket): void {
    if (this.#pending.size >= this.#limits.handshakesMax) {
      const [oldest] = this.#pending;
      this.#pending.delete(oldest![0]);
      this.#failures.addText(`more than ${this.#limits.handshakesMax} handshakes are under way`, socket);
      oldest![1].destroy();
    }
    const key = keyOf(socket);
    this.#pending.set(key, socket);
    socket.once('close', () => {
      if (this.#pending.get(key) === socket) this.#pending.delete(key);
    });
    this.#server.emit('connection', socket);
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
    for (const socket of this.#pending.values()) socket.destroy();
    this.#pending.clear();
  }
}

function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
