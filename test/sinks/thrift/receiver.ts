/** A Thrift server in the test's process that keeps what it gets, and answers as the test says. */
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { Scratch } from '../../../src/wire/thrift/byte-queue.ts';
import { ThriftApplicationError } from '../../../src/wire/thrift/errors.ts';
import { FramedMessages } from '../../../src/wire/thrift/messages-in.ts';
import { writerOf } from '../../../src/wire/thrift/protocols.ts';
import { writeException, writeResult } from '../../../src/wire/thrift/replies.ts';
import type { ProtocolName } from '../../../src/wire/thrift/types.ts';
import { CallDecoder, type TestEvent } from '../../wire/thrift/kit.ts';

/** What is done with a call: a status; an exception; nothing; other bytes; the end of the connection. */
export type Answer = number | 'exception' | 'silence' | 'garbage' | 'other number' | 'end';

export class Receiver {
  readonly calls: { readonly events: readonly TestEvent[]; readonly bytes: number }[] = [];
  connections = 0;
  answer: Answer = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  readonly #decoder: CallDecoder;
  readonly #protocol: ProtocolName;
  #port = 0;

  private constructor(protocol: ProtocolName) {
    this.#protocol = protocol;
    this.#decoder = new CallDecoder(protocol);
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  /** @param port a free one is chosen when it is 0. */
  static async start(
    t: Pick<TestContext, 'after'>,
    protocol: ProtocolName = 'compact',
    port = 0,
  ): Promise<Receiver> {
    const receiver = new Receiver(protocol);
    receiver.#port = port;
    await receiver.listen();
    t.after(() => receiver.close());
    return receiver;
  }

  get port(): number {
    return this.#port;
  }

  /** Events of calls that were answered with OK. */
  get events(): TestEvent[] {
    return this.calls.flatMap(({ events }) => events);
  }

  get bodies(): string[] {
    return this.events.map(({ body }) => body);
  }

  /** Listens, on the same port as before. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as { port: number }).port;
  }

  /** Ends all connections and the port. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.endConnections();
    await closed;
  }

  endConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    const frames = new FramedMessages(new Scratch(), 1 << 26);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      frames.push({ bytes: chunk, release: () => {} });
      while (frames.next() >= 0) this.#call(socket, frames.take());
    });
  }

  #call(socket: Socket, message: Buffer): void {
    const call = this.#decoder.decode(message);
    const writer = writerOf(this.#protocol);
    if (this.answer === 'silence') return;
    if (this.answer === 'end') {
      socket.destroy();
    } else if (this.answer === 'garbage') {
      socket.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    } else if (this.answer === 'exception') {
      writeException(writer, call, new ThriftApplicationError(6, 'Internal error processing appendBatch'));
      socket.write(writer.finish());
    } else {
      const isOther = this.answer === 'other number';
      const status = isOther ? 0 : (this.answer as number);
      if (status === 0 && !isOther) this.calls.push({ events: call.events, bytes: message.length });
      writeResult(writer, isOther ? { ...call, sequence: call.sequence + 1 } : call, status);
      socket.write(writer.finish());
    }
  }
}
