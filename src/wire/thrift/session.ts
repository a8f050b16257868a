/**
 * A client's calls over one connection: answers are matched to calls by their order and checked by their
 * sequence numbers, and each call has its time. After any error but a status or an application exception the
 * session is of no more use, and its connection is closed.
 */
import type { Socket } from 'node:net';
import { Scratch } from './byte-queue.ts';
import {
  STATUS,
  ThriftConnectionError,
  ThriftProtocolError,
  ThriftStatusError,
  ThriftTimeoutError,
} from './errors.ts';
import { FramedMessages } from './messages-in.ts';
import { readerOf } from './protocols.ts';
import type { ThriftReader } from './reader.ts';
import { type CalledMethod, readResult } from './replies.ts';
import type { EncodedCall } from './requests.ts';
import type { ProtocolName } from './types.ts';

interface Waiting {
  readonly call: CalledMethod;
  readonly sentMs: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** An answer is a status, or an exception with a text. */
const ANSWER_BYTES_MAX = 64 * 1024;

export class ThriftSession {
  readonly #socket: Socket;
  readonly #reader: ThriftReader;
  readonly #messages = new FramedMessages(new Scratch(), ANSWER_BYTES_MAX);
  readonly #timeoutMs: number;
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;
  #failure: Error | null = null;
  #isFinishing = false;

  /** @param socket is connected; it is the session's from now on. */
  constructor(socket: Socket, protocol: ProtocolName, timeoutMs: number) {
    this.#socket = socket;
    this.#reader = readerOf(protocol);
    this.#timeoutMs = timeoutMs;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(new ThriftConnectionError(error.message, { cause: error })));
    socket.once('end', () => this.#fail(new ThriftConnectionError('the server ended the connection')));
    socket.once('close', () => this.#fail(new ThriftConnectionError('the connection was closed')));
  }

  /** False once the session has failed or was closed. */
  get isOpen(): boolean {
    return this.#failure === null && !this.#isFinishing;
  }

  /**
   * Sends a call; its frame must not change before the answer is there. Resolves when the server answered OK.
   * @throws ThriftStatusError, ThriftApplicationError, ThriftTimeoutError, ThriftConnectionError,
   *   ThriftProtocolError.
   */
  call({ method, sequence, frame }: EncodedCall): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call: { method, sequence }, sentMs: performance.now(), resolve, reject });
      if (this.#waiting.length === 1) this.#watch();
      this.#socket.write(frame);
    });
  }

  /** Sets the timer to the time of the call that waits longest. */
  #watch(): void {
    const first = this.#waiting[0]!;
    const leftMs = Math.max(0, first.sentMs + this.#timeoutMs - performance.now());
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#fail(new ThriftTimeoutError(`no answer within ${this.#timeoutMs} ms`));
    }, leftMs);
  }

  #unwatch(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #receive(chunk: Buffer): void {
    if (this.#failure !== null) return;
    try {
      this.#messages.push({ bytes: chunk, release: () => {} });
      while (this.#messages.next() >= 0) this.#answered(this.#messages.take());
    } catch (error) {
      this.#fail(error instanceof Error ? error : new ThriftProtocolError(String(error)));
    }
  }

  /** @throws ThriftProtocolError: nothing that comes behind can be trusted. */
  #answered(message: Buffer): void {
    const first = this.#waiting[0];
    if (first === undefined) throw new ThriftProtocolError('an answer to no call');
    this.#reader.over(message, 0, message.length);
    let failure: Error | null = null;
    try {
      const status = readResult(this.#reader, first.call);
      if (status !== STATUS.ok) failure = new ThriftStatusError(status);
    } catch (error) {
      if (error instanceof ThriftProtocolError) throw error;
      failure = error as Error;
    }
    this.#waiting.shift();
    if (this.#waiting.length === 0) this.#unwatch();
    else this.#watch();
    if (failure === null) first.resolve();
    else first.reject(failure);
    if (this.#isFinishing && this.#waiting.length === 0) this.close();
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#unwatch();
    this.#socket.destroy();
    this.#messages.clear();
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** Makes no more calls; the connection ends when those that wait are answered. */
  finish(): void {
    this.#isFinishing = true;
    if (this.#waiting.length === 0) this.close();
  }

  /** Ends the connection; calls that wait fail. */
  close(): void {
    this.#fail(new ThriftConnectionError('the session was closed'));
  }
}
