/** Listens for connections, plain or TLS, as the options of a source say. */
import { createServer, type Server, type Socket } from 'node:net';
import type { ComponentContext } from '../context.ts';
import { cannotListen } from '../listen.ts';
import { createTlsFront, type TlsFront } from './front.ts';
import { TLS_LIMITS } from './limits.ts';
import type { ServerTlsValues } from './options.ts';

export interface ListenerHooks {
  /** A connection, after the handshake if there is one; from now on it is the caller's to end. */
  onConnection(socket: Socket): void;
  /** Asked before anything is read or a handshake begins; false closes the connection. */
  accept?(socket: Socket): boolean;
}

export interface Listener {
  /** Resolves with the port, which the system chooses for 0. @throws MillraceError SOURCE_FAILED */
  listen(bind: string, port: number): Promise<number>;
  /** Stops listening, and drops connections whose handshake is not over. Others are the caller's. */
  close(): Promise<void>;
}

const BACKLOG = 1024;

/** @throws MillraceError CONF_OPTION_REQUIRED, CONF_OPTION_VALUE; SOURCE_FAILED for keys and certificates. */
export async function createListener(
  context: ComponentContext,
  options: ServerTlsValues,
  hooks: ListenerHooks,
  limits = TLS_LIMITS,
): Promise<Listener> {
  const front = options.ssl
    ? await createTlsFront(context, options, (socket) => hooks.onConnection(socket), limits)
    : null;
  return new NetListener(context, hooks, front);
}

class NetListener implements Listener {
  readonly #context: ComponentContext;
  readonly #front: TlsFront | null;
  readonly #server: Server;

  constructor(context: ComponentContext, hooks: ListenerHooks, front: TlsFront | null) {
    this.#context = context;
    this.#front = front;
    this.#server = createServer({ noDelay: true }, (socket) => {
      if (hooks.accept?.(socket) === false) socket.destroy();
      else if (front === null) hooks.onConnection(socket);
      else front.secure(socket);
    });
  }

  listen(bind: string, port: number): Promise<number> {
    const server = this.#server;
    return new Promise((resolve, reject) => {
      const refuse = (error: Error) => {
        this.#front?.close();
        reject(cannotListen(this.#context, bind, port, error));
      };
      server.once('error', refuse);
      server.listen({ host: bind, port, backlog: BACKLOG }, () => {
        server.off('error', refuse);
        server.on('error', (error) =>
          this.#context.log.error(`source ${this.#context.name}: accepting failed`, error),
        );
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  /** The port is free at once; `close` of the server would wait for connections, which are the caller's. */
  async close(): Promise<void> {
    this.#server.close();
    this.#front?.close();
  }
}
