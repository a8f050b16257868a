/** Sends lines in batches, several at once, and tells how far it is. */
import { isUtf8 } from 'node:buffer';
import { MillraceError } from '../../base/errors.ts';
import { RpcError } from '../../client/errors.ts';
import type { RpcClient } from '../../client/rpc-client.ts';
import type { FlumeEvent } from '../../component/flume-event.ts';
import { EachLine, LINE_BYTES_MAX, LineReader } from '../../component/lines.ts';
import type { Input } from './input.ts';

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

/**
 * Lines as bodies, which point into the chunks they came in: a stream makes a new one for each read.
 * Malformed UTF-8 becomes U+FFFD.
 */
class BodyLines extends EachLine {
  #bodies: Buffer[] = [];
  /** Lines so far. */
  count = 0;

  append(source: Buffer, from: number, to: number): void {
    const line = source.subarray(from, to);
    this.#bodies.push(isUtf8(line) ? line : Buffer.from(line.toString('utf8')));
    this.count++;
  }

  /** The lines since the last call. */
  take(): readonly Buffer[] {
    const taken = this.#bodies;
    this.#bodies = [];
    return taken;
  }
}

function tooLong({ name }: Input, line: number): MillraceError {
  const text = `${name}: line ${line} is longer than ${LINE_BYTES_MAX} bytes, the most that an event holds`;
  return new MillraceError('EVENT_TOO_LARGE', text, { value: name, remedy: 'send text with shorter lines' });
}

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
    const reader = new LineReader();
    const lines = new BodyLines();
    let events: FlumeEvent[] = [];
    let bytes = 0;
    const add = async () => {
      for (const body of lines.take()) {
        events.push({ headers: this.#settings.headers, body });
        bytes += body.length;
        if (events.length < BATCH_EVENTS && bytes < BATCH_BYTES) continue;
        await this.#launch(events, bytes, input);
        events = [];
        bytes = 0;
      }
    };
    for await (const chunk of input.read()) {
      const before = lines.count;
      reader.append(lines, chunk);
      // What is too long began before this chunk.
      if (reader.tooLong > 0) throw tooLong(input, before + 1);
      await add();
    }
    reader.finish(lines);
    await add();
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
    const of = bytes === null ? '' : ` of ${sizeText(bytes)}`;
    this.#settings.tell(`${name}${of}: ${this.summary()} so far`);
  }

  /** `1200000 events (240.0 MB) in 3.1 s, 387096 events/s` */
  summary(): string {
    const seconds = (performance.now() - this.#beganMs) / 1000;
    const rate = Math.round(this.acknowledged / Math.max(seconds, 0.001));
    return `${this.acknowledged} events (${sizeText(this.#bytes)}) in ${seconds.toFixed(1)} s, ${rate} events/s`;
  }
}

function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
