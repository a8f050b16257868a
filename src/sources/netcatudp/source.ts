import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { cannotListen } from '../../component/listen.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { Source, SourceContext } from '../../component/source.ts';
import type { options } from './index.ts';

const NEWLINE = 10;
/** Datagrams gathered before they are put, at the latest when the event loop turns. */
const GATHER_MAX = 512;
const GATHER_BYTES_MAX = 4 * 1024 * 1024;
const LOG_MS = 1000;
/** Asked of the system: bursts wait here while a put is made. */
const RECEIVE_BYTES = 4 * 1024 * 1024;

interface Datagram {
  readonly bytes: Buffer;
  readonly from: RemoteInfo;
}

export function create(context: SourceContext): Source {
  return new NetcatUdpSource(context, context.options as OptionsOf<typeof options>);
}

class NetcatUdpSource implements Source {
  readonly #context: SourceContext;
  readonly #options: OptionsOf<typeof options>;
  #socket: Socket | null = null;
  #gathered: Datagram[] = [];
  /** Bytes of the gathered ones: they must fit into one batch. */
  #gatheredBytes = 0;
  /** Drops that the log has not told yet. */
  #dropped = 0;
  #nextLog: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(context: SourceContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
  }

  start(): Promise<void> {
    const { bind, port } = this.#options;
    const socket = createSocket({ type: bind !== undefined && isIPv6(bind) ? 'udp6' : 'udp4' });
    this.#socket = socket;
    socket.on('message', (bytes, from) => this.#receive({ bytes, from }));
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => reject(cannotListen(this.#context, bind ?? '*', port, error)));
      socket.bind({ port, ...(bind === undefined ? {} : { address: bind }) }, () => {
        socket.on('error', (error) =>
          this.#context.log.error(`source ${this.#context.name}: receiving failed`, error),
        );
        try {
          socket.setRecvBufferSize(RECEIVE_BYTES);
        } catch {
          // The system's limit is lower: its default stays.
        }
        this.#context.log.info(
          `Netcat UDP source ${this.#context.name} listens on ${bind ?? '*'}:${socket.address().port}`,
        );
        resolve();
      });
    });
  }

  #receive(datagram: Datagram): void {
    this.#gatheredBytes += datagram.bytes.length;
    if (this.#gathered.push(datagram) === 1) setImmediate(() => this.#put());
    else if (this.#gathered.length >= GATHER_MAX || this.#gatheredBytes >= GATHER_BYTES_MAX) this.#put();
  }

  /**
   * One event a datagram: its bytes up to the first line end. Nobody waits for an
   * answer; what is refused is lost.
   */
  #put(): void {
    const gathered = this.#gathered;
    if (gathered.length === 0) return;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    const batch = this.#context.openBatch();
    if (batch === null) {
      this.#drop(gathered.length);
      return;
    }
    const header = this.#options.remoteAddress;
    for (const { bytes, from } of gathered) {
      const end = bytes.indexOf(NEWLINE);
      const headers = header === undefined ? undefined : new Map([[header, `/${from.address}:${from.port}`]]);
      batch.append(bytes, 0, end < 0 ? bytes.length : end, headers);
    }
    const events = batch.count;
    void this.#context.put(batch, 'each').then(({ accepted }) => {
      if (accepted < events) this.#drop(events - accepted);
    });
  }

  /** The first drop is told at once, those of the next second together. */
  #drop(events: number): void {
    this.#dropped += events;
    if (this.#nextLog === null) this.#logDrops();
  }

  #logDrops(): void {
    this.#nextLog = null;
    if (this.#dropped === 0) return;
    const count = `${this.#dropped} ${this.#dropped === 1 ? 'datagram was' : 'datagrams were'} dropped`;
    this.#context.log.warn(
      `source ${this.#context.name}: ${count}, the channel had no room ` +
        '(give it more capacity or faster sinks; senders of UDP cannot wait)',
    );
    this.#dropped = 0;
    if (!this.#stopped) this.#nextLog = setTimeout(() => this.#logDrops(), LOG_MS);
  }

  stop(): Promise<void> {
    const socket = this.#socket;
    if (socket === null) return Promise.resolve();
    this.#put();
    if (this.#nextLog !== null) clearTimeout(this.#nextLog);
    this.#stopped = true;
    this.#logDrops();
    return new Promise((resolve) => socket.close(() => resolve()));
  }
}
