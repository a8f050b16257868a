/** Sends lines in batches, several at once, and tells how far it is. */
import { RpcError } from '../../client/errors.ts';
import type { FlumeEvent } from '../../client/event.ts';
import type { RpcClient } from '../../client/rpc-client.ts';
import type { Input } from './input.ts';
import { LineSplitter } from './lines.ts';

export interface SenderSettings {
  readonly headers: ReadonlyMap<string, string>;
  /** For how long events that the source refuses (its channel is full) are sent again. */
  readonly retryMs: number;
  /** Told now and then, and when a file is done. */
  readonly tell: (text: string) => void;
}

const BATCH_EVENTS = 1000;
const BATCH_BYTES = 1024 * 1024;
/** Calls at once, to a source that keeps their order. */
const IN_FLIGHT_MAX = 8;
const TELL_MS = 5000;
const RETRY_MS_FIRST = 250;
const RETRY_MS_MAX = 4000;

export class Sender {
  readonly #client: Pick<RpcClient, 'appendBatch' | 'isOrdered'>;
  readonly #settings: SenderSettings;
  readonly #flying = new Set<Promise<void>>();
  #failure: unknown = null;
  #toldMs = performance.now();
  readonly #beganMs = performance.now();
  /** Events that the source has. */
  acknowledged = 0;
  #bytes = 0;

  constructor(client: Pick<RpcClient, 'appendBatch' | 'isOrdered'>, settings: SenderSettings) {
    this.#client = client;
    this.#settings = settings;
  }

  /** Sends all lines of `input`. @throws what kept it from being sent whole. */
  async send(input: Input): Promise<void> {
    const splitter = new LineSplitter();
    let events: FlumeEvent[] = [];
    let bytes = 0;
    const add = async (lines: readonly Buffer[]) => {
      for (const body of lines) {
        events.push({ headers: this.#settings.headers, body });
        bytes += body.length;
        if (events.length < BATCH_EVENTS && bytes < BATCH_BYTES) continue;
        await this.#launch(events, bytes, input);
        events = [];
        bytes = 0;
      }
    };
    // A file's stream makes a new buffer for each chunk, which the lines point into.
    for await (const chunk of input.read()) await add(splitter.split(chunk));
    await add(splitter.finish());
    if (events.length > 0) await this.#launch(events, bytes, input);
    await Promise.all(this.#flying);
    if (this.#failure !== null) throw this.#failure;
    input.done();
  }

  async #launch(events: readonly FlumeEvent[], bytes: number, input: Input): Promise<void> {
    const atOnce = this.#client.isOrdered ? IN_FLIGHT_MAX : 1;
    while (this.#flying.size >= atOnce) await Promise.race(this.#flying);
    if (this.#failure !== null) throw this.#failure;
    const sent = this.#deliver(events)
      .then(() => {
        this.acknowledged += events.length;
        this.#bytes += bytes;
        this.#tellNowAndThen(input);
      })
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#flying.delete(sent));
    this.#flying.add(sent);
  }

  /** What the source refuses is in no channel: it is sent again. */
  async #deliver(events: readonly FlumeEvent[]): Promise<void> {
    const endMs = performance.now() + this.#settings.retryMs;
    for (let left = events, pauseMs = RETRY_MS_FIRST; ; pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
      try {
        await this.#client.appendBatch(left);
        return;
      } catch (error) {
        const isRefused = error instanceof RpcError && error.failure === 'refused';
        if (!isRefused || performance.now() + pauseMs > endMs || this.#failure !== null) throw error;
        left = left.slice(error.delivered);
        this.#settings.tell(`the source refuses events (is its channel full?); again in ${pauseMs} ms`);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  #tellNowAndThen({ name, bytes }: Input): void {
    const now = performance.now();
    if (now - this.#toldMs < TELL_MS) return;
    this.#toldMs = now;
    const of = bytes === null ? '' : ` of ${megabytes(bytes)}`;
    this.#settings.tell(`${name}${of}: ${this.summary()} so far`);
  }

  /** `1200000 events (240.0 MB) in 3.1 s, 387096 events/s` */
  summary(): string {
    const seconds = (performance.now() - this.#beganMs) / 1000;
    const rate = Math.round(this.acknowledged / Math.max(seconds, 0.001));
    return `${this.acknowledged} events (${megabytes(this.#bytes)}) in ${seconds.toFixed(1)} s, ${rate} events/s`;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
