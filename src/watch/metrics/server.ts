/**
 * The HTTP server of counters: `/metrics` as Flume's HTTPMetricsServer answers, and beside it `/status`
 * (components and why they are not well) and `/healthz`. It listens before the workers are up, and keeps
 * trying when its port is taken.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AgentHandle } from '../../engine/status.ts';
import { metricsJson } from './json.ts';

const RETRY_MS = 3000;
const INDEX =
  '<!DOCTYPE html><title>Millrace</title>Counters are at <a href="./metrics">/metrics</a>, components at <a href="./status">/status</a>.\n';

export interface MetricsServerSettings {
  readonly port: number;
  readonly host?: string;
  /** Null while there is no agent. */
  readonly agent: () => AgentHandle | null;
  readonly onError: (text: string) => void;
}

export class MetricsServer {
  readonly #settings: MetricsServerSettings;
  readonly #server: Server;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(settings: MetricsServerSettings) {
    this.#settings = settings;
    this.#server = createServer(
      { requestTimeout: 30_000 },
      (request, response) => void this.#answer(request, response),
    );
    this.#server.on('error', (error) => {
      this.#settings.onError(
        `The metrics server cannot listen on port ${settings.port}: ${error.message}. ` +
          'Choose another with -Dflume.monitoring.port; it is tried again every 3 s',
      );
      if (!this.#closed) this.#retry = setTimeout(() => this.#listen(), RETRY_MS);
    });
  }

  /** Resolves when the first attempt to listen has ended, either way. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.once('listening', resolve);
      this.#server.once('error', () => resolve());
      this.#listen();
    });
  }

  #listen(): void {
    this.#server.listen(this.#settings.port, this.#settings.host);
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const { method } = request;
    if (method === 'TRACE' || method === 'OPTIONS') return send(response, 403, 'text/plain', 'Forbidden\n');
    const agent = this.#settings.agent();
    switch ((request.url ?? '/').split('?', 1)[0]!.toLowerCase()) {
      case '/metrics':
        return send(
          response,
          200,
          'application/json;charset=utf-8',
          metricsJson(agent?.counterGroups() ?? []),
        );
      case '/status':
        return send(
          response,
          200,
          'application/json;charset=utf-8',
          JSON.stringify(agent === null ? { agent: null, components: [] } : await statusOf(agent)),
        );
      case '/healthz': {
        const failed = (agent?.status() ?? []).filter(
          (one) => one.state === 'failed' || one.state === 'degraded',
        );
        const text = failed.map((one) => `${one.kind} ${one.name}: ${one.state}: ${one.reason}\n`).join('');
        return send(response, failed.length === 0 ? 200 : 503, 'text/plain;charset=utf-8', text || 'ok\n');
      }
      case '/':
        return send(response, 200, 'text/html;charset=utf-8', INDEX);
      default:
        return send(response, 404, 'text/plain', 'Not Found\n');
    }
  }

  stop(): Promise<void> {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

/** Components as `status` has them, each with what it tells of its work. */
async function statusOf(agent: AgentHandle): Promise<object> {
  const progress = await agent.progress();
  const components = agent.status().map((one) => {
    const tables = progress[`${one.kind} ${one.name}`];
    return tables === undefined ? one : { ...one, progress: tables };
  });
  return { agent: agent.agentName, components };
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
