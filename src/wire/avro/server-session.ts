/**
 * The server's end of one connection, as a state machine over payloads:
 *
 *     new ── handshake: BOTH or CLIENT ──▶ connected        new ── NONE ──▶ new
 *
 * `read` says what a request asks for, and leaves the cursor at its parameters; `reply` frames the answer.
 * The response to a handshake stands before the answer to the call that came with it. A request whose call
 * cannot be understood is answered with a system error, and its connection is no longer in step with us.
 */
import { messageOf } from '../../base/errors.ts';
import { AvroCursor } from './cursor.ts';
import type { KnownProtocols } from './handshake.ts';
import { ERROR_TEXT_MAX } from './limits.ts';
import { type Compatibility, type MessageName, STATUS } from './protocol.ts';
import { frameOf, writeBytes } from './writer.ts';

/** Answer it with `body` and end the connection. */
export interface BrokenRequest {
  readonly kind: 'broken';
  readonly body: Buffer;
  readonly reason: string;
}

export type Request =
  /** `cursor` is at the parameters. */
  | { readonly kind: 'call'; readonly message: MessageName }
  /** Answer it with `body`, without a call. */
  | { readonly kind: 'answer'; readonly body: Buffer }
  | BrokenRequest;

/** Names are longer in error texts at most. */
const NAME_BYTES_MAX = 64;
const NOTHING = Buffer.alloc(0);
/** No meta data, no error, the status. */
const OK = Buffer.from([0, 0, STATUS.ok * 2]);
const FAILED = Buffer.from([0, 0, STATUS.failed * 2]);
const CALLS = {
  append: { kind: 'call', message: 'append' },
  appendBatch: { kind: 'call', message: 'appendBatch' },
} as const;

export class ServerSession {
  readonly cursor = new AvroCursor();
  readonly #protocols: KnownProtocols;
  #client: Compatibility | null = null;
  /** Response to the handshake of the request that was read last. */
  greeting: Buffer = NOTHING;

  constructor(protocols: KnownProtocols) {
    this.#protocols = protocols;
  }

  get connected(): boolean {
    return this.#client !== null;
  }

  /** @throws MillraceError BAD_INPUT when the peer does not speak Avro at all. */
  read(payload: Buffer, from: number, to: number): Request {
    const { cursor } = this;
    cursor.reset(payload, from, to);
    this.greeting = NOTHING;
    if (this.#client === null) {
      const { response, client } = this.#protocols.greet(cursor);
      this.greeting = response;
      this.#client = client;
    }
    if (this.#client === null) return { kind: 'answer', body: NOTHING };
    try {
      return this.#readCall(this.#client);
    } catch (error) {
      return this.broken(error);
    }
  }

  #readCall(client: Compatibility): Request {
    const { cursor } = this;
    cursor.skipMap();
    const name = cursor.view().toString('utf8', 0, NAME_BYTES_MAX);
    if (name === '') return { kind: 'answer', body: NOTHING };
    if (name !== 'append' && name !== 'appendBatch') {
      return { kind: 'answer', body: systemError(`No such remote message: ${name}`) };
    }
    const reason = client[name];
    if (reason === null) return CALLS[name];
    return { kind: 'answer', body: systemError(`The client cannot call ${name}: ${reason}`) };
  }

  /** What to answer to a request whose parameters cannot be read. */
  broken(error: unknown): BrokenRequest {
    const reason = messageOf(error);
    return { kind: 'broken', body: systemError(`The request cannot be read: ${reason}`), reason };
  }
}

export function reply(serial: number, greeting: Buffer, body: Buffer): Buffer {
  return frameOf(serial, greeting, body);
}

export function statusBody(isAccepted: boolean): Buffer {
  return isAccepted ? OK : FAILED;
}

/** No meta data, an error, the union's only branch, its text. */
export function systemError(text: string): Buffer {
  const encoded = Buffer.from(text.slice(0, ERROR_TEXT_MAX));
  const body = Buffer.alloc(encoded.length + 8);
  body[1] = 1;
  return body.subarray(0, writeBytes(body, 3, encoded));
}
