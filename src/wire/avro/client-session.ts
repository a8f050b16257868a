/**
 * The client's end of one connection:
 *
 *     new ── handshake ──▶ connected ── calls … ──▶ closed
 *
 * The handshake is a ping, repeated with our protocol's text after NONE.
 * Calls may be sent while others wait for their answers; each is answered by its serial. A call that is not
 * answered in time ends the session, as the answers to come are those of calls that nobody waits for.
 * Memory: a call's events are read until it returns its promise; what the system has not taken by then stays
 * in the buffers of this session, at most the calls in flight.
 */
import { messageOf } from '../../base/errors.ts';
import { IdTable } from '../../base/id-table.ts';
import type { BatchRange } from '../../memory/block/batch.ts';
import { AvroCursor } from './cursor.ts';
import { type AvroFailure, AvroRpcError } from './errors.ts';
import { FrameMemory } from './frame-memory.ts';
import { FrameReader } from './frame-reader.ts';
import { handshakeRequest, MATCH, readHandshakeAnswer } from './handshake.ts';
import { RESPONSE_LIMITS } from './limits.ts';
import { type Compatibility, SAME_PROTOCOL, STATUS, STATUS_NAMES } from './protocol.ts';
import { type BufferSupply, RequestEncoder } from './request-encoder.ts';
import type { Transport, TransportEvents } from './transport.ts';
import { frameOf } from './writer.ts';

export interface ClientSettings {
  readonly requestTimeoutMs: number;
  /** Time for the connection, and again for the handshake. */
  readonly connectTimeoutMs: number;
}

interface Call {
  readonly serial: number;
  readonly resolve: () => void;
  readonly reject: (error: AvroRpcError) => void;
  readonly timer: NodeJS.Timeout;
  /** Reads the answer; throws what the call fails with. */
  readonly answered: (cursor: AvroCursor) => void;
}

/** No meta data, no message: a ping. */
const PING = Buffer.from([0, 0]);
const SPARE_BUFFERS_MAX = 8;
/** Larger ones are rare, and not kept. */
const SPARE_BYTES_MAX = 1024 * 1024;
const SERIAL_MAX = 0x7fffffff;

/** Buffers of requests, used again once they are sent. */
class SpareBuffers implements BufferSupply {
  readonly #spare: Buffer[] = [];

  take(bytes: number): Buffer {
    const last = this.#spare.at(-1);
    if (last === undefined || last.length < bytes) return Buffer.allocUnsafeSlow(bytes);
    this.#spare.pop();
    return last;
  }

  give(buffer: Buffer): void {
    if (this.#spare.length < SPARE_BUFFERS_MAX && buffer.length <= SPARE_BYTES_MAX) this.#spare.push(buffer);
  }
}

export class ClientSession implements TransportEvents {
  readonly #settings: ClientSettings;
  readonly #reader = new FrameReader(RESPONSE_LIMITS, new FrameMemory(2 * RESPONSE_LIMITS.payloadBytesMax));
  readonly #cursor = new AvroCursor();
  readonly #supply = new SpareBuffers();
  readonly #encoder = new RequestEncoder(this.#supply);
  readonly #calls = new IdTable<Call>();
  #transport!: Transport;
  #serial = 0;
  #server: Compatibility = SAME_PROTOCOL;
  #isOrdered = false;
  /** Why no more calls can be made; null while they can. */
  #ended: AvroRpcError | null = null;
  #finishing = false;
  #onClosed: (() => void) | null = null;

  /**
   * Shakes hands over a connection that stands. `open` makes its transport with the session as its events.
   * @throws AvroRpcError when the server does not answer as one of Flume's; the connection is closed then.
   */
  static async open(
    open: (events: TransportEvents) => Transport,
    settings: ClientSettings,
  ): Promise<ClientSession> {
    const session = new ClientSession(settings);
    session.#transport = open(session);
    try {
      const hash = await session.#greet(false);
      if (hash !== null) await session.#greet(true, hash);
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  private constructor(settings: ClientSettings) {
    this.#settings = settings;
  }

  get isOpen(): boolean {
    return this.#ended === null && !this.#finishing;
  }

  /** Calls that are under way at once are executed in their order; a server of Flume may not do so. */
  get isOrdered(): boolean {
    return this.#isOrdered;
  }

  /** Calls without an answer. */
  get inFlight(): number {
    return this.#calls.size;
  }

  /** Called once when the connection has gone. */
  onClosed(closed: () => void): void {
    this.#onClosed = closed;
  }

  /** Resolves with the server's hash when the handshake has to be repeated with our text, else with null. */
  async #greet(withText: boolean, serverHash?: Buffer): Promise<Buffer | null> {
    let repeatWith: Buffer | null = null;
    const serial = this.#nextSerial();
    const request = frameOf(serial, handshakeRequest(withText, serverHash), PING);
    const done = this.#call(serial, this.#settings.connectTimeoutMs, (cursor) => {
      const answer = readHandshakeAnswer(cursor);
      this.#server = answer.server;
      this.#isOrdered = answer.isOrdered;
      if (answer.match !== MATCH.none) return;
      if (withText) throw new AvroRpcError('protocol', 'the server does not take our protocol');
      if (answer.serverHash === null) {
        throw new AvroRpcError('protocol', 'the server tells no hash of its protocol');
      }
      repeatWith = answer.serverHash;
    });
    this.#transport.write(request);
    await done;
    return repeatWith;
  }

