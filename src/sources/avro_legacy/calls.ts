/**
 * One request: handshake, metadata, the name of the message, its event. And the response to it.
 *
 *     request   = clientHash fixed 16 · clientProtocol union {null, string} · serverHash fixed 16
 *                 · meta union {null, map} · call
 *     call      = meta map · name string · event
 *     response  = match enum {BOTH, CLIENT, NONE} · serverProtocol union {null, string}
 *                 · serverHash union {null, fixed} · meta union {null, map} · answer
 *     answer    = meta map · error boolean · null, or union {string} for an error
 */
import type { Headers } from '../../memory/block/headers.ts';
import { AvroCursor } from '../../wire/avro/cursor.ts';
import { badInput } from '../../wire/avro/errors.ts';
import { VARINT_BYTES_MAX, writeBytes } from '../../wire/avro/writer.ts';
import {
  type EventField,
  eventFields,
  FLUME_HASH,
  md5,
  OWN_FIELDS,
  PROTOCOL_HASH,
  PROTOCOL_TEXT,
} from './protocol.ts';

const HASH_BYTES = 16;
/** Clients' protocols that are remembered by their hashes. */
const PROTOCOLS_MAX = 64;
const PROTOCOL_TEXT_MAX = 64 * 1024;
const FIELDS_MAX = 10_000;
/** Zig-zag encoded: BOTH 0, CLIENT 1, NONE 2, and the second branch of a union. */
const BOTH = 0;
const CLIENT = 2;
const NONE = 4;
const SECOND_BRANCH = 2;
const TEXT = Buffer.from(PROTOCOL_TEXT);

export interface LegacyEvent {
  readonly headers: Headers;
  readonly body: Buffer;
}

export interface LegacyCall {
  /** The handshake's response, which stands before the call's. */
  readonly handshake: Buffer;
  /**
   * Null: nothing was called (an unknown client, or a handshake alone), and the handshake is the whole
   * response.
   */
  readonly event: LegacyEvent | null;
}

export class LegacyCalls {
  /**
   * Fields of the events of clients by the hash of their protocol; `learnt` are those that may be forgotten.
   */
  readonly #clients = new Map<string, readonly EventField[]>([
    [PROTOCOL_HASH.toString('hex'), OWN_FIELDS],
    [FLUME_HASH.toString('hex'), OWN_FIELDS],
  ]);
  readonly #learnt: string[] = [];

  /** @throws MillraceError BAD_INPUT */
  read(payload: Buffer): LegacyCall {
    const cursor = new AvroCursor();
    cursor.reset(payload, 0, payload.length);
    const { fields, handshake } = this.#handshake(cursor);
    if (fields === null) return { handshake, event: null };
    cursor.skipMap();
    const name = cursor.text();
    if (name === '') return { handshake, event: null };
    if (name !== 'append') throw badInput(`a message ${name}: there is append only`);
    return { handshake, event: readEvent(cursor, fields) };
  }

  #handshake(cursor: AvroCursor): { fields: readonly EventField[] | null; handshake: Buffer } {
    const clientHash = fixed(cursor).toString('hex');
    const text = cursor.index(2) === 0 ? null : cursor.text();
    const serverHash = fixed(cursor);
    const knowsServer = serverHash.equals(PROTOCOL_HASH) || serverHash.equals(FLUME_HASH);
    if (cursor.index(2) === 1) cursor.skipMap();
    if (text !== null) this.#learn(clientHash, text);
    const fields = this.#clients.get(clientHash) ?? null;
    if (fields === null) return { fields, handshake: response(NONE) };
    return { fields, handshake: response(knowsServer ? BOTH : CLIENT) };
  }

  #learn(hash: string, text: string): void {
    if (this.#clients.has(hash)) return;
    if (text.length > PROTOCOL_TEXT_MAX) throw badInput(`a protocol of ${text.length} characters`);
    // Another hash than the text's would let one client speak for others.
    if (md5(text).toString('hex') !== hash) throw badInput('a protocol that has not the hash it comes with');
    if (this.#learnt.length >= PROTOCOLS_MAX) this.#clients.delete(this.#learnt.shift()!);
    this.#clients.set(hash, eventFields(text));
    this.#learnt.push(hash);
  }
}

function fixed(cursor: AvroCursor): Buffer {
  cursor.skip(HASH_BYTES);
  return cursor.bytes.subarray(cursor.at - HASH_BYTES, cursor.at);
}

function response(match: number): Buffer {
  if (match === BOTH) return Buffer.from([BOTH, 0, 0, 0]);
  const bytes = Buffer.alloc(TEXT.length + HASH_BYTES + VARINT_BYTES_MAX + 8);
  bytes[0] = match;
  bytes[1] = SECOND_BRANCH;
  let at = writeBytes(bytes, 2, TEXT);
  bytes[at++] = SECOND_BRANCH;
  at += PROTOCOL_HASH.copy(bytes, at);
  return bytes.subarray(0, at + 1);
}

/** What follows the handshake when the event was taken: no metadata, no error, null. */
export const TAKEN = Buffer.from([0, 0]);

/** The same when it was not. */
export function refused(text: string): Buffer {
  const message = Buffer.from(text);
  const bytes = Buffer.alloc(message.length + VARINT_BYTES_MAX + 3);
  bytes[1] = 1;
  return bytes.subarray(0, writeBytes(bytes, 3, message));
}

function readEvent(cursor: AvroCursor, fields: readonly EventField[]): LegacyEvent {
  const values = new Map<string, string>();
  let body: Buffer = Buffer.alloc(0);
  let own: Headers = new Map();
  for (const { name, type } of fields) {
    if (type === 'map') own = readMap(cursor);
    else if (name === 'body' && type === 'bytes') body = cursor.view();
    else if (type === 'long') values.set(name, String(long(cursor)));
    else if (type === 'string' || type === 'bytes') values.set(name, cursor.text());
    else values.set(name, type[cursor.index(type.length)]!);
  }
  const headers = new Map<string, string>();
  const known = [
    ['host', 'host'],
    ['timestamp', 'timestamp'],
    ['pri', 'priority'],
    ['nanos', 'nanos'],
  ] as const;
  for (const [header, field] of known) {
    const value = values.get(field);
    if (value !== undefined) headers.set(header, value);
  }
  for (const [name, value] of own) headers.set(name, value);
  headers.set('FlumeOG', 'yes');
  return { headers, body };
}

function readMap(cursor: AvroCursor): Headers {
  const map = new Map<string, string>();
  for (let count = cursor.blockCount(2); count > 0; count = cursor.blockCount(2)) {
    for (let n = 0; n < count; n++) {
      const name = cursor.text();
      map.set(name, cursor.text());
    }
    if (map.size > FIELDS_MAX) throw badInput(`an event with more than ${FIELDS_MAX} fields`);
  }
  return map;
}

/** All 64 bits: nanoseconds since a host was started exceed what a number holds exactly. */
function long(cursor: AvroCursor): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    cursor.skip(1);
    const byte = cursor.bytes[cursor.at - 1]!;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
  }
  throw badInput('a number of more than ten bytes');
}
