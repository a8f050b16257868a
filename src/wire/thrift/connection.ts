/**
 * One client of a server. Calls are handled as they come and answered in their order; a client may send the
 * next call before the answer to the last.
 *
 * Nothing more is read while the service has no room, or while the client does not read its answers. Bytes
 * that are no Thrift end the connection after the answers to what came before.
 */
import type { Socket } from 'node:net';
import { readChunks } from '../socket/accepted.ts';
import type { Chunk, ChunkBuffers } from '../socket/chunks.ts';
import { ThriftApplicationError, ThriftProtocolError } from './errors.ts';
import type { MessagesIn } from './messages-in.ts';
import type { ThriftReader } from './reader.ts';
import { type CalledMethod, writeException, writeResult } from './replies.ts';
import type { ThriftService } from './service.ts';
import { APPLICATION_ERROR, MESSAGE } from './types.ts';
import type { ThriftWriter } from './writer.ts';

export interface ConnectionSetup {
  readonly service: ThriftService;
  /** Shared by all connections of a thread: a message is read and written in one turn of the event loop. */
  readonly reader: ThriftReader;
  readonly writer: ThriftWriter;
  /** What connections are read into. */
  readonly buffers: ChunkBuffers;
  readonly framed: boolean;
  readonly messages: MessagesIn;
  /** The client sent something that is not allowed; the connection ends. */
  onBadInput(error: unknown): void;
  onClosed(connection: ThriftConnection): void;
}

/** Waiting answers, in bytes, above which a client is not read any more. */
const ANSWERS_BYTES_MAX = 64 * 1024;
/** A client that neither reads nor closes is cut off after this time. */
const CLOSE_MS_MAX = 2000;
/** The same when the server stops. */
const STOP_MS_MAX = 250;

export class ThriftConnection {
  readonly #socket: Socket;
  readonly #setup: ConnectionSetup;
  #isPaused = false;
  /** The client sends no more. */
  #inputEnded = false;
  #isEnding = false;
  /**
   * When the first bytes of a message came that is not whole, on the clock of `performance`; else Infinity.
   */
  #partialSinceMs = Number.POSITIVE_INFINITY;
  #answers: Promise<void> = Promise.resolve();
  readonly #closed: Promise<void>;

  constructor(accepted: Socket, setup: ConnectionSetup) {
    this.#setup = setup;
    // What was called before the client ended its side is still answered.
    accepted.allowHalfOpen = true;
    const socket = readChunks(accepted, setup.buffers, (chunk) => this.#receive(chunk));
    this.#socket = socket;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => socket.destroy());
    socket.once('end', () => {
      this.#inputEnded = true;
      if (!this.#isPaused) this.#finish();
    });
    socket.once('close', () => {
      this.#isEnding = true;
      setup.messages.clear();
      setup.onClosed(this);
    });
  }

  #receive(chunk: Chunk): void {
    if (this.#isEnding) {
      chunk.release();
      return;
    }
    this.#setup.messages.push(chunk);
    if (!this.#isPaused) this.#work();
  }

  get peer(): string {
    return `${this.#socket.remoteAddress}:${this.#socket.remotePort}`;
  }

  /** Ends the connection when a message has been coming in for too long. */
  check(nowMs: number, partialMsMax: number): void {
    if (this.#isPaused || this.#isEnding || nowMs - this.#partialSinceMs < partialMsMax) return;
    this.#fail(new ThriftProtocolError(`a message was not whole after ${partialMsMax} ms`));
  }

  #work(): void {
    const { messages, service } = this.#setup;
    try {
      while (!this.#isEnding) {
        const bytes = messages.next();
        if (bytes < 0) break;
        if (this.#socket.writableLength > ANSWERS_BYTES_MAX || !service.open(bytes)) return this.#pause();
        this.#handle(messages.take());
        this.#partialSinceMs = Number.POSITIVE_INFINITY;
      }
    } catch (error) {
      return this.#fail(error);
    }
    if (!messages.isPartial) this.#partialSinceMs = Number.POSITIVE_INFINITY;
    else if (this.#partialSinceMs === Number.POSITIVE_INFINITY) this.#partialSinceMs = performance.now();
  }

  /** Reads no more until there is room. The time that this takes is not the client's. */
  #pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
    void this.#goOn().then(() => {
      this.#isPaused = false;
      this.#partialSinceMs = Number.POSITIVE_INFINITY;
      if (this.#isEnding) return;
      this.#socket.resume();
      this.#work();
      if (this.#inputEnded && !this.#isPaused) this.#finish();
    });
  }

  #goOn(): Promise<void> {
    if (this.#socket.writableLength <= ANSWERS_BYTES_MAX) return this.#setup.service.room();
    return new Promise((resolve) => {
      this.#socket.once('drain', resolve);
      this.#socket.once('close', () => resolve());
    });
  }

  /** @throws ThriftProtocolError when it is no call: there is nobody to answer. */
  #handle(message: Buffer): void {
    const { reader, service } = this.#setup;
    reader.over(message, 0, message.length);
    try {
      reader.message();
    } catch (error) {
      service.giveUp();
      throw error;
    }
    const { method, sequence, messageType } = reader;
    let result: Promise<number | null>;
    try {
      result = service.handle(reader);
    } catch (error) {
      this.#setup.onBadInput(error);
      result = Promise.reject(applicationError(error));
    }
    this.#answerLater({ method, sequence }, messageType, result);
  }

  #answerLater(call: CalledMethod, messageType: number, result: Promise<number | null>): void {
    // Handled here at once, so that no rejection is without a handler while answers before it are waited for.
    const outcome = result.then(
      (value) => ({ value, error: null }),
      (error: unknown) => ({ value: null, error: applicationError(error) }),
    );
    if (messageType === MESSAGE.oneway) {
      this.#answers = this.#answers.then(() => outcome).then(() => {});
      return;
    }
    this.#answers = this.#answers
      .then(() => outcome)
      .then(({ value, error }) => this.#answer(call, value, error));
  }

  #answer(call: CalledMethod, value: number | null, error: ThriftApplicationError | null): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    const { writer, framed } = this.#setup;
    if (error === null) writeResult(writer, call, value);
    else writeException(writer, call, error);
    // A copy: the writer's memory is used again before the socket is done with it.
    this.#socket.write(Buffer.from(framed ? writer.finish() : writer.unframed()));
  }

  #fail(error: unknown): void {
    this.#setup.onBadInput(error);
    this.#finish();
  }

  /** Takes no more calls, and ends the connection when those under way are answered. */
  #finish(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#setup.messages.clear();
    this.#setup.service.hurry();
    this.#answers = this.#answers.then(() => this.#close(CLOSE_MS_MAX));
  }

  /** What is still sent is read away: a reset would take the answers from the client. */
  #close(lingerMs: number): void {
    const socket = this.#socket;
    socket.resume();
    socket.end();
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    socket.once('close', () => clearTimeout(timer));
    if (socket.destroyed) clearTimeout(timer);
  }

  /** Stops reading and resolves when everything is answered and the connection closed. */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#setup.messages.clear();
    this.#setup.service.hurry();
    await this.#answers;
    this.#close(STOP_MS_MAX);
    await this.#closed;
  }
}

function applicationError(error: unknown): ThriftApplicationError {
  if (error instanceof ThriftApplicationError) return error;
  const isBad = error instanceof ThriftProtocolError;
  const type = isBad ? APPLICATION_ERROR.protocolError : APPLICATION_ERROR.internalError;
  return new ThriftApplicationError(type, isBad ? error.message : 'Internal error');
}
