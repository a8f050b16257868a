/**
 * The NameNodes of a cluster: each call goes to the one that answered last, and to the next one when that is
 * a standby, cannot be reached or asks for patience.
 *
 * What is repeated: a call that nobody did (no connection, StandbyException, RetriableException, 429, 503)
 * always; one whose answer was lost only when its operation is `safe`. Each round asks every NameNode once
 * without a pause; between rounds there is a pause that doubles. An error of the cluster about the call
 * itself is final at once.
 */
import http from 'node:http';
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Authenticator } from '../authentication/authenticator.ts';
import { CredentialsError } from '../authentication/ticket.ts';
import type { Counters } from '../counters.ts';
import { answerError, HdfsError, type Outcome, TRANSPORT } from '../errors.ts';
import { bodyOf, Exchange } from '../http/exchange.ts';
import {
  type CallOptions,
  type Deadlines,
  RESTING_MS,
  type Retries,
  type TlsSource,
  tlsFor,
} from '../settings.ts';
import { type Endpoint, hostPort } from './addresses.ts';
import { type Operation, type Parameter, targetOf } from './operation.ts';

const CLOSED = 'the client was closed';

export interface NameNodesSettings {
  readonly endpoints: readonly Endpoint[];
  /** For messages: how the addresses were found. */
  readonly origin: string;
  readonly authenticator: Authenticator;
  readonly deadlines: Deadlines;
  readonly retries: Retries;
  readonly tls: TlsSource;
  readonly connections: number;
  readonly answerBytesMax: number;
  readonly counters: Counters;
}

export interface Answer {
  readonly status: number;
  /** Where a 307 points to; empty without. */
  readonly location: string;
  readonly body: string;
  readonly endpoint: Endpoint;
  /** Of an operation that is a stream, when the server gives the bytes itself (HttpFS). */
  readonly stream?: Stream;
}

/** An answer whose body has not been read. */
export interface Stream {
  readonly exchange: Exchange;
  readonly head: http.IncomingMessage;
}

export class NameNodes {
  readonly #settings: NameNodesSettings;
  readonly #agents: readonly http.Agent[];
  readonly #underWay = new Set<Exchange>();
  #active = 0;
  #isClosed = false;

