/**
 * The handshake that begins each connection.
 *
 *     request  = clientHash fixed 16 · clientProtocol union {null, string} · serverHash fixed 16 ·
 *                meta union {null, map of bytes}
 *     response = match enum {BOTH, CLIENT, NONE} · serverProtocol union {null, string} ·
 *                serverHash union {null, fixed 16} · meta union {null, map of bytes}
 *
 * BOTH: each knows the other's protocol. CLIENT: the server knows the client's, and sends its own. NONE: the
 * server does not know the client's; the call was not executed and is to be sent again with the text.
 *
 * Of ours: a client whose meta data have the entry `millrace.ordered` is answered with the same entry by a
 * server that executes the calls of a connection one after another. Java's servers give each call to a thread
 * of a pool: calls that are under way at once overtake each other there.
 * Source: Apache Avro specification 1.11, "Protocol Wire Format".
 */
import { createHash } from 'node:crypto';
import type { AvroCursor } from './cursor.ts';
import { badInput } from './errors.ts';
import { PROTOCOL_BYTES_MAX, PROTOCOLS_KNOWN_MAX } from './limits.ts';
import {
  type Compatibility,
  compatibilityOf,
  FLUME_HASH,
  HASH_BYTES,
  PEER_HASHES,
  PROTOCOL_HASH,
  PROTOCOL_TEXT,
  SAME_PROTOCOL,
} from './protocol.ts';
import { writeBytes } from './writer.ts';

export const MATCH = { both: 0, client: 1, none: 2 } as const;
const NULL_BRANCH = 0;
/** The second branch of a union, zig-zag encoded. */
const VALUE_BRANCH_BYTE = 2;

function matchByte(match: number): number {
  return match * 2;
}

const ORDERED = Buffer.from('millrace.ordered');
/** The branch, one entry with an empty value, the end of the map. */
const ORDERED_META = Buffer.concat([
  Buffer.from([VALUE_BRANCH_BYTE, 2, ORDERED.length * 2]),
  ORDERED,
  Buffer.from([0, 0]),
]);
const NO_META = Buffer.from([0]);

const BOTH = responses(Buffer.from([matchByte(MATCH.both), 0, 0]));
const CLIENT = responses(withOwnProtocol(MATCH.client));
const NONE = responses(withOwnProtocol(MATCH.none));

/** A response to clients that asked for order, and to all others. */
function responses(bytes: Buffer): { readonly ordered: Buffer; readonly plain: Buffer } {
  return {
    ordered: Buffer.concat([bytes, ORDERED_META]),
    plain: Buffer.concat([bytes, NO_META]),
  };
}

/** Whether meta data follow that ask for order, or promise it. */
function readsOrdered(cursor: AvroCursor): boolean {
  if (cursor.index(2) === NULL_BRANCH) return false;
  let isOrdered = false;
  for (let count = cursor.blockCount(2); count > 0; count = cursor.blockCount(2)) {
    for (let n = 0; n < count; n++) {
      if (cursor.view().equals(ORDERED)) isOrdered = true;
      cursor.skip(cursor.length());
    }
  }
  return isOrdered;
}

function withOwnProtocol(match: number): Buffer {
  const bytes = Buffer.alloc(PROTOCOL_TEXT.length + 64);
  bytes[0] = matchByte(match);
  bytes[1] = VALUE_BRANCH_BYTE;
  let at = writeBytes(bytes, 2, Buffer.from(PROTOCOL_TEXT));
  bytes[at++] = VALUE_BRANCH_BYTE;
  bytes.set(PROTOCOL_HASH, at);
  return bytes.subarray(0, at + HASH_BYTES);
}

export interface ServerHandshake {
  /** The response, to be sent before the call's. */
  readonly response: Buffer;
  /** What the client's calls mean; null when its protocol is not known, and the call is not executed. */
  readonly client: Compatibility | null;
}

/** The protocols of clients that a server knows, for all its connections. */
export class KnownProtocols {
  readonly #byHash = new Map<string, Compatibility>();

  constructor() {
    for (const hash of PEER_HASHES) this.#byHash.set(hash.toString('latin1'), SAME_PROTOCOL);
  }

  /** Reads a request and makes the response. @throws MillraceError BAD_INPUT when it is none. */
  greet(cursor: AvroCursor): ServerHandshake {
    const clientHash = hashOf(cursor);
    const text = cursor.index(2) === NULL_BRANCH ? null : protocolOf(cursor);
    const serverHash = hashOf(cursor);
    const kind = readsOrdered(cursor) ? 'ordered' : 'plain';
    const client = text === null ? this.#byHash.get(clientHash.toString('latin1')) : compatibilityOf(text);
    if (client === undefined) return { response: NONE[kind], client: null };
    if (text !== null) this.#learn(clientHash, text, client);
    const isKnown = PEER_HASHES.some((hash) => hash.equals(serverHash));
    return { response: (isKnown ? BOTH : CLIENT)[kind], client };
  }

  /** Only from a text that has the hash: one client must not say what another one means. */
  #learn(hash: Buffer, text: string, client: Compatibility): void {
    const key = hash.toString('latin1');
    if (this.#byHash.has(key) || this.#byHash.size >= PROTOCOLS_KNOWN_MAX) return;
    if (createHash('md5').update(text).digest().equals(hash)) this.#byHash.set(key, client);
  }
}

function hashOf(cursor: AvroCursor): Buffer {
  cursor.skip(HASH_BYTES);
  return cursor.bytes.subarray(cursor.at - HASH_BYTES, cursor.at);
}

function protocolOf(cursor: AvroCursor): string {
  const text = cursor.view();
  if (text.length <= PROTOCOL_BYTES_MAX) return text.toString('utf8');
  throw badInput(`a protocol of ${text.length} bytes; at most ${PROTOCOL_BYTES_MAX} are taken`);
}

/**
 * A client's request. The first one has hashes only; the one after NONE has the text.
 * @param serverHash as the server told it, or what it is likely to be.
 */
export function handshakeRequest(withText: boolean, serverHash: Uint8Array = FLUME_HASH): Buffer {
  const bytes = Buffer.alloc(PROTOCOL_TEXT.length + 64);
  bytes.set(withText ? PROTOCOL_HASH : FLUME_HASH, 0);
  let at = HASH_BYTES;
  if (withText) {
    bytes[at] = VALUE_BRANCH_BYTE;
    at = writeBytes(bytes, at + 1, Buffer.from(PROTOCOL_TEXT));
  } else {
    bytes[at++] = 0;
  }
  bytes.set(serverHash, at);
  return Buffer.concat([bytes.subarray(0, at + HASH_BYTES), ORDERED_META]);
}

export interface HandshakeAnswer {
  readonly match: number;
  /** What the server takes; that of our own protocol when it sends none. */
  readonly server: Compatibility;
  readonly serverHash: Buffer | null;
  /** The server executes calls of a connection one after another. */
  readonly isOrdered: boolean;
}

/** Reads a server's response. @throws MillraceError BAD_INPUT when it is none. */
export function readHandshakeAnswer(cursor: AvroCursor): HandshakeAnswer {
  const match = cursor.index(3);
  const text = cursor.index(2) === NULL_BRANCH ? null : protocolOf(cursor);
  const serverHash = cursor.index(2) === NULL_BRANCH ? null : Buffer.from(hashOf(cursor));
  const isOrdered = readsOrdered(cursor);
  return { match, server: text === null ? SAME_PROTOCOL : compatibilityOf(text), serverHash, isOrdered };
}
