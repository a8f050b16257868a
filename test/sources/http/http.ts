/** An agent with an http source r1, and requests to it. */
import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import type { TestContext } from 'node:test';
import type { Collected } from '../../kit/flow.ts';
import { MEMORY, type RunningSource, runSource, type SourceOptions } from '../../kit/source.ts';

export type Options = SourceOptions;
export type Http = RunningSource;

export function runHttp(
  t: TestContext,
  options: Options = {},
  channel = MEMORY,
  systemProperties: Readonly<Record<string, string>> = {},
): Promise<Http> {
  return runSource(t, { type: 'http', bind: '127.0.0.1', ...options }, { channel, systemProperties });
}

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly type?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/**
 * One request over a connection of its own. The body is sent with its length unless `headers` say otherwise.
 */
export function request(port: number, sent: Sent = {}): Promise<Answered> {
  const { method = 'POST', path = '/', type = 'application/json', headers = {}, body = '' } = sent;
  return new Promise((resolve, reject) => {
    const length =
      'transfer-encoding' in headers || body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
    const all = { 'content-type': type, connection: 'close', ...length, ...headers };
    const out = httpRequest({ port, host: '127.0.0.1', method, path, headers: all }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    out.once('error', reject);
    out.end(body);
  });
}

/** Events in a channel's order, with their headers as an object. */
export function eventsOf(collected: Collected): { headers: Record<string, string>; body: string }[] {
  return collected.events.map(({ headers, body }) => ({
    headers: Object.fromEntries(headers),
    body: Buffer.from(body, 'latin1').toString('utf8'),
  }));
}

/** `count` events as JSON. */
export function jsonEvents(count: number, prefix = 'e'): string {
  return JSON.stringify(
    Array.from({ length: count }, (_, n) => ({ headers: { n: `${n}` }, body: `${prefix}${n}` })),
  );
}
