/** An avro source of one's own in the test's process: keeps what it is sent, answers what it is told to. */
import { createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { EventDecoder } from '../../../src/wire/avro/event-decoder.ts';
import { FrameMemory } from '../../../src/wire/avro/frame-memory.ts';
import { FrameReader } from '../../../src/wire/avro/frame-reader.ts';
import { KnownProtocols } from '../../../src/wire/avro/handshake.ts';
import { reply, ServerSession, statusBody, systemError } from '../../../src/wire/avro/server-session.ts';
import {
  deflateTransport,
  plainTransport,
  type Transport,
  type TransportEvents,
} from '../../../src/wire/avro/transport.ts';
import { openBatch, type ReadEvent, readBack } from '../../kit/editor.ts';
import { LIMITS } from '../../wire/avro/avro.ts';

export type Answer = 'OK' | 'FAILED' | 'error' | 'nothing' | 'close';

export class AvroPeer {
  readonly events: ReadEvent[] = [];
  /** Events of each call that was answered OK. */
  readonly batches: number[] = [];
  readonly sockets = new Set<Socket>();
  connections = 0;
  status: Answer = 'OK';
  /** Answers to the next calls, before `status` counts. */
  readonly answers: Answer[] = [];
  readonly port: number;
  readonly #server: Server;
  readonly #compression: 'none' | 'deflate';

  constructor(t: Pick<TestContext, 'after'>, compression: 'none' | 'deflate' = 'none') {
    this.#compression = compression;
    this.#server = createServer((socket) => this.#serve(socket));
    // Without a host to look up the port is bound at once.
    this.#server.listen(0);
    this.port = (this.#server.address() as { port: number }).port;
    t.after(() => this.close());
  }

  get bodies(): string[] {
    return this.events.map(({ body }) => body);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.connections++;
    this.sockets.add(socket);
    const session = new ServerSession(new KnownProtocols());
    const reader = new FrameReader(LIMITS, new FrameMemory(2 ** 28));
    const decoder = new EventDecoder();
    const answer = (): Buffer | null => {
      const request = session.read(reader.payload, reader.from, reader.to);
      if (request.kind !== 'call') return request.body;
      const batch = openBatch([]);
      decoder.events(batch, session.cursor);
      const status = this.answers.shift() ?? this.status;
      if (status === 'OK') {
        this.batches.push(batch.count);
        this.events.push(...readBack(batch));
      }
      return this.#body(socket, status);
    };
    let transport: Transport | null = null;
    const events: TransportEvents = {
      bytes: (chunk) => {
        reader.add(chunk);
        while (reader.next()) {
          const body = answer();
          if (body !== null) transport?.write(reply(reader.serial, session.greeting, body));
        }
      },
      ended: () => {},
      closed: () => {
        reader.close();
        this.sockets.delete(socket);
      },
    };
    transport =
      this.#compression === 'deflate'
        ? deflateTransport(socket, 6, events, 'in')
        : plainTransport((receive) => socket.on('data', receive), events);
  }

  #body(socket: Socket, status: Answer): Buffer | null {
    switch (status) {
      case 'OK':
        return statusBody(true);
      case 'FAILED':
        return statusBody(false);
      case 'error':
        return systemError('the peer has an error');
      case 'close':
        socket.destroy();
        return null;
      default:
        return null;
    }
  }
}
