/**
 * A connection whose bytes are compressed, as a stream: what TLS is spoken over when zlib lies outside it, as
 * Flume 1.10 and 1.11 have it.
 */
import { Duplex } from 'node:stream';
import { deflateTransport, type Transport } from './transport.ts';

export class ZlibStream extends Duplex {
  readonly #transport: Transport;

  /**
   * @param level of what is sent, 0 to 9.
   * @param eventsGo which way most bytes go.
   */
  constructor(stream: Duplex, level: number, eventsGo: 'in' | 'out') {
    super();
    const events = {
      bytes: (chunk: Buffer) => {
        if (!this.push(chunk)) this.#transport.pause();
      },
      ended: () => void this.push(null),
      closed: (error: Error | null) => void this.destroy(error ?? undefined),
    };
    this.#transport = deflateTransport(stream, level, events, eventsGo);
  }

  override _read(): void {
    this.#transport.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#transport.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#transport.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#transport.destroy();
    done(error);
  }
}
