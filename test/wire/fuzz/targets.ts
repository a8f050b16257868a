/**
 * What reads bytes of peers, each with a corpus of right ones: what Java sent (test/fixtures), and what our
 * own encoders make of events with every kind of header. A target is made once and reads all inputs, as the
 * connections of a source share what decodes them.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { duplexPair } from 'node:stream';
import { constants, deflateSync } from 'node:zlib';
import type { BatchBuilder } from '../../../src/memory/block/builder.ts';
import { LegacyCalls } from '../../../src/sources/avro_legacy/calls.ts';
import { framed, unframed } from '../../../src/sources/avro_legacy/framing.ts';
import { readEntries } from '../../../src/sources/scribe/entries.ts';
import { readEvent } from '../../../src/sources/thrift_legacy/event.ts';
import { ClientSession } from '../../../src/wire/avro/client-session.ts';
import { AvroCursor } from '../../../src/wire/avro/cursor.ts';
import { EventDecoder } from '../../../src/wire/avro/event-decoder.ts';
import { FrameMemory } from '../../../src/wire/avro/frame-memory.ts';
import { FrameReader } from '../../../src/wire/avro/frame-reader.ts';
import { KnownProtocols, readHandshakeAnswer } from '../../../src/wire/avro/handshake.ts';
import { PROTOCOL_TEXT } from '../../../src/wire/avro/protocol.ts';
import { reply, ServerSession, statusBody, systemError } from '../../../src/wire/avro/server-session.ts';
import { deflateTransport, type Transport, type TransportEvents } from '../../../src/wire/avro/transport.ts';
import { Scratch } from '../../../src/wire/thrift/byte-queue.ts';
import { EventsIn } from '../../../src/wire/thrift/events-in.ts';
import { FramedMessages, type MessagesIn, UnframedMessages } from '../../../src/wire/thrift/messages-in.ts';
import { readerOf } from '../../../src/wire/thrift/protocols.ts';
import type { ThriftReader } from '../../../src/wire/thrift/reader.ts';
import { readResult } from '../../../src/wire/thrift/replies.ts';
import { RequestEncoder } from '../../../src/wire/thrift/requests.ts';
import type { ProtocolName } from '../../../src/wire/thrift/types.ts';
import { batchOf, type EventOf, openBatch } from '../../kit/editor.ts';
import { call, encodeRequest, frame, GREETING, greetingWith, isRefusal } from '../avro/avro.ts';
import { chunkOf, fixture, messagesOf } from '../thrift/kit.ts';
import { inPieces, type Random } from './mutate.ts';

export type Brought = (events: number) => void;

export interface Target {
  readonly name: string;
  readonly corpus: readonly Buffer[];
  /** Reads what one connection sent, and tells of the events of each call. @throws what `refuses` knows. */
  read(bytes: Buffer, random: Random, brought: Brought): void | Promise<void>;
}

const REFUSALS = ['ThriftProtocolError', 'ThriftApplicationError', 'AvroRpcError'];

/** What a peer may cause; everything else is a fault of ours. */
export function refuses(error: unknown): boolean {
  const { name } = error as Error;
  return isRefusal(error) || REFUSALS.includes(name);
}

const EVENTS: readonly EventOf[] = [
  [{ host: 'a' }, 'one'],
  [{ host: 'a' }, 'two'],
  [{}, ''],
  [{ 'naïve 𝄞': 'wert ü €', long: 'l'.repeat(90) }, 'x'.repeat(200)],
  [Object.fromEntries(Array.from({ length: 34 }, (_, n) => [`name${n}`, `${n}`])), 'many'],
  [{ a: '', '': 'b' }, Buffer.from([0, 0xff, 0x0a])],
];
const LISTS = [EVENTS.slice(0, 3), EVENTS.slice(2), EVENTS];
/** A longer part of what Java sent changes too seldom where it matters. */
const JAVA_BYTES = 2500;

/** Looks at every event of a batch, as its readers would, and gives it up. */
function counted(batch: BatchBuilder): number {
  const { count } = batch;
  for (let i = 0; i < count; i++) {
    for (const text of [...batch.headers(i)].flat()) assert.equal(typeof text, 'string');
    batch.bodyView(i);
  }
  return count;
}

/** One builder, as a source has; whatever happens it is free again. */
class Builder {
  readonly #batch = openBatch([]);

  fill(read: (batch: BatchBuilder) => void): number {
    const batch = this.#batch;
    if (batch.isOpen) batch.cancel();
    batch.begin();
    try {
      read(batch);
      return counted(batch);
    } finally {
      batch.cancel();
    }
  }
}

function avroFixture(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, '../../fixtures/avro-rpc', name));
}

/** A source's end of connections. */
class AvroServer {
  readonly memory = new FrameMemory(2 ** 24);
  readonly #protocols = new KnownProtocols();
  readonly #decoder = new EventDecoder();
  readonly #builder = new Builder();
  readonly #limits = { payloadBytesMax: 2 ** 20, buffersMax: 1024 };

