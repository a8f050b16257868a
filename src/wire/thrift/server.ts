/**
 * The connections of a server, whoever listens: admits them up to a limit, ends those that send half a
 * message and no more, and ends all with their answers when it stops.
 */
import type { Socket } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import { ChunkBuffers } from '../socket/chunks.ts';
import { Scratch } from './byte-queue.ts';
import { ThriftConnection } from './connection.ts';
import { FramedMessages, UnframedMessages } from './messages-in.ts';
import type { ThriftReader } from './reader.ts';
import type { ThriftService } from './service.ts';
import type { ThriftWriter } from './writer.ts';

export interface ServerSetup {
  readonly service: ThriftService;
  readonly reader: ThriftReader;
  readonly writer: ThriftWriter;
  readonly framed: boolean;
  /** Bytes of a frame or message. */
  readonly messageBytesMax: number;
  /** 0: without a limit. */
  readonly connectionsMax: number;
  /** Longest time from the first byte of a message to its last; 0: without a limit. */
  readonly messageMsMax: number;
  /** A client sent something that is not allowed, or not in time. */
  onBadInput(): void;
  /** Lines for the log about such clients, one a second at most. */
  warn(text: string): void;
  /** The number of open connections has changed. */
  onConnections(count: number): void;
}

/** How often messages that are not whole are looked for, at least. */
const CHECK_MS_MAX = 1000;
const WARN_MS = 1000;

export class ThriftServer {
  readonly #setup: ServerSetup;
  readonly #connections = new Set<ThriftConnection>();
  readonly #buffers = new ChunkBuffers();
  readonly #scratch = new Scratch();
  /** Runs while there are connections. */
  #checks: NodeJS.Timeout | undefined;
  #warnedMs = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  constructor(setup: ServerSetup) {
    this.#setup = setup;
  }

  /** Whether there is room for one more connection. */
  get hasRoom(): boolean {
    const { connectionsMax } = this.#setup;
    return connectionsMax === 0 || this.#connections.size < connectionsMax;
  }

  /** Serves a connection that stands. */
  serve(socket: Socket): void {
    const { service, reader, writer, framed, messageBytesMax } = this.#setup;
    const messages = new (framed ? FramedMessages : UnframedMessages)(this.#scratch, messageBytesMax);
    const connection: ThriftConnection = new ThriftConnection(socket, {
      buffers: this.#buffers,
      service,
      reader,
      writer,
      framed,
      messages,
      onBadInput: (error) => this.#complain(connection.peer, error),
      onClosed: () => {
        this.#connections.delete(connection);
        this.#counted();
      },
    });
    this.#connections.add(connection);
    this.#counted();
  }

  #counted(): void {
    const { messageMsMax, onConnections } = this.#setup;
    const count = this.#connections.size;
    onConnections(count);
    if (count === 0) {
      clearInterval(this.#checks);
      this.#checks = undefined;
    } else if (messageMsMax > 0) {
      this.#checks ??= setInterval(() => this.#check(), Math.min(messageMsMax / 4, CHECK_MS_MAX));
    }
  }

  #check(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) connection.check(nowMs, this.#setup.messageMsMax);
  }

  #complain(peer: string, error: unknown): void {
    this.#setup.onBadInput();
    const nowMs = performance.now();
    if (nowMs - this.#warnedMs < WARN_MS) {
      this.#unsaid++;
      return;
    }
    const others = this.#unsaid === 0 ? '' : `, and ${this.#unsaid} times more since the last such line`;
    this.#warnedMs = nowMs;
    this.#unsaid = 0;
    this.#setup.warn(`${peer} sent what cannot be taken: ${messageOf(error)}${others}`);
  }

  /** Answers what is under way and ends every connection. */
  async stop(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.end()));
  }
}
