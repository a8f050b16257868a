/** Avro's wire format written a second time, plainly, for tests; and requests read by the code under test. */
import { createHash } from 'node:crypto';
import { MillraceError } from '../../../src/base/errors.ts';
import type { Batch } from '../../../src/memory/block/batch.ts';
import { EventDecoder } from '../../../src/wire/avro/event-decoder.ts';
import { FrameMemory } from '../../../src/wire/avro/frame-memory.ts';
import { FrameReader } from '../../../src/wire/avro/frame-reader.ts';
import { KnownProtocols } from '../../../src/wire/avro/handshake.ts';
import { BUFFERS_MAX, type FrameLimits } from '../../../src/wire/avro/limits.ts';
import { PROTOCOL_HASH } from '../../../src/wire/avro/protocol.ts';
import { RequestEncoder } from '../../../src/wire/avro/request-encoder.ts';
import { ServerSession } from '../../../src/wire/avro/server-session.ts';
import { openBatch, type ReadEvent, readBack } from '../../kit/editor.ts';

export type Header = readonly [name: string | Uint8Array, value: string | Uint8Array];
export type WireEvent = readonly [headers: readonly Header[], body: string | Uint8Array];

export function long(value: number): Buffer {
  let rest = value >= 0 ? BigInt(value) * 2n : -BigInt(value) * 2n - 1n;
  const bytes: number[] = [];
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

export function bytes(value: string | Uint8Array): Buffer {
  const content = Buffer.from(value as string);
  return Buffer.concat([long(content.length), content]);
}

export function map(headers: readonly Header[]): Buffer {
  if (headers.length === 0) return Buffer.from([0]);
  return Buffer.concat([long(headers.length), ...headers.flat().map((text) => bytes(text)), long(0)]);
}

export function event([headers, body]: WireEvent): Buffer {
  return Buffer.concat([map(headers), bytes(body)]);
}

export function array(events: readonly WireEvent[]): Buffer {
  if (events.length === 0) return Buffer.from([0]);
  return Buffer.concat([long(events.length), ...events.map(event), long(0)]);
}

export function call(message: string, ...parameters: readonly Uint8Array[]): Buffer {
  return Buffer.concat([long(0), bytes(message), ...parameters]);
}

export function int32(value: number): Buffer {
  const result = Buffer.alloc(4);
  result.writeInt32BE(value);
  return result;
}

/** A frame of one buffer for each part. */
export function frame(serial: number, ...parts: readonly Uint8Array[]): Buffer {
  const list = parts.flatMap((part) => [int32(part.length), part]);
  return Buffer.concat([int32(serial), int32(parts.length), ...list]);
}

/** A handshake with hashes only. */
export const GREETING = Buffer.concat([PROTOCOL_HASH, long(0), PROTOCOL_HASH, long(0)]);

export function md5(text: string): Buffer {
  return createHash('md5').update(text).digest();
}

/** A handshake with a text. */
export function greetingWith(text: string, hash: Uint8Array = md5(text)): Buffer {
  return Buffer.concat([hash, long(1), bytes(text), PROTOCOL_HASH, long(0)]);
}

export interface ReadRequest {
  readonly serial: number;
  readonly message: string;
  readonly events: readonly ReadEvent[];
}

export const LIMITS: FrameLimits = { payloadBytesMax: 64 * 1024 * 1024, buffersMax: BUFFERS_MAX };

export interface ReadSettings {
  readonly connected?: boolean;
  readonly limits?: FrameLimits;
  readonly memory?: FrameMemory;
}

/** What a server makes of these chunks. @throws MillraceError when it would end the connection. */
export function readRequests(chunks: readonly Buffer[], settings: ReadSettings = {}): ReadRequest[] {
  const reader = new FrameReader(settings.limits ?? LIMITS, settings.memory ?? new FrameMemory(2 ** 30));
  const session = new ServerSession(new KnownProtocols());
  const decoder = new EventDecoder();
  const requests: ReadRequest[] = [];
  try {
    if (settings.connected === true) {
      const greeting = Buffer.concat([GREETING, call('')]);
      session.read(greeting, 0, greeting.length);
    }
    for (const chunk of chunks) {
      reader.add(chunk);
      while (reader.next()) {
        const { serial, payload, from, to } = reader;
        const request = session.read(payload, from, to);
        if (request.kind !== 'call') {
          requests.push({ serial, message: request.kind, events: [] });
          continue;
        }
        const batch = openBatch([]);
        if (request.message === 'append') decoder.event(batch, session.cursor);
        else decoder.events(batch, session.cursor);
        requests.push({ serial, message: request.message, events: readBack(batch) });
      }
    }
    return requests;
  } finally {
    reader.close();
  }
}

/** The bytes of a request as the sink writes it. */
export function encodeRequest(serial: number, batch: Batch, isArray = true): Buffer {
  const encoder = new RequestEncoder({ take: (size) => Buffer.alloc(size, 0xee), give: () => {} });
  const parts: Buffer[] = [];
  encoder.begin(serial, batch.ranges, isArray);
  for (let part = encoder.next(); part !== null; part = encoder.next()) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** Cuts at these places, which may lie anywhere. */
export function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b);
  return [0, ...sorted].map((from, n) => whole.subarray(from, sorted[n] ?? whole.length));
}

/** Whether an error is one that a hostile peer may cause. */
export function isRefusal(error: unknown): boolean {
  return error instanceof MillraceError && (error.code === 'BAD_INPUT' || error.code === 'EVENT_TOO_LARGE');
}

export function readEvent(headers: Readonly<Record<string, string>>, body: string): ReadEvent {
  return { headers, body };
}
