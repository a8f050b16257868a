import { createServer, type Server, type Socket } from 'node:net';
import { charsetOption } from '../../component/charset.ts';
import { cannotListen } from '../../component/listen.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { Source, SourceContext } from '../../component/source.ts';
import { Connection, type ConnectionSettings } from './connection.ts';
import type { options } from './index.ts';

/** How often connections that are turned away are told of. */
const LOG_MS = 1000;

export function create(context: SourceContext): Source {
  return new NetcatSource(context, context.options as OptionsOf<typeof options>);
}

class NetcatSource implements Source {
  readonly #context: SourceContext;
  readonly #options: OptionsOf<typeof options>;
  readonly #settings: ConnectionSettings;
  readonly #connections = new Set<Connection>();
  #server: Server | null = null;
  /** Connections beyond maxConnections that the log has not told yet. */
  #turnedAway = 0;
  #nextLog: NodeJS.Timeout | null = null;

  constructor(context: SourceContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
    this.#settings = {
      charset: charsetOption(`source ${context.name}`, 'encoding', o.encoding),
      lineCharactersMax: o['max-line-length'],
      acknowledges: o['ack-every-event'],
      idleMs: o.idleTimeout * 1000,
      onClosed: (connection) => this.#connections.delete(connection),
    };
  }

  start(): Promise<void> {
    const { bind, port } = this.#options;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(cannotListen(this.#context, bind, port, error)));
      server.listen({ host: bind, port, backlog: 1024 }, () => {
        server.on('error', (error) =>
          this.#context.log.error(`source ${this.#context.name}: accepting failed`, error),
        );
        const address = server.address();
        const actual =
          typeof address === 'object' && address !== null ? `${address.address}:${address.port}` : bind;
        this.#context.log
          .named('org.apache.flume.source.NetcatSource')
          .info(`Created serverSocket:sun.nio.ch.ServerSocketChannelImpl[/${actual}]`);
        resolve();
      });
    });
  }

  #accept(socket: Socket): void {
    const { maxConnections } = this.#options;
    if (maxConnections > 0 && this.#connections.size >= maxConnections) {
      socket.destroy();
      this.#turnedAway++;
      if (this.#nextLog === null) this.#logTurnedAway();
      return;
    }
    this.#connections.add(new Connection(socket, this.#context, this.#settings));
  }

  /** The first one is told at once, those of the next second together. */
  #logTurnedAway(): void {
    this.#nextLog = null;
    if (this.#turnedAway === 0) return;
    const { maxConnections } = this.#options;
    const what = this.#turnedAway === 1 ? 'a connection was' : `${this.#turnedAway} connections were`;
    this.#context.log.warn(
      `source ${this.#context.name}: ${what} closed at once: ${maxConnections} are open, which is the most that ` +
        'maxConnections allows (raise it, or set idleTimeout so that idle ones make room)',
    );
    this.#turnedAway = 0;
    this.#nextLog = setTimeout(() => this.#logTurnedAway(), LOG_MS);
  }

  /** Closes the port, lets each connection answer what it put, and ends it. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    if (this.#nextLog !== null) clearTimeout(this.#nextLog);
    const closed = new Promise((resolve) => server.close(resolve));
    await Promise.all([...this.#connections].map((connection) => connection.end()));
    await closed;
  }
}
