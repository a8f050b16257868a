/**
 * One HTTP request and its answer, with deadlines, and errors that know how far it came: nothing was asked
 * before a connection stands; what was asked may have been done after.
 *
 * node:http and not fetch: DataNodes send `100 Continue` without being asked, which undici refuses.
 */
import http, { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { type Endpoint, hostPort } from '../cluster/addresses.ts';
import { HdfsError, type Outcome, TRANSPORT } from '../errors.ts';
import type { Deadlines, TlsSettings } from '../settings.ts';

export type Server = Pick<Endpoint, 'secure' | 'host' | 'port'>;

export interface ExchangeSettings {
  readonly server: Server;
  readonly method: string;
  /** Path and query, encoded. */
  readonly target: string;
  readonly headers: OutgoingHttpHeaders;
  readonly deadlines: Deadlines;
  /** Absent: a connection of its own, closed afterwards. */
  readonly agent?: http.Agent;
  readonly tls: TlsSettings;
  readonly signal?: AbortSignal | undefined;
  /** For errors. */
  readonly operation: string;
  readonly path: string;
}

export class Exchange {
  readonly request: ClientRequest;
  /** Resolves when a connection stands. */
  readonly connected: Promise<void>;
  /** Resolves with the head of the answer. */
  readonly answered: Promise<IncomingMessage>;
  readonly #settings: ExchangeSettings;
  #isConnected = false;
  #isAnswered = false;
  #failure: HdfsError | null = null;
  #timer: NodeJS.Timeout | null = null;
  #resolveConnected!: () => void;
  #rejectConnected!: (error: HdfsError) => void;
  #resolveAnswered!: (answer: IncomingMessage) => void;
  #rejectAnswered!: (error: HdfsError) => void;

  constructor(settings: ExchangeSettings) {
    this.#settings = settings;
    this.connected = new Promise((resolve, reject) => {
      this.#resolveConnected = resolve;
      this.#rejectConnected = reject;
    });
    this.answered = new Promise((resolve, reject) => {
      this.#resolveAnswered = resolve;
      this.#rejectAnswered = reject;
    });
    // Whoever waits for one of them is told; nobody has to wait for both.
    this.connected.catch(() => {});
    this.answered.catch(() => {});
    const { server, method, target, headers, agent, tls } = settings;
    const { host, port } = server;
    const common = { host, port, method, path: target, headers, agent: agent ?? false } as const;
    this.request = server.secure
      ? https.request({ ...common, ...(tls as https.RequestOptions) })
      : http.request(common);
    this.#listen();
  }

  get server(): Server {
    return this.#settings.server;
  }

  /** What and whom errors name. */
  get where(): { readonly operation: string; readonly path: string; readonly host: string } {
    const { operation, path, server } = this.#settings;
    return { operation, path, host: hostPort(server) };
  }

  get failure(): HdfsError | null {
    return this.#failure;
  }

  /** From now on the head of the answer must come within `ms`. */
  expectAnswer(ms: number, what: string): void {
    this.#arm(ms, `no answer within ${ms} ms ${what}`);
  }

  /** From now on the caller's signal, and its deadline, no longer end the exchange. */
  releaseSignal(): void {
    this.#settings.signal?.removeEventListener('abort', this.#abort);
  }

  /** Ends the exchange; everything that waits for it is rejected with `error`. */
  fail(error: HdfsError): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.disarm();
    this.#rejectConnected(error);
    this.#rejectAnswered(error);
    this.releaseSignal();
    this.request.destroy();
  }

  /** As `fail`, by whoever made the call. */
  abort(reason: string, exception: string = TRANSPORT.aborted, cause?: unknown): void {
    this.fail(this.error(exception, reason, this.#isConnected ? 'unknown' : 'refused', cause));
  }

  disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  error(exception: string, reason: string, outcome: Outcome, cause?: unknown): HdfsError {
    const code = (cause as NodeJS.ErrnoException | undefined)?.code;
    const more = { ...(code === undefined ? {} : { code }), ...(cause === undefined ? {} : { cause }) };
    return new HdfsError(reason, { ...this.where, exception, outcome, ...more });
  }

  /** An error of the network, by how far the exchange came. */
  networkError(cause: Error): HdfsError {
    if (!this.#isConnected) return this.error(TRANSPORT.connect, cause.message, 'refused', cause);
    return this.error(TRANSPORT.lost, `the connection was lost: ${cause.message}`, 'unknown', cause);
  }

  #listen(): void {
    const { request } = this;
    const { signal, deadlines } = this.#settings;
    request.once('socket', (socket) => {
      if (!socket.connecting) return this.#connect();
      this.#arm(deadlines.connectMs, `no connection within ${deadlines.connectMs} ms`);
      socket.once(this.#settings.server.secure ? 'secureConnect' : 'connect', () => this.#connect(socket));
    });
    request.once('response', (answer) => {
      this.disarm();
      this.#isAnswered = true;
      this.#resolveAnswered(answer);
    });
    request.on('error', (error) => this.fail(this.networkError(error)));
    // A socket may close without an error and without an answer.
    request.once('close', () => {
      if (!this.#isAnswered) this.fail(this.networkError(new Error('closed without an answer')));
      this.releaseSignal();
    });
    if (signal?.aborted) queueMicrotask(this.#abort);
    else signal?.addEventListener('abort', this.#abort, { once: true });
  }

  #connect(socket?: Socket): void {
    socket?.setNoDelay(true);
    this.disarm();
    this.#isConnected = true;
    this.#resolveConnected();
  }

  #arm(ms: number, reason: string): void {
    this.disarm();
    if (ms === 0) return;
    this.#timer = setTimeout(() => {
      const exception = this.#isConnected ? TRANSPORT.timeout : TRANSPORT.connect;
      this.fail(this.error(exception, reason, this.#isConnected ? 'unknown' : 'refused'));
    }, ms);
  }

  readonly #abort = (): void => {
    const reason: unknown = this.#settings.signal?.reason;
    const text = reason instanceof Error ? reason.message : 'stopped by the caller';
    const isTimeout = reason instanceof Error && reason.name === 'TimeoutError';
    this.abort(text, isTimeout ? TRANSPORT.timeout : TRANSPORT.aborted, reason);
  };
}

/** The body of an answer, at most `bytesMax`. */
export async function bodyOf(
  exchange: Exchange,
  answer: IncomingMessage,
  bytesMax: number,
  idleMs: number,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of readWithDeadline(exchange, answer, idleMs)) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      const error = exchange.error(TRANSPORT.protocol, `the answer exceeds ${bytesMax} bytes`, 'refused');
      exchange.fail(error);
      throw error;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Chunks of an answer. When its reader stops early the connection is dropped. */
export async function* readWithDeadline(
  exchange: Exchange,
  answer: IncomingMessage,
  idleMs: number,
): AsyncGenerator<Buffer, void, undefined> {
  // Time that the reader takes is no silence of the server.
  let isWaiting = true;
  const check = () => {
    if (!isWaiting) timer?.refresh();
    else
      exchange.fail(
        exchange.error(TRANSPORT.timeout, `no byte of the answer within ${idleMs} ms`, 'unknown'),
      );
  };
  const timer = idleMs > 0 ? setTimeout(check, idleMs) : null;
  try {
    for await (const chunk of answer) {
      isWaiting = false;
      yield chunk as Buffer;
      isWaiting = true;
      timer?.refresh();
    }
  } catch (error) {
    if (error instanceof HdfsError) throw error;
    throw exchange.failure ?? exchange.networkError(error as Error);
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}