  constructor(settings: NameNodesSettings) {
    this.#settings = settings;
    const options = { keepAlive: true, maxSockets: settings.connections, timeout: RESTING_MS };
    this.#agents = settings.endpoints.map(({ secure }) =>
      secure ? new https.Agent(options) : new http.Agent(options),
    );
  }

  /** The one that answered last. */
  get active(): Endpoint {
    return this.#settings.endpoints[this.#active]!;
  }

  /** @throws HdfsError */
  async call(
    operation: Operation,
    options: CallOptions = {},
    more: readonly Parameter[] = [],
  ): Promise<Answer> {
    const signal = signalOf(options);
    const failures = new Map<number, HdfsError>();
    const { endpoints, counters, retries } = this.#settings;
    for (let round = 0; ; round++) {
      const first = this.#active;
      for (let n = 0; n < endpoints.length; n++) {
        const index = (first + n) % endpoints.length;
        if (n > 0) counters.failovers += 1;
        try {
          const answer = await this.#ask(index, operation, more, signal);
          this.#active = index;
          return answer;
        } catch (error) {
          if (!isRepeatable(error, operation)) throw error;
          failures.set(index, error);
          // It is the right one and asks for patience: no other would do.
          if (error.isServerRetriable) break;
        }
      }
      if (round >= retries.attempts) throw this.#inVain(failures, operation);
      counters.retries += 1;
      await pause(round, retries, signal, () => this.#inVain(failures, operation));
    }
  }

  /** Calls that are under way fail, and so do those that come: nothing keeps the process up. */
  close(): void {
    this.#isClosed = true;
    for (const exchange of this.#underWay) exchange.abort(CLOSED);
    for (const agent of this.#agents) agent.destroy();
  }

  async #ask(
    index: number,
    operation: Operation,
    more: readonly Parameter[],
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const endpoint = this.#settings.endpoints[index]!;
    const { authenticator } = this.#settings;
    const where = { operation: operation.name, path: operation.path, host: hostPort(endpoint) };
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#exchange(index, operation, more, signal);
      } catch (error) {
        if (error instanceof CredentialsError) {
          const detail = {
            ...where,
            exception: TRANSPORT.credentials,
            outcome: 'refused' as Outcome,
            cause: error,
          };
          throw new HdfsError(error.message, detail);
        }
        const isRenewable = error instanceof HdfsError && authenticator.isRenewable(endpoint, error);
        if (!isRenewable || attempt > 0) throw error;
      }
    }
  }

  async #exchange(
    index: number,
    operation: Operation,
    more: readonly Parameter[],
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const { authenticator, deadlines, tls, counters, answerBytesMax } = this.#settings;
    const endpoint = this.#settings.endpoints[index]!;
    const where = { operation: operation.name, path: operation.path, host: hostPort(endpoint) };
    const parameters = [...more, ...(await authenticator.parameters())];
    const headers = await authenticator.headers(endpoint);
    const tlsSettings = await tlsFor(endpoint, tls);
    if (this.#isClosed) {
      throw new HdfsError(CLOSED, { ...where, exception: TRANSPORT.aborted, outcome: 'refused' });
    }
    const exchange = new Exchange({
      server: endpoint,
      method: operation.method,
      target: targetOf(endpoint.prefix, operation, parameters),
      headers,
      deadlines,
      agent: this.#agents[index]!,
      tls: tlsSettings,
      signal,
      operation: operation.name,
      path: operation.path,
    });
    counters.requests += 1;
    exchange.request.end();
    this.#underWay.add(exchange);
    const head = await this.#answered(exchange).finally(() => this.#underWay.delete(exchange));
    const status = head.statusCode ?? 0;
    const location = head.headers.location ?? '';
    // A refusal takes the cookie back; whether one was shown is asked after.
    if (status !== 401) authenticator.noticeCookies(endpoint, head.headers['set-cookie']);
    if (status === 200 && operation.isStream === true) {
      return { status, location, body: '', endpoint, stream: { exchange, head } };
    }
    const body = (await bodyOf(exchange, head, answerBytesMax, deadlines.idleMs)).toString('utf8');
    if (status >= 400) {
      throw answerError(status, body, where, head.headers['www-authenticate']);
    }
    return { status, location, body, endpoint };
  }

  async #answered(exchange: Exchange): Promise<http.IncomingMessage> {
    await exchange.connected;
    exchange.expectAnswer(this.#settings.deadlines.answerMs, 'to the request');
    return await exchange.answered;
  }

  /** The error when all were asked in vain: of one NameNode its own, of several what each said. */
  #inVain(failures: ReadonlyMap<number, HdfsError>, operation: Operation): HdfsError {
    const { endpoints, origin } = this.#settings;
    const all = [...failures];
    const last = all.at(-1)![1];
    const said = all.map(
      ([index, error]) => `${hostPort(endpoints[index]!)}: ${error.exception}: ${error.reason}`,
    );
    const isAlone = endpoints.length === 1;
    if (isAlone && !last.isConnectFailure) return last;
    const outcome = all.some(([, error]) => error.outcome === 'unknown') ? 'unknown' : 'refused';
    // Who answered says more than who was not there.
    const telling = all.find(([, error]) => !error.isConnectFailure)?.[1] ?? last;
    const reason = isAlone
      ? `${last.reason} (address from ${origin})`
      : `no NameNode is active (${said.join('; ')})`;
    return new HdfsError(reason, {
      exception: telling.exception,
      javaClassName: telling.javaClassName,
      status: telling.status,
      operation: operation.name,
      path: operation.path,
      host: telling.host,
      outcome,
      cause: telling,
      ...(telling.code === undefined ? {} : { code: telling.code }),
    });
  }
}

/** Whether asking again, or another one, is allowed and makes sense. */
function isRepeatable(error: unknown, operation: Operation): error is HdfsError {
  if (!(error instanceof HdfsError)) return false;
  if (error.isStandby || error.isServerRetriable || error.isConnectFailure) return true;
  if (error.javaClassName !== '' || !error.isRetriable) return false;
  return error.outcome === 'refused' || operation.repeat === 'safe';
}

export function signalOf({ signal, deadlineMs }: CallOptions): AbortSignal | undefined {
  if (deadlineMs === undefined || deadlineMs === 0) return signal;
  const deadline = AbortSignal.timeout(deadlineMs);
  return signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
}

/** Between half and the whole of what is due, so that many clients do not come back at once. */
export async function pause(
  round: number,
  { firstMs, maxMs }: Retries,
  signal: AbortSignal | undefined,
  onAbort: () => HdfsError,
): Promise<void> {
  const ms = Math.min(firstMs * 2 ** round, maxMs) * (0.5 + Math.random() / 2);
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    throw onAbort();
  }
}
