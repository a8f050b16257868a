/**
 * Whole messages out of a stream, whatever pieces it comes in. `next` says how many bytes the next message
 * has, as soon as all of them are there; `take` lends them.
 *
 * Framed: the length stands in front and is checked against the limit before anything is kept for it.
 * Unframed: see binary-scanner.ts.
 */
import type { Chunk } from '../socket/chunks.ts';
import { foreignProtocol } from '../socket/foreign.ts';
import { BinaryScanner } from './binary-scanner.ts';
import { ByteQueue, type Scratch } from './byte-queue.ts';
import { ThriftProtocolError } from './errors.ts';

export interface MessagesIn {
  push(chunk: Chunk): void;
  /** Bytes of the next message, -1 while it is not whole. @throws ThriftProtocolError */
  next(): number;
  /**
   * The message that `next` told of; valid in this turn of the event loop. It is no longer in the queue then.
   */
  take(): Buffer;
  /** Whether a message has begun and is not whole. */
  readonly isPartial: boolean;
  clear(): void;
}

const HEAD_BYTES = 4;

export class FramedMessages implements MessagesIn {
  readonly #queue: ByteQueue;
  readonly #bytesMax: number;
  /** Of the frame in front; -1 while its head is not there. */
  #frame = -1;

  constructor(scratch: Scratch, bytesMax: number) {
    this.#queue = new ByteQueue(scratch);
    this.#bytesMax = bytesMax;
  }

  push(chunk: Chunk): void {
    this.#queue.push(chunk);
  }

  next(): number {
    if (this.#frame < 0) {
      if (this.#queue.length < HEAD_BYTES) return -1;
      const length = this.#queue.peekInt32();
      if (length < 0)
        throw new ThriftProtocolError(`a frame of ${length} bytes: the peer does not speak framed Thrift`);
      if (length > this.#bytesMax) {
        const hint = foreignProtocol(length);
        const text = tooLarge('frame', length, this.#bytesMax);
        throw new ThriftProtocolError(hint === null ? text : `${hint} (${text})`);
      }
      this.#frame = length;
      this.#queue.drop(HEAD_BYTES);
    }
    return this.#queue.length >= this.#frame ? this.#frame : -1;
  }

  take(): Buffer {
    const length = this.#frame;
    this.#frame = -1;
    if (length === 0) return EMPTY;
    const bytes = this.#queue.peek(length);
    this.#queue.drop(length);
    return bytes;
  }

  get isPartial(): boolean {
    return this.#frame >= 0 || this.#queue.length > 0;
  }

  clear(): void {
    this.#queue.clear();
    this.#frame = -1;
  }
}

export class UnframedMessages implements MessagesIn {
  readonly #queue: ByteQueue;
  readonly #bytesMax: number;
  readonly #scanner = new BinaryScanner();
  /** Bytes of the queue that the scanner has seen. */
  #scanned = 0;
  #isWhole = false;

  constructor(scratch: Scratch, bytesMax: number) {
    this.#queue = new ByteQueue(scratch);
    this.#bytesMax = bytesMax;
  }

  push(chunk: Chunk): void {
    this.#queue.push(chunk);
  }

  next(): number {
    if (!this.#isWhole) this.#scan();
    if (this.#scanned + this.#scanner.announced > this.#bytesMax) {
      throw new ThriftProtocolError(
        tooLarge('message', this.#scanned + this.#scanner.announced, this.#bytesMax),
      );
    }
    return this.#isWhole ? this.#scanned : -1;
  }

  #scan(): void {
    let passed = 0;
    for (const chunk of this.#queue.chunks) {
      const from = Math.max(0, this.#scanned - passed);
      passed += chunk.length;
      if (from >= chunk.length) continue;
      this.#scanned += this.#scanner.scan(chunk, from) - from;
      if (this.#scanner.isDone) {
        this.#isWhole = true;
        return;
      }
    }
  }

  take(): Buffer {
    const length = this.#scanned;
    const bytes = this.#queue.peek(length);
    this.#queue.drop(length);
    this.#restart();
    return bytes;
  }

  #restart(): void {
    this.#scanned = 0;
    this.#isWhole = false;
    this.#scanner.reset();
  }

  get isPartial(): boolean {
    return this.#queue.length > 0;
  }

  clear(): void {
    this.#queue.clear();
    this.#restart();
  }
}

const EMPTY = Buffer.alloc(0);

function tooLarge(what: string, length: number, bytesMax: number): string {
  return `a ${what} of ${length} bytes: at most ${bytesMax} are taken`;
}
