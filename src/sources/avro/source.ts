import type { Socket } from 'node:net';
import { MillraceError } from '../../base/errors.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { Source, SourceContext } from '../../component/source.ts';
import { createTlsFront, type TlsFront } from '../../component/tls/front.ts';
import { TLS_LIMITS } from '../../component/tls/limits.ts';
import { createListener, type Listener } from '../../component/tls/server.ts';
import { EventDecoder } from '../../wire/avro/event-decoder.ts';
import { FrameMemory } from '../../wire/avro/frame-memory.ts';
import { KnownProtocols } from '../../wire/avro/handshake.ts';
import { BUFFERS_MAX } from '../../wire/avro/limits.ts';
import {
  deflateTransport,
  plainTransport,
  type Transport,
  type TransportEvents,
} from '../../wire/avro/transport.ts';
import { readInto } from '../../wire/socket/accepted.ts';
import { Connection, type ConnectionShared } from './connection.ts';
import type { options } from './index.ts';
import { IpFilter } from './ip-filter.ts';
import { secureByFirstByte } from './secure-deflate.ts';

/** Flume's source compresses its answers at this level. */
const LEVEL = 6;
/** How often connections are looked at for time-outs. */
const CHECK_MS = 500;
/** Complaints about peers: at most one in this time. */
const COMPLAINT_MS = 1000;

export function create(context: SourceContext): Source {
  return new AvroSource(context, context.options as OptionsOf<typeof options>);
}

class AvroSource implements Source {
  readonly #context: SourceContext;
  readonly #options: OptionsOf<typeof options>;
  readonly #filter: IpFilter | null;
  readonly #connections = new Set<Connection>();
  readonly #shared: ConnectionShared;
  #listener: Listener | null = null;
  /** Only when connections are compressed, too. */
  #front: TlsFront | null = null;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #complaints = 0;
  #complainedMs = 0;

  constructor(context: SourceContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
    this.#filter = o.ipFilter ? filterOf(`source ${context.name}`, o.ipFilterRules) : null;
    this.#shared = {
      context,
      protocols: new KnownProtocols(),
      memory: new FrameMemory(o.maxUnfinishedBytes),
      limits: { payloadBytesMax: o.maxRequestBytes, buffersMax: BUFFERS_MAX },
      decoder: new EventDecoder(),
      complain: (what) => this.#complain(what),
      closed: (connection) => this.#closed(connection),
    };
  }

  async start(): Promise<void> {
    const { bind, port } = this.#options;
    await this.#createListener();
    const actual = await this.#listener!.listen(bind, port);
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
    this.#context.log
      .named('org.apache.flume.source.AvroSource')
      .info(`Avro source ${this.#context.name} listens on ${bind}:${actual}`);
  }

  async #createListener(): Promise<void> {
    const context = this.#context;
    const o = this.#options;
    const accept = (socket: Socket) => this.#mayConnect(socket);
    const isCompressed = o['compression-type'] === 'deflate';
    if (!o.ssl || !isCompressed) {
      const onConnection = (socket: Socket) =>
        this.#admit(socket, () => this.#open(socket, socket, isCompressed));
      this.#listener = await createListener(context, o, { accept, onConnection });
      return;
    }
    const front = await createTlsFront(context, o, (socket, { tcp, over }) =>
      this.#open(socket, tcp, tcp === over),
    );
    this.#front = front;
    const onConnection = (socket: Socket) =>
      this.#admit(socket, () => secureByFirstByte(socket, LEVEL, front, TLS_LIMITS.handshakeMs));
    this.#listener = await createListener(context, { ...o, ssl: false }, { accept, onConnection });
  }

  /** Before anything is read. A client whose name is needed is let in, and held until it is known. */
  #mayConnect({ remoteAddress = '' }: Socket): boolean {
    const { maxConnections } = this.#options;
    if (this.#stopped || (maxConnections > 0 && this.#connections.size >= maxConnections)) return false;
    const isDenied = this.#filter?.byAddress(remoteAddress) === false;
    if (isDenied) this.#complain(`${remoteAddress} is denied by ipFilterRules`);
    return !isDenied;
  }

  /** Goes on with `next` once it is known whether the client may connect. */
  #admit(socket: Socket, next: () => void): void {
    const { remoteAddress = '' } = socket;
    if (this.#filter?.byAddress(remoteAddress) !== null) {
      next();
      return;
    }
    const onError = () => socket.destroy();
    socket.pause();
    socket.on('error', onError);
    void this.#filter.byName(remoteAddress).then((isAllowed) => {
      socket.off('error', onError);
      if (isAllowed) {
        next();
        return;
      }
      this.#complain(`${remoteAddress} is denied by ipFilterRules`);
      socket.destroy();
    });
  }

  /** Serves a connection: `socket` is to be read, `tcp` is what was accepted. */
  #open(socket: Socket, tcp: Socket, isCompressed: boolean): void {
    if (socket.destroyed || this.#stopped) {
      socket.destroy();
      return;
    }
    // What was asked before the client ended its side is still answered.
    socket.allowHalfOpen = true;
    const peer = `${tcp.remoteAddress}:${tcp.remotePort}`;
    const open = (events: TransportEvents): Transport =>
      isCompressed
        ? deflateTransport(socket, LEVEL, events, 'in')
        : plainTransport((receive) => readInto(socket, receive), events);
    this.#connections.add(new Connection(peer, this.#shared, open));
    socket.resume();
    this.#count();
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection);
    this.#count();
  }

  #count(): void {
    this.#context.counters.set('OpenConnectionCount', this.#connections.size);
  }

  #check(): void {
    const nowMs = this.#context.clock.now();
    const { requestTimeout, idleTimeout } = this.#options;
    for (const connection of this.#connections) connection.check(nowMs, requestTimeout, idleTimeout * 1000);
  }

  /** A peer that misbehaves must not fill the log. */
  #complain(what: string): void {
    const nowMs = this.#context.clock.now();
    if (nowMs - this.#complainedMs < COMPLAINT_MS) {
      this.#complaints++;
      return;
    }
    const more = this.#complaints > 0 ? ` (and ${this.#complaints} more since the last such line)` : '';
    this.#complainedMs = nowMs;
    this.#complaints = 0;
    this.#context.log.warn(`source ${this.#context.name}: ${what}${more}`);
  }

  /** Closes the port, lets each connection answer what it put, and ends it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#listener?.close();
    this.#front?.close();
    await Promise.all([...this.#connections].map((connection) => connection.end()));
  }
}

function filterOf(component: string, rules: string | undefined): IpFilter {
  if (rules !== undefined && rules.trim() !== '') return new IpFilter(component, rules);
  throw new MillraceError(
    'CONF_OPTION_REQUIRED',
    `${component}: ipFilter is configured with true but ipFilterRules is not defined`,
    {
      component,
      option: 'ipFilterRules',
      remedy: 'set ipFilterRules, e.g. ipFilterRules = allow:ip:10.0.*,deny:ip:*',
    },
  );
}
