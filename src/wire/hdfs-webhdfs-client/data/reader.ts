/** The bytes of a file, from OPEN. */
import type { Stream } from '../cluster/name-nodes.ts';
import type { Counters } from '../counters.ts';
import { readWithDeadline } from '../http/exchange.ts';

/** Read it by `for await`; leaving the loop, or `cancel`, drops the connection. */
export class HdfsReader implements AsyncIterable<Uint8Array> {
  readonly path: string;
  readonly host: string;
  /** Bytes that will come; null when the server does not say. */
  readonly length: number | null;
  readonly #stream: Stream;
  readonly #idleMs: number;
  readonly #counters: Counters;

  constructor(stream: Stream, idleMs: number, counters: Counters) {
    this.#stream = stream;
    this.#idleMs = idleMs;
    this.#counters = counters;
    this.path = stream.exchange.where.path;
    this.host = stream.exchange.where.host;
    const length = stream.head.headers['content-length'];
    this.length = length === undefined ? null : Number(length);
  }

  /** @throws HdfsError when the connection is lost or no byte comes for `idleMs`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const { exchange, head } = this.#stream;
    for await (const chunk of readWithDeadline(exchange, head, this.#idleMs)) {
      this.#counters.bytesRead += chunk.length;
      yield chunk;
    }
  }

  cancel(): void {
    this.#stream.head.destroy();
  }
}