  /**
   * Sends the events as one batch; resolves when the server has answered OK. What it is given is read before
   * it returns.
   */
  appendBatch(ranges: readonly BatchRange[]): Promise<void> {
    return this.#send('appendBatch', ranges);
  }

  /** Sends the one event that `range` holds. */
  append(range: BatchRange): Promise<void> {
    return this.#send('append', [range]);
  }

  #send(name: 'append' | 'appendBatch', ranges: readonly BatchRange[]): Promise<void> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    if (this.#finishing) return Promise.reject(new AvroRpcError('connection', 'the session is ending'));
    const reason = this.#server[name];
    if (reason !== null) {
      return Promise.reject(
        new AvroRpcError('protocol', `the server cannot be called with ${name}: ${reason}`),
      );
    }
    const serial = this.#nextSerial();
    const encoder = this.#encoder;
    const done = this.#call(serial, this.#settings.requestTimeoutMs, readStatus);
    encoder.begin(serial, ranges, name === 'appendBatch');
    for (let part = encoder.next(); part !== null; part = encoder.next()) {
      const { buffer } = encoder;
      this.#transport.write(part, () => this.#supply.give(buffer));
    }
    return done;
  }

  #nextSerial(): number {
    this.#serial = this.#serial === SERIAL_MAX ? 1 : this.#serial + 1;
    return this.#serial;
  }

  #call(serial: number, timeoutMs: number, answered: Call['answered']): Promise<void> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail('timeout', `no answer within ${timeoutMs} ms`), timeoutMs);
      this.#calls.add(serial, { serial, resolve, reject, timer, answered });
    });
  }

  bytes(chunk: Buffer): void {
    const reader = this.#reader;
    try {
      reader.add(chunk);
      while (this.#ended === null && reader.next()) this.#answer(reader);
    } catch (error) {
      this.#fail('protocol', `the server sends what is no answer: ${messageOf(error)}`, error);
    }
  }

  #answer({ serial, payload, from, to }: FrameReader): void {
    const call = this.#calls.get(serial);
    if (call === undefined) throw new Error(`an answer to call ${serial}, which was not made`);
    this.#cursor.reset(payload, from, to);
    try {
      call.answered(this.#cursor);
    } catch (error) {
      if (!(error instanceof AvroRpcError)) throw error;
      this.#settle(call);
      call.reject(error);
      return;
    }
    this.#settle(call);
    call.resolve();
  }

  #settle({ serial, timer }: Call): void {
    clearTimeout(timer);
    this.#calls.take(serial);
    if (this.#finishing && this.#calls.size === 0) this.close();
  }

  ended(): void {
    this.#fail('connection', 'the server has ended the connection');
  }

  closed(error: Error | null): void {
    this.#fail('connection', `the connection is closed${error === null ? '' : `: ${error.message}`}`, error);
    this.#reader.close();
    this.#onClosed?.();
  }

  /** Ends the session; every call in flight fails with the same reason. */
  #fail(failure: AvroFailure, text: string, cause?: unknown): void {
    if (this.#ended !== null) return;
    this.#ended = new AvroRpcError(failure, text, cause ?? undefined);
    for (const call of this.#calls.values()) {
      this.#settle(call);
      call.reject(this.#ended);
    }
    this.#transport.destroy();
  }

  /** Ends the session when the calls in flight are answered; takes no more. */
  finish(): void {
    this.#finishing = true;
    if (this.#calls.size === 0) this.close();
  }

  /** Ends the connection; calls in flight fail. */
  close(): void {
    this.#fail('connection', 'the connection was closed');
  }
}

/** meta · error flag · Status, or union {string} */
function readStatus(cursor: AvroCursor): void {
  cursor.skipMap();
  if (cursor.boolean()) {
    cursor.index(1);
    throw new AvroRpcError('remote', cursor.text());
  }
  const status = cursor.index(STATUS_NAMES.length);
  if (status !== STATUS.ok) {
    throw new AvroRpcError('failed', `Avro RPC call returned Status: ${STATUS_NAMES[status]}`);
  }
}
