import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { MillraceError, messageOf } from '../../base/errors.ts';
import { cannotListen } from '../../component/listen.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { Source, SourceContext } from '../../component/source.ts';
import type { TlsFront } from '../../component/tls/front.ts';
import { blobHandler, morphlineBlobHandler } from './blob-handler.ts';
import { BadRequest, type HandlerRequest, type HttpHandler } from './handler.ts';
import type { options } from './index.ts';
import { jsonHandler } from './json-handler.ts';
import { putTlsBefore, tlsValues } from './tls.ts';

const HANDLERS: Readonly<Record<string, (options: Readonly<Record<string, string>>) => HttpHandler>> = {
  'org.apache.flume.source.http.jsonhandler': jsonHandler,
  json: jsonHandler,
  'org.apache.flume.source.http.blobhandler': blobHandler,
  blob: blobHandler,
  'org.apache.flume.sink.solr.morphline.blobhandler': morphlineBlobHandler,
};

/** How often requests that take too long are looked for. */
const TIMEOUT_CHECK_MS = 500;
/** Time for a client to read why its upload was refused while the rest of it is read away. */
const REFUSED_UPLOAD_MS = 2000;
const METHODS = 'GET, HEAD, POST';
/** Time for open requests to be answered at the stop. */
const STOP_MS = 3000;

export function create(context: SourceContext): Source {
  return new HttpSource(context, context.options as OptionsOf<typeof options>);
}

class HttpSource implements Source {
  readonly #context: SourceContext;
  readonly #options: OptionsOf<typeof options>;
  #handler: HttpHandler | null = null;
  #server: Server | null = null;
  #front: TlsFront | null = null;
  /** Bytes of the bodies that are being read or wait for the channel. */
  #unfinishedBytes = 0;

  constructor(context: SourceContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#options = o;
  }

