/** Blocks and calls for the tests of the wire: events in, bytes out, and back. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Batch } from '../../../src/memory/block/batch.ts';
import { BatchBuilder } from '../../../src/memory/block/builder.ts';
import { BatchView } from '../../../src/memory/block/view.ts';
import { BlockStore } from '../../../src/memory/store/store.ts';
import type { Chunk } from '../../../src/wire/socket/chunks.ts';
import { Scratch } from '../../../src/wire/thrift/byte-queue.ts';
import { EventsIn } from '../../../src/wire/thrift/events-in.ts';
import { FramedMessages } from '../../../src/wire/thrift/messages-in.ts';
import { readerOf } from '../../../src/wire/thrift/protocols.ts';
import type { ProtocolName } from '../../../src/wire/thrift/types.ts';

export const PROTOCOLS: readonly ProtocolName[] = ['compact', 'binary'];

export interface TestEvent {
  readonly body: string;
  readonly headers: readonly (readonly [string, string])[];
}

export interface TestCall {
  readonly method: string;
  readonly sequence: number;
  readonly events: readonly TestEvent[];
}

export function event(body: string, headers: Readonly<Record<string, string>> = {}): TestEvent {
  return { body, headers: Object.entries(headers) };
}

/** A view of a block of these events; `common` are headers that all of them get, without overwriting. */
export function viewOf(
  events: readonly TestEvent[],
  common: Readonly<Record<string, string>> = {},
): BatchView {
  const builder = new BatchBuilder(new BlockStore(1));
  builder.begin(64);
  for (const { body, headers } of events) builder.appendText(body, new Map(headers));
  for (const [name, value] of Object.entries(common)) builder.setHeaderOnAll(name, value, true);
  const { segment, offset } = builder.finish(0);
  return new BatchView(segment, offset);
}

export function batchOf(...views: readonly BatchView[]): Batch {
  return new Batch(views.map((view) => ({ view, first: 0, count: view.count })));
}

export function eventsOf(view: BatchView): TestEvent[] {
  return Array.from({ length: view.count }, (_, i) => ({
    body: view.bodyText(i),
    headers: [...view.headers(i)],
  }));
}

/** Reads calls of ThriftSourceProtocol, as the source does. Throws what the decoder throws. */
export class CallDecoder {
  readonly #reader;
  readonly #events = new EventsIn();
  readonly #builder = new BatchBuilder(new BlockStore(1));

  constructor(protocol: ProtocolName) {
    this.#reader = readerOf(protocol);
  }

  decode(message: Buffer): TestCall {
    this.#reader.over(message, 0, message.length);
    this.#reader.message();
    const { method, sequence } = this.#reader;
    this.#builder.begin(message.length);
    try {
      this.#events.read(this.#reader, method === 'append' ? 'event' : 'events', this.#builder);
      if (this.#builder.count === 0) return { method, sequence, events: [] };
      const { segment, offset } = this.#builder.finish(0);
      return { method, sequence, events: eventsOf(new BatchView(segment, offset)) };
    } finally {
      if (this.#builder.isOpen) this.#builder.cancel();
    }
  }
}

/** A chunk that is filled with other bytes once it is released. */
export function chunkOf(piece: Uint8Array | readonly number[]): Chunk {
  const bytes = Buffer.from(piece as Uint8Array);
  return { bytes, release: () => bytes.fill(0xee) };
}

/** The messages in a stream of frames that arrives in these pieces. */
export function messagesOf(pieces: readonly Buffer[], bytesMax = 1 << 24): Buffer[] {
  const frames = new FramedMessages(new Scratch(), bytesMax);
  const messages: Buffer[] = [];
  for (const piece of pieces) {
    frames.push(chunkOf(piece));
    while (frames.next() >= 0) messages.push(Buffer.from(frames.take()));
  }
  return messages;
}

/** `bytes` cut at these places, in any order. */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set([0, ...places.map((place) => place % (bytes.length + 1)), bytes.length])];
  at.sort((a, b) => a - b);
  return at.slice(1).map((end, i) => bytes.subarray(at[i]!, end));
}

export function fixture(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, '../../fixtures/thrift-rpc', name));
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    'host',
    'timestamp',
    'a',
    '',
    'x'.repeat(31),
    'y'.repeat(32),
    'ü'.repeat(130),
    'z'.repeat(300),
  ),
);

const headers = fc
  .array(fc.tuple(text, text), { maxLength: 6 })
  .map((pairs) => [...new Map(pairs)] as readonly (readonly [string, string])[]);

/** Lists of events in which maps are repeated now and then. */
export const someEvents: fc.Arbitrary<TestEvent[]> = fc
  .tuple(
    fc.array(headers, { minLength: 1, maxLength: 4 }),
    fc.array(fc.tuple(fc.string({ unit: 'binary', maxLength: 80 }), fc.nat()), {
      minLength: 1,
      maxLength: 30,
    }),
  )
  .map(([maps, bodies]) => bodies.map(([body, n]) => ({ body, headers: maps[n % maps.length]! })));