  /** Takes the chunks of one connection; what it returns is called for each, then with null. */
  connection(random: Random, brought: Brought): (chunk: Buffer | null) => void {
    const reader = new FrameReader(this.#limits, this.memory);
    const session = new ServerSession(this.#protocols);
    return (chunk) => {
      if (chunk === null) {
        reader.close();
        return;
      }
      reader.add(chunk);
      while (reader.next()) {
        if (random.onceIn(8)) {
          reader.hold();
          chunk.fill(0xee);
        }
        const { payload, from, to } = reader;
        const request = session.read(payload, from, to);
        if (request.kind !== 'call') continue;
        const events = this.#builder.fill((batch) => {
          if (request.message === 'append') this.#decoder.event(batch, session.cursor);
          else this.#decoder.events(batch, session.cursor);
        });
        brought(events);
      }
    };
  }
}

const AVRO_CORPUS: readonly Buffer[] = [
  avroFixture('none-requests.bin').subarray(0, JAVA_BYTES),
  ...LISTS.flatMap((events) => {
    const batch = batchOf(events);
    const requests = [encodeRequest(2, batch), encodeRequest(3, batchOf(events.slice(0, 1)), false)];
    const hellos = [GREETING, greetingWith(PROTOCOL_TEXT)].map((hello) =>
      frame(1, Buffer.concat([hello, call('')])),
    );
    return hellos.map((hello) => Buffer.concat([hello, ...requests]));
  }),
];

function avro(): Target {
  const server = new AvroServer();
  return {
    name: 'avro: frames, handshakes, calls and events',
    corpus: AVRO_CORPUS,
    read: (bytes, random, brought) => {
      const take = server.connection(random, brought);
      try {
        for (const piece of inPieces(bytes, random)) take(piece);
      } finally {
        take(null);
        assert.equal(server.memory.bytes, 0, 'all memory was given back');
      }
    },
  };
}

const flushed = { finishFlush: constants.Z_SYNC_FLUSH };

function avroDeflate(): Target {
  const server = new AvroServer();
  return {
    name: 'avro: the same compressed, changed after the compression',
    corpus: [avroFixture('deflate-requests.bin'), ...AVRO_CORPUS.map((bytes) => deflateSync(bytes, flushed))],
    read: (bytes, random, brought) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const [client, stream] = duplexPair();
      const take = server.connection(random, brought);
      const transport = deflateTransport(
        stream,
        6,
        {
          bytes: (chunk) => {
            try {
              take(chunk);
            } catch (error) {
              transport.destroy(error as Error);
            }
          },
          ended: () => transport.destroy(),
          closed: (error) => (error === null ? resolve() : reject(error)),
        },
        'in',
      );
      client.on('error', () => {});
      for (const piece of inPieces(bytes, random)) client.write(piece);
      client.end();
      return promise.finally(() => {
        take(null);
        client.destroy();
      });
    },
  };
}

/** Answers to a handshake: both of ours, and what Java's source sends. */
function avroHandshakes(): Target {
  const cursor = new AvroCursor();
  const answers = [
    GREETING,
    greetingWith(PROTOCOL_TEXT),
    Buffer.concat([Buffer.alloc(16), GREETING.subarray(16)]),
  ];
  const own = answers.map((hello) => {
    cursor.reset(hello, 0, hello.length);
    return new KnownProtocols().greet(cursor).response;
  });
  return {
    name: 'avro: answers to handshakes',
    corpus: [...own, avroFixture('none-responses.bin').subarray(12)],
    read: (bytes, _, brought) => {
      cursor.reset(bytes, 0, bytes.length);
      readHandshakeAnswer(cursor);
      brought(1);
    },
  };
}

const CALLS = 5;