  async start(): Promise<void> {
    const { bind, port, requestTimeout } = this.#options;
    this.#handler = await this.#loadHandler();
    const idleMs = Number(this.#options['ServerConnector.*'].idleTimeout);
    const server = createServer(
      {
        requestTimeout,
        headersTimeout: Math.min(requestTimeout, 30_000),
        connectionsCheckingInterval: TIMEOUT_CHECK_MS,
        maxHeaderSize: this.#options['HttpConfiguration.requestHeaderSize'],
        keepAliveTimeout: idleMs > 0 ? idleMs : 30_000,
      },
      (request, response) => void this.#serve(request, response),
    );
    if (this.#options.ssl) {
      this.#front = await putTlsBefore(server, this.#context, tlsValues(this.#options, this.#context));
    }
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        this.#front?.close();
        reject(cannotListen(this.#context, bind, port, error));
      });
      server.listen(port, bind, resolve);
    });
    const address = server.address();
    const actual = typeof address === 'object' && address !== null ? address.port : port;
    this.#context.log.info(`Http source ${this.#context.name} listens on ${bind}:${actual}`);
  }

  async #loadHandler(): Promise<HttpHandler> {
    const { handler } = this.#options;
    const own = this.#options['handler.*'];
    const builtIn = HANDLERS[handler.toLowerCase()];
    if (builtIn !== undefined) return builtIn(own);
    const { createHandler } = await this.#context.loadPlugin(handler).catch((error: unknown) => {
      throw this.#badHandler(`cannot be used: ${messageOf(error)}`);
    });
    if (typeof createHandler !== 'function') throw this.#badHandler('exports no function createHandler');
    const made: HttpHandler | null | undefined = await createHandler(own);
    if (typeof made?.handle !== 'function')
      throw this.#badHandler('makes a handler without a function handle');
    return made;
  }

  #badHandler(what: string): MillraceError {
    const { name } = this.#context;
    const { handler } = this.#options;
    return new MillraceError('CONF_OPTION_VALUE', `source ${name}: handler ${handler} ${what}`, {
      component: `source ${name}`,
      option: 'handler',
      value: handler,
      remedy:
        'use org.apache.flume.source.http.JSONHandler or …BLOBHandler, or the file of a plug-in that exports ' +
        'createHandler (docs/guide/extend.md)',
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { counters, log } = this.#context;
    request.on('error', () => response.destroy());
    const upload: Upload = { request, response, size: 0 };
    try {
      if (request.method === 'TRACE' || request.method === 'OPTIONS') {
        request.resume();
        return this.#answer(response, 403, 'Forbidden');
      }
      if (!METHODS.split(', ').includes(request.method!)) {
        request.resume();
        response.setHeader('allow', METHODS);
        return this.#answer(response, 405, `HTTP method ${request.method} is not supported by this URL`);
      }
      const body = await this.#body(upload);
      if (body === null) return;
      await this.#handle(request, response, body);
    } catch (error) {
      counters.add('GenericProcessingFail', 1);
      log.error(`source ${this.#context.name}: a request failed`, error);
      this.#answer(response, 500, messageOf(error));
    } finally {
      this.#unfinishedBytes -= upload.size;
    }
  }

  /** The whole body; null when there is too much of it (that is answered) or the client has gone. */
  async #body(upload: Upload): Promise<Buffer | null> {
    const { request } = upload;
    const { maxRequestBytes } = this.#options;
    const chunks: Buffer[] = [];
    if (Number(request.headers['content-length'] ?? 0) > maxRequestBytes) {
      return this.#refuseUpload(upload, 413, tooLarge(maxRequestBytes));
    }
    try {
      const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      for await (const chunk of body) {
        chunks.push(chunk);
        upload.size += chunk.length;
        this.#unfinishedBytes += chunk.length;
        if (upload.size > maxRequestBytes) return this.#refuseUpload(upload, 413, tooLarge(maxRequestBytes));
        if (!this.#mayHold(upload)) return this.#refuseUpload(upload, 503, this.#tooMuch());
      }
    } catch {
      return null;
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }

  /** One request alone is bounded by maxRequestBytes. */
  #mayHold({ size }: Upload): boolean {
    return this.#unfinishedBytes <= this.#options.maxUnfinishedBytes || this.#unfinishedBytes === size;
  }

  #tooMuch(): string {
    return `Requests under way hold more than maxUnfinishedBytes (${this.#options.maxUnfinishedBytes} bytes)`;
  }

  /**
   * Answers before the upload is over. The connection ends once the client has sent the rest, or was given
   * time: a reset would take the answer from it.
   */
  #refuseUpload({ request, response }: Upload, status: number, text: string): null {
    this.#context.counters.add('EventReadFail', 1);
    response.setHeader('connection', 'close');
    const end = this.#write(response, status, text);
    const timer = setTimeout(end, REFUSED_UPLOAD_MS);
    for (const event of ['end', 'close']) {
      request.once(event, () => {
        clearTimeout(timer);
        end();
      });
    }
    request.resume();
    return null;
  }

  async #handle(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const { counters } = this.#context;
    let batch = this.#context.openBatch(body.length + 1024);
    while (batch === null) {
      await this.#context.room();
      batch = this.#context.openBatch(body.length + 1024);
    }
    try {
      const answer: unknown = this.#handler!.handle(requestOf(request, body), batch);
      if (answer instanceof Promise) {
        answer.catch(() => {});
        throw new Error(
          'The handler is asynchronous: handle() must have appended all events when it returns.',
        );
      }
    } catch (error) {
      this.#context.discard(batch);
      counters.add('EventReadFail', 1);
      const status = statusOf(error);
      this.#context.log.warn(`Received bad request from client. ${messageOf(error)}`);
      return this.#answer(response, status, `Bad request from client. ${messageOf(error)}`);
    }
    const events = batch.count;
    counters.add('AppendBatchReceivedCount', 1);
    counters.add('EventReceivedCount', events);
    if (events === 0) {
      this.#context.discard(batch);
    } else {
      const { refusal } = await this.#context.put(batch, 'batch');
      if (refusal !== null) {
        const internal = refusal.code === 'INTERNAL';
        counters.add(internal ? 'GenericProcessingFail' : 'ChannelWriteFail', 1);
        const status = internal ? 500 : 503;
        return this.#answer(
          response,
          status,
          `Error appending event to channel. Channel might be full. ${refusal.text}`,
        );
      }
    }
    counters.add('AppendBatchAcceptedCount', 1);
    counters.add('EventAcceptedCount', events);
    this.#answer(response, 200, '');
  }

  #answer(response: ServerResponse, status: number, text: string): void {
    if (response.headersSent || response.destroyed) return;
    this.#write(response, status, text)();
  }

  /** Writes the whole answer; the function it returns ends it. */
  #write(response: ServerResponse, status: number, text: string): () => void {
    if (this.#options['HttpConfiguration.sendServerVersion']) response.setHeader('server', 'Millrace');
    if (this.#options['HttpConfiguration.sendXPoweredBy']) response.setHeader('x-powered-by', 'Millrace');
    if (status === 200) {
      response.writeHead(200, { 'content-length': 0 });
    } else {
      const escaped = text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
      const page = `<html><head><title>Error ${status}</title></head><body><h2>HTTP ERROR ${status}</h2><p>${escaped}</p></body></html>\n`;
      response.writeHead(status, {
        'content-type': 'text/html;charset=utf-8',
        'content-length': Buffer.byteLength(page),
      });
      response.write(page);
    }
    return () => response.end();
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    const closed = new Promise((resolve) => server.close(resolve));
    this.#front?.close();
    server.closeIdleConnections();
    const timer = setTimeout(() => server.closeAllConnections(), STOP_MS);
    await closed;
    clearTimeout(timer);
  }
}

/** A request whose body is being read. */
interface Upload {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Bytes of it that are held. */
  size: number;
}

function tooLarge(bytesMax: number): string {
  return `The request is larger than maxRequestBytes (${bytesMax} bytes)`;
}

/** A request that is too large as a batch cannot be taken later, either. */
function statusOf(error: unknown): number {
  if (error instanceof Error && error.name === BadRequest.NAME) return 400;
  return error instanceof MillraceError && error.code === 'EVENT_TOO_LARGE' ? 413 : 500;
}

function requestOf(request: IncomingMessage, body: Buffer): HandlerRequest {
  const [path, query] = (request.url ?? '/').split('?', 2);
  const contentType = request.headers['content-type'];
  const parameters = new Map<string, string>();
  const form = contentType?.startsWith('application/x-www-form-urlencoded') ? body.toString('utf8') : '';
  for (const text of [query ?? '', form]) {
    for (const [name, value] of new URLSearchParams(text))
      if (!parameters.has(name)) parameters.set(name, value);
  }
  return { method: request.method ?? 'GET', path: path!, parameters, contentType, body };
}
