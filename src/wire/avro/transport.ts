/**
 * The bytes of one connection, plain or compressed, behind one face. Compression is one zlib stream (RFC
 * 1950) a direction for the connection's whole life, flushed after each write so that the peer can decode
 * what it has. It lies inside TLS, when both are on.
 */
import type { Duplex } from 'node:stream';
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { badInput } from './errors.ts';

export interface TransportEvents {
  /** Bytes of the peer, valid during the call only. */
  bytes(chunk: Buffer): void;
  /** The peer sends no more. What was received before was handed over. */
  ended(): void;
  /** The connection is gone; called once. */
  closed(error: Error | null): void;
}

export interface Transport {
  /** Bytes written and not sent. */
  readonly waiting: number;
  /** `sent` is called when the bytes may be written over, at once if possible. */
  write(bytes: Uint8Array, sent?: () => void): void;
  /** Stops and goes on handing over bytes, and so reading them. */
  pause(): void;
  resume(): void;
  /** Sends what was written, then says that no more comes. */
  end(): void;
  destroy(error?: Error): void;
}

/**
 * Steps in which bytes are inflated and deflated. Each is a buffer and a trip to Node's thread pool, so the
 * direction of the events takes large ones; a connection's answers are a few bytes each.
 */
const EVENTS_CHUNK_BYTES = 256 * 1024;
const ANSWERS_CHUNK_BYTES = 4 * 1024;

/** @param attach starts the reading and returns the stream to go on with; see `readInto`. */
export function plainTransport<S extends Duplex>(
  attach: (receive: (chunk: Buffer) => void) => S,
  events: TransportEvents,
): Transport & { readonly stream: S } {
  return new PlainTransport(attach, events);
}

class PlainTransport<S extends Duplex> implements Transport {
  readonly stream: S;

  constructor(attach: (receive: (chunk: Buffer) => void) => S, events: TransportEvents) {
    this.stream = attach((chunk) => events.bytes(chunk));
    watch(this.stream, events);
    this.stream.once('end', () => events.ended());
  }

  get waiting(): number {
    return this.stream.writableLength;
  }

  write(bytes: Uint8Array, sent?: () => void): void {
    const { stream } = this;
    if (sent === undefined) {
      stream.write(bytes);
      return;
    }
    let isSent = false;
    stream.write(bytes, () => {
      if (!isSent) sent();
    });
    // The system took all of it at once: no need to wait for the callback.
    if (stream.writableLength > 0 || stream.destroyed) return;
    isSent = true;
    sent();
  }

  pause(): void {
    this.stream.pause();
  }

  resume(): void {
    this.stream.resume();
  }

  end(): void {
    this.stream.end();
  }

  destroy(error?: Error): void {
    this.stream.destroy(error);
  }
}

function watch(stream: Duplex, events: TransportEvents): void {
  let failure: Error | null = null;
  stream.once('error', (error) => {
    failure = error;
  });
  stream.once('close', () => events.closed(failure));
}

/**
 * @param level of what is sent, 0 to 9.
 * @param eventsGo which way most bytes go.
 */
export function deflateTransport(
  stream: Duplex,
  level: number,
  events: TransportEvents,
  eventsGo: 'in' | 'out' = 'out',
): Transport {
  return new DeflateTransport(stream, level, events, eventsGo);
}

class DeflateTransport implements Transport {
  readonly #stream: Duplex;
  readonly #level: number;
  readonly #eventsGo: 'in' | 'out';
  readonly #events: TransportEvents;
  /** Both are made when they are needed: a connection that says nothing costs no 300 KiB. */
  #inflate: Inflate | null = null;
  #deflate: Deflate | null = null;
  #isPaused = false;
  /** The peer has ended, and all that it sent is inflated. */
  #isFlushed = false;
  #waiting = 0;

  constructor(stream: Duplex, level: number, events: TransportEvents, eventsGo: 'in' | 'out') {
    this.#stream = stream;
    this.#level = level;
    this.#eventsGo = eventsGo;
    this.#events = events;
    watch(stream, events);
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.once('end', () => this.#endInput());
    stream.once('close', () => {
      this.#inflate?.destroy();
      this.#deflate?.destroy();
    });
  }

  /** Inflated bytes are bounded: what is not taken stays in the stream, and the socket is not read. */
  #read(chunk: Buffer): void {
    this.#inflate ??= this.#openInflate();
    if (this.#inflate.write(chunk)) return;
    this.#stream.pause();
    this.#inflate.once('drain', () => this.#stream.resume());
  }

  #openInflate(): Inflate {
    const inflate = createInflate(sizes(this.#eventsGo === 'in'));
    inflate.on('data', (chunk: Buffer) => {
      this.#events.bytes(chunk);
      if (this.#isFlushed) this.#tellEnd(inflate);
    });
    inflate.once('end', () => this.#events.ended());
    inflate.once('error', (error) =>
      this.#stream.destroy(badInput(`what it sends is not compressed by deflate: ${error.message}`)),
    );
    if (this.#isPaused) inflate.pause();
    return inflate;
  }

  #endInput(): void {
    if (this.#inflate === null) this.#events.ended();
    else this.#flush(this.#inflate);
  }

  /** A peer never ends its zlib stream: what is flushed is all there is. */
  #flush(inflate: Inflate): void {
    inflate.flush(constants.Z_SYNC_FLUSH, () => {
      this.#isFlushed = true;
      this.#tellEnd(inflate);
    });
  }

  /** Once all of it was handed over, which a reader that pauses puts off. */
  #tellEnd(inflate: Inflate): void {
    if (inflate.readableLength === 0) this.#events.ended();
  }

  get waiting(): number {
    return this.#waiting + this.#stream.writableLength;
  }

  write(bytes: Uint8Array, sent?: () => void): void {
    this.#deflate ??= this.#openDeflate();
    this.#waiting += bytes.length;
    this.#deflate.write(bytes, () => {
      this.#waiting -= bytes.length;
      sent?.();
    });
  }

  #openDeflate(): Deflate {
    const deflate = createDeflate({
      level: this.#level,
      flush: constants.Z_SYNC_FLUSH,
      ...sizes(this.#eventsGo === 'out'),
    });
    deflate.on('data', (chunk: Buffer) => {
      if (this.#stream.destroyed || this.#stream.write(chunk)) return;
      deflate.pause();
      this.#stream.once('drain', () => deflate.resume());
    });
    deflate.once('end', () => this.#stream.end());
    deflate.once('error', (error) => this.#stream.destroy(error));
    return deflate;
  }

  pause(): void {
    this.#isPaused = true;
    this.#inflate?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#inflate?.resume();
  }

  end(): void {
    if (this.#deflate === null) this.#stream.end();
    else this.#deflate.end();
  }

  destroy(error?: Error): void {
    this.#stream.destroy(error);
  }
}

function sizes(hasEvents: boolean) {
  const chunkSize = hasEvents ? EVENTS_CHUNK_BYTES : ANSWERS_CHUNK_BYTES;
  return { chunkSize, readableHighWaterMark: chunkSize, writableHighWaterMark: chunkSize };
}