/** Answers to calls: OK, FAILED, an error, cut into buffers. */
function avroAnswers(): Target {
  const nothing = Buffer.alloc(0);
  const bodies = [statusBody(true), statusBody(false), systemError('no room'), statusBody(true)];
  const right = Buffer.concat([
    ...bodies.map((body, n) => reply(n + 2, nothing, body)),
    frame(CALLS + 1, statusBody(true).subarray(0, 1), statusBody(true).subarray(1)),
  ]);
  const { ranges } = batchOf(EVENTS.slice(0, 1));
  const settings = { requestTimeoutMs: 60_000, connectTimeoutMs: 60_000 };
  const transport: Transport = {
    waiting: 0,
    write: (_, sent) => sent?.(),
    pause() {},
    resume() {},
    end() {},
    destroy() {},
  };
  return {
    name: 'avro: answers to calls',
    corpus: [right],
    read: async (bytes, random, brought) => {
      let events!: TransportEvents;
      const opening = ClientSession.open((own) => {
        events = own;
        return transport;
      }, settings);
      events.bytes(reply(1, Buffer.from([0, 0, 0, 0]), nothing));
      const session = await opening;
      const calls = Array.from({ length: CALLS }, () => session.appendBatch(ranges));
      for (const piece of inPieces(bytes, random)) events.bytes(piece);
      session.close();
      let wrong: unknown = null;
      for (const { status, reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
        if (status !== 'rejected' || reason.failure === 'failed' || reason.failure === 'remote') brought(1);
        else if (reason.failure === 'protocol') wrong = reason;
      }
      if (wrong !== null) throw wrong;
    },
  };
}

/** Those of Java's messages that are right; the ones behind them are meant to be refused. */
function thriftFixture(name: string): readonly Buffer[] {
  return messagesOf([fixture(name)])
    .slice(0, 4)
    .filter(({ length }) => length < JAVA_BYTES)
    .map(inFrame);
}

function inFrame(message: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeInt32BE(message.length);
  return Buffer.concat([head, message]);
}

/** Messages of one connection, each with what reads it. */
function eachMessage(
  messages: MessagesIn,
  bytes: Buffer,
  random: Random,
  read: (message: Buffer) => void,
): void {
  for (const piece of inPieces(bytes, random)) {
    messages.push(chunkOf(piece));
    while (messages.next() >= 0) read(messages.take());
  }
  messages.clear();
}

/** Calls that come in frames. */
function framedCalls(
  name: string,
  reader: ThriftReader,
  corpus: readonly Buffer[],
  read: (batch: BatchBuilder) => void,
): Target {
  const builder = new Builder();
  const scratch = new Scratch();
  return {
    name,
    corpus,
    read: (bytes, random, brought) =>
      eachMessage(new FramedMessages(scratch, 2 ** 20), bytes, random, (message) => {
        reader.over(message, 0, message.length);
        reader.message();
        brought(builder.fill(read));
      }),
  };
}

function thrift(protocol: ProtocolName): Target {
  const reader = readerOf(protocol);
  const events = new EventsIn(1000);
  const encoder = new RequestEncoder(protocol);
  const own = LISTS.map((list) => {
    const batch = batchOf(list);
    return Buffer.concat([
      Buffer.from(encoder.single(batch).frame),
      Buffer.from(encoder.batch(batch, 0).frame),
    ]);
  });
  const corpus = [...thriftFixture(`${protocol}-requests.bin`), ...own];
  return framedCalls(`thrift: ${protocol} calls and events`, reader, corpus, (batch) =>
    events.read(reader, reader.method === 'append' ? 'event' : 'events', batch),
  );
}

function scribe(): Target {
  const reader = readerOf('binary');
  return framedCalls('scribe: calls and entries', reader, [fixture('scribe-requests.bin')], (batch) => {
    readEntries(reader, batch);
  });
}

function thriftLegacy(): Target {
  const reader = readerOf('binary');
  const scratch = new Scratch();
  return {
    name: 'thrift, legacy: messages without frames',
    corpus: [fixture('thrift-legacy-requests.bin')],
    read: (bytes, random, brought) =>
      eachMessage(new UnframedMessages(scratch, 2 ** 20), bytes, random, (message) => {
        reader.over(message, 0, message.length);
        reader.message();
        brought(readEvent(reader) === null ? 0 : 1);
      }),
  };
}

function thriftAnswers(protocol: ProtocolName): Target {
  const reader = readerOf(protocol);
  const scratch = new Scratch();
  return {
    name: `thrift: ${protocol} answers`,
    corpus: [Buffer.concat(thriftFixture(`${protocol}-answers.bin`))],
    read: (bytes, random, brought) => {
      let sequence = 0;
      eachMessage(new FramedMessages(scratch, 65_536), bytes, random, (message) => {
        reader.over(message, 0, message.length);
        sequence++;
        brought(readResult(reader, { method: sequence <= 2 ? 'append' : 'appendBatch', sequence }) + 1);
      });
    },
  };
}

function avroLegacy(): Target {
  const requests = fixture('avro-legacy-requests.bin').toString('latin1');
  const corpus = requests
    .split('POST ')
    .slice(1)
    .map((request) => Buffer.from(request.slice(request.indexOf('\r\n\r\n') + 4), 'latin1'));
  const calls = new LegacyCalls();
  return {
    name: 'avro, legacy: bodies of requests',
    corpus: [...corpus, ...corpus.map((body) => framed(unframed(body)))],
    read: (bytes, _, brought) => brought(calls.read(unframed(bytes)).event === null ? 0 : 1),
  };
}

export const TARGETS: readonly (() => Target)[] = [
  avro,
  () => thrift('compact'),
  () => thrift('binary'),
  thriftLegacy,
  scribe,
  avroLegacy,
  () => thriftAnswers('compact'),
  () => thriftAnswers('binary'),
  avroHandshakes,
  avroAnswers,
  avroDeflate,
];
