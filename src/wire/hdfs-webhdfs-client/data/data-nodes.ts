/**
 * The second step of an operation that moves bytes: the NameNode answers 307 with the address of a DataNode
 * (HttpFS with its own), and the request is made there.
 *
 * Until a connection stands nothing has been done: a DataNode that is not there is named to the NameNode
 * (`excludedatanodes`), which chooses another one. After that the caller decides. Credentials go only to the
 * server that redirected; a DataNode gets what the NameNode wrote into its address.
 */
import { lookup } from 'node:dns/promises';
import type { Authenticator } from '../authentication/authenticator.ts';
import { hostPort } from '../cluster/addresses.ts';
import { type Answer, type NameNodes, type Stream, signalOf } from '../cluster/name-nodes.ts';
import type { Operation } from '../cluster/operation.ts';
import type { Counters } from '../counters.ts';
import { answerError, HdfsError, TRANSPORT } from '../errors.ts';
import { bodyOf, Exchange, type Server } from '../http/exchange.ts';
import { type CallOptions, DATA_NODES_MAX, type Deadlines, type TlsSource, tlsFor } from '../settings.ts';

export interface DataNodesSettings {
  readonly nameNodes: NameNodes;
  readonly authenticator: Authenticator;
  readonly deadlines: Deadlines;
  readonly tls: TlsSource;
  readonly answerBytesMax: number;
  readonly counters: Counters;
}

interface Target {
  readonly server: Server;
  /** Path and query. */
  readonly target: string;
  readonly isSameServer: boolean;
}

export class DataNodes {
  readonly #settings: DataNodesSettings;

  constructor(settings: DataNodesSettings) {
    this.#settings = settings;
  }

  /**
   * A request for which a connection stands and whose body has not begun; the caller writes it and ends it.
   * `signal` covers the opening only.
   */
  async openForWriting(operation: Operation, options: CallOptions): Promise<Exchange> {
    const headers = {
      'content-type': 'application/octet-stream',
      'transfer-encoding': 'chunked',
      expect: '100-continue',
    };
    const signal = signalOf(options);
    return this.#connect(operation, signal, async (answer) => {
      if (answer.status !== 307) throw unexpected(operation, answer);
      return this.#exchange(operation, targetOf(operation, answer), headers, signal);
    });
  }

  /** The answer to a GET, wherever the bytes come from. */
  async openForReading(operation: Operation, options: CallOptions): Promise<Stream> {
    const signal = signalOf(options);
    let direct: Stream | undefined;
    const exchange = await this.#connect(operation, signal, async (answer) => {
      direct = answer.stream;
      if (direct !== undefined) return direct.exchange;
      if (answer.status !== 307) throw unexpected(operation, answer);
      return this.#exchange(operation, targetOf(operation, answer), {}, signal);
    });
    if (direct !== undefined) return direct;
    const { deadlines, answerBytesMax } = this.#settings;
    exchange.request.end();
    exchange.expectAnswer(deadlines.answerMs, 'to the request');
    const head = await exchange.answered;
    const status = head.statusCode ?? 0;
    if (status === 200 || status === 206) return { exchange, head };
    const body = (await bodyOf(exchange, head, answerBytesMax, deadlines.idleMs)).toString('utf8');
    throw answerError(status, body, exchange.where);
  }

  async #connect(
    operation: Operation,
    signal: AbortSignal | undefined,
    begin: (answer: Answer) => Promise<Exchange>,
  ): Promise<Exchange> {
    const tried = new Set<string>();
    const absent = new Set<string>();
    const options = signal === undefined ? {} : { signal };
    for (;;) {
      const excluded = absent.size === 0 ? undefined : [...absent].join(',');
      const answer = await this.#settings.nameNodes.call(operation, options, [
        ['excludedatanodes', excluded],
      ]);
      const exchange = await begin(answer);
      try {
        await exchange.connected;
        return exchange;
      } catch (error) {
        const { host } = exchange.where;
        const isLast = tried.size + 1 >= DATA_NODES_MAX || tried.has(host);
        if (!(error instanceof HdfsError) || !error.isConnectFailure || isLast) throw error;
        tried.add(host);
        for (const name of await namesOf(exchange.server)) absent.add(name);
        this.#settings.counters.failovers += 1;
      }
    }
  }

  async #exchange(
    operation: Operation,
    { server, target, isSameServer }: Target,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<Exchange> {
    const { authenticator, deadlines, tls } = this.#settings;
    const credentials = isSameServer ? await authenticator.headers(server) : {};
    return new Exchange({
      server,
      method: operation.method,
      target,
      headers: { ...headers, ...credentials },
      deadlines,
      tls: await tlsFor(server, tls),
      signal,
      operation: operation.name,
      path: operation.path,
    });
  }
}

/**
 * What `excludedatanodes` may name a DataNode by. NameNodes take its IP address; a port there would be that
 * of the data transfer, which is not known here. What they do not know they pass over.
 */
async function namesOf({ host }: Server): Promise<readonly string[]> {
  try {
    const { address } = await lookup(host);
    return [host, address];
  } catch {
    return [host];
  }
}

function targetOf(operation: Operation, { location, endpoint }: Answer): Target {
  const where = { operation: operation.name, path: operation.path, host: hostPort(endpoint) };
  const refuse = (reason: string) =>
    new HdfsError(reason, { ...where, exception: TRANSPORT.protocol, outcome: 'refused' });
  const base = `${endpoint.secure ? 'https' : 'http'}://${hostPort(endpoint)}`;
  if (!URL.canParse(location, base)) throw refuse(`redirected to '${location}', which is no address`);
  const url = new URL(location, base);
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:') throw refuse(`redirected to ${url.protocol}, which is not HTTP`);
  if (endpoint.secure && !secure)
    throw refuse(`redirected from https to ${url.origin}: it would go unencrypted`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const isSameServer = host === endpoint.host && port === endpoint.port && secure === endpoint.secure;
  return { server: { secure, host, port }, target: `${url.pathname}${url.search}`, isSameServer };
}

function unexpected(operation: Operation, { status, endpoint, body }: Answer): HdfsError {
  const text = body.slice(0, 200);
  return new HdfsError(
    `HTTP ${status} where 307 with the address of a DataNode is wanted ${text}`.trimEnd(),
    {
      exception: TRANSPORT.protocol,
      operation: operation.name,
      path: operation.path,
      host: hostPort(endpoint),
      status,
      outcome: 'unknown',
    },
  );
}
