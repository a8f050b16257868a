import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { Source, SourceContext } from '../../component/source.ts';
import { createListener, type Listener } from '../../component/tls/server.ts';
import { LegacyCalls, type LegacyEvent, refused, TAKEN } from './calls.ts';
import { framed, unframed } from './framing.ts';
import type { options } from './index.ts';

const LOGGER = 'org.apache.flume.source.avroLegacy.AvroLegacySource';
/** Time for open requests to be answered at the stop. */
const STOP_MS = 3000;
const WARN_MS = 1000;

export function create(context: SourceContext): Source {
  return new AvroLegacySource(context, context.options as OptionsOf<typeof options>);
}

class AvroLegacySource implements Source {
  readonly #context: SourceContext;
  readonly #options: OptionsOf<typeof options>;
  readonly #calls = new LegacyCalls();
  /**
   * Open connections, each with what ends it when its next request, or the rest of one, does not come in
   * time.
   */
  readonly #sockets = new Map<Socket, NodeJS.Timeout | undefined>();
  /** Connections whose request is being handled. */
  readonly #busy = new Set<Socket>();
  #listener: Listener | null = null;
  #isStopping = false;
  #warnedMs = Number.NEGATIVE_INFINITY;

  constructor(context: SourceContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
  }

  async start(): Promise<void> {
    const { name } = this.#context;
    const { host, port, maxConnections } = this.#options;
    // Its own time-outs need a server that listens itself.
    const http = createServer((request, response) => void this.#serve(request, response));
    this.#listener = await createListener(this.#context, this.#options, {
      accept: () => maxConnections === 0 || this.#sockets.size < maxConnections,
      onConnection: (socket) => {
        this.#awaitRequest(socket);
        socket.once('close', () => {
          clearTimeout(this.#sockets.get(socket));
          this.#sockets.delete(socket);
          this.#busy.delete(socket);
        });
        http.emit('connection', socket);
      },
    });
    const actual = await this.#listener.listen(host, port);
    this.#context.log.named(LOGGER).info(`Legacy Avro source ${name} listens on ${host}:${actual}`);
  }

  /** Gives a connection its time to send a request, or the rest of one. */
  #awaitRequest(socket: Socket): void {
    clearTimeout(this.#sockets.get(socket));
    const ms = this.#options.requestTimeout * 1000;
    this.#sockets.set(socket, ms > 0 ? setTimeout(() => socket.destroy(), ms) : undefined);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    this.#awaitRequest(socket);
    this.#busy.add(socket);
    response.once('close', () => {
      this.#busy.delete(socket);
      if (this.#isStopping) socket.destroySoon();
      else if (this.#sockets.has(socket)) this.#awaitRequest(socket);
    });
    request.on('error', () => response.destroy());
    await this.#answer(request, response);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (request.method !== 'POST') {
        request.resume();
        response.setHeader('allow', 'POST');
        return this.#fail(response, 405, 'POST only');
      }
      const body = await this.#body(request);
      clearTimeout(this.#sockets.get(request.socket));
      if (body === null) return this.#fail(response, 413, 'the request is larger than maxRequestBytes');
      const { handshake, event } = this.#calls.read(unframed(body));
      const rest = event === null ? [] : [await this.#put(event)];
      const answer = framed(Buffer.concat([handshake, ...rest]));
      response.writeHead(200, { 'content-type': 'avro/binary', 'content-length': answer.length });
      response.end(answer);
    } catch (error) {
      this.#fail(response, error instanceof MillraceError ? 400 : 500, messageOf(error));
    }
  }

  /** The whole body; null when it is too large. */
  async #body(request: IncomingMessage): Promise<Buffer | null> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > this.#options.maxRequestBytes) return null;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  /** One event is one put; the rest of its answer. */
  async #put({ headers, body }: LegacyEvent): Promise<Buffer> {
    let batch = this.#context.openBatch(body.length);
    while (batch === null) {
      await this.#context.room();
      batch = this.#context.openBatch(body.length);
    }
    try {
      batch.append(body, 0, body.length, headers);
    } catch (error) {
      this.#context.discard(batch);
      throw error;
    }
    const { refusal } = await this.#context.put(batch, 'batch');
    return refusal === null ? TAKEN : refused(refusal.text);
  }

  /** The connection ends: what a client would send behind this is not looked for. */
  #fail(response: ServerResponse, status: number, text: string): void {
    this.#context.counters.add('EventReadFail', 1);
    const nowMs = performance.now();
    if (nowMs - this.#warnedMs >= WARN_MS) {
      this.#warnedMs = nowMs;
      this.#context.log.warn(`Legacy Avro source ${this.#context.name}: a request was refused: ${text}`);
    }
    if (response.headersSent || response.destroyed) return;
    response.writeHead(status, { connection: 'close', 'content-type': 'text/plain; charset=utf-8' });
    response.end(`${text}\n`);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#listener?.close();
    const sockets = [...this.#sockets.keys()];
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of sockets) if (!this.#busy.has(socket)) socket.destroy();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets.keys()) socket.destroy();
    }, STOP_MS);
    await Promise.all(closed);
    clearTimeout(timer);
  }
}
