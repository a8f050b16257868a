/** Servers that play NameNode and DataNode: by a script, or with what real daemons answered. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ClientSettings, WebHdfsClient } from '../../../src/wire/hdfs-webhdfs-client/index.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export type Script = (asked: Asked, answer: ServerResponse, request: IncomingMessage) => void;

/** An HTTP server whose answers are a function of the requests, which it remembers. */
export class ScriptedServer {
  readonly asked: Asked[] = [];
  readonly #server: Server;
  script: Script;

  static async start(t: Pick<TestContext, 'after'>, script: Script): Promise<ScriptedServer> {
    const scripted = new ScriptedServer(script);
    await listen(t, scripted.#server);
    t.after(() => scripted.#server.closeAllConnections());
    return scripted;
  }

  private constructor(script: Script) {
    this.script = script;
    const serve = async (request: IncomingMessage, answer: ServerResponse) => {
      const url = new URL(request.url!, 'http://any');
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of request) chunks.push(chunk as Buffer);
      } catch {
        return;
      }
      const { method = '', headers } = request;
      const body = Buffer.concat(chunks);
      const asked = { method, path: url.pathname, query: url.searchParams, headers, body };
      this.asked.push(asked);
      this.script(asked, answer, request);
    };
    this.#server = createServer(serve);
  }

  get port(): number {
    return portOf(this.#server);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The operations that were asked for. */
  get operations(): readonly (string | null)[] {
    return this.asked.map(({ query }) => query.get('op'));
  }
}

export function json(answer: ServerResponse, body: unknown, status = 200): void {
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function remote(answer: ServerResponse, status: number, javaClassName: string, message: string): void {
  const exception = javaClassName.slice(javaClassName.lastIndexOf('.') + 1);
  json(answer, { RemoteException: { exception, javaClassName, message } }, status);
}

export function standby(answer: ServerResponse): void {
  remote(answer, 403, 'org.apache.hadoop.ipc.StandbyException', 'Operation category READ is not supported');
}

/** The text of fixtures/NAME.http. */
export function captured(name: string): string {
  return readFileSync(join(import.meta.dirname, 'fixtures', `${name}.http`), 'utf8');
}

/** The body of it. */
export function capturedBody(name: string): string {
  return captured(name).split('\r\n\r\n').at(-1)!;
}

/**
 * Answers each request, in turn, with one of the captured answers; addresses in `Location` are made its own.
 * A `100 Continue` is sent as the daemon did: at once, asked or not.
 */
export async function replay(
  t: Pick<TestContext, 'after'>,
  names: readonly string[],
): Promise<{ url: string }> {
  const left = [...names];
  const server = net.createServer((socket) => {
    const answer = captured(left.shift()!).replace(
      /^(location: http:\/\/)[^/]+/im,
      `$1127.0.0.1:${portOf(server)}`,
    );
    const isContinued = answer.startsWith('HTTP/1.1 100');
    const rest = isContinued ? answer.slice(answer.indexOf('\r\n\r\n') + 4) : answer;
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      const hadHead = text.includes('\r\n\r\n');
      text += bytes.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      if (!hadHead && isContinued) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      const isChunked = /transfer-encoding: chunked/i.test(text);
      if (!isChunked || text.endsWith('0\r\n\r\n')) socket.end(rest);
    });
  });
  await listen(t, server);
  return { url: `http://127.0.0.1:${portOf(server)}` };
}

/** A client without pauses, closed with the test. */
export function clientOf(
  t: Pick<TestContext, 'after'>,
  uri: string,
  settings: Partial<ClientSettings> = {},
): WebHdfsClient {
  const client = new WebHdfsClient({
    uri,
    credentials: { kind: 'simple', user: 'root' },
    environment: {},
    retries: { attempts: 2, firstMs: 1, maxMs: 2 },
    ...settings,
  });
  t.after(() => client.close());
  return client;
}

/** A port at which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function portOf(server: net.Server): number {
  return (server.address() as net.AddressInfo).port;
}

async function listen(t: Pick<TestContext, 'after'>, server: net.Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
}
