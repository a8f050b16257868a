/**
 * One client. A request becomes one put; answers are written in the order of the requests, each when its put
 * is answered. The connection is not read while the source has no room, while too many of its puts wait for
 * their answers, or while the client does not read its answers.
 */
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { PutOutcome, SourceContext } from '../../component/source.ts';
import type { BatchBuilder } from '../../memory/block/builder.ts';
import type { EventDecoder } from '../../wire/avro/event-decoder.ts';
import type { FrameMemory } from '../../wire/avro/frame-memory.ts';
import { FrameReader } from '../../wire/avro/frame-reader.ts';
import type { KnownProtocols } from '../../wire/avro/handshake.ts';
import type { FrameLimits } from '../../wire/avro/limits.ts';
import type { MessageName } from '../../wire/avro/protocol.ts';
import { reply, ServerSession, statusBody, systemError } from '../../wire/avro/server-session.ts';
import type { Transport, TransportEvents } from '../../wire/avro/transport.ts';
import { foreignProtocol } from '../../wire/socket/foreign.ts';

/** Puts of one connection that may wait for their answers. */
const PUTS_MAX = 16;
/** Waiting answers, in bytes, above which a slow reader is not read any more. */
const ANSWERS_BYTES_MAX = 64 * 1024;
/** A client that neither reads nor closes is cut off after this time; the same when the source stops. */
const CLOSE_MS_MAX = 2000;
const STOP_MS_MAX = 250;
const ANSWERED = Promise.resolve();

/** What the connections of a source share. */
export interface ConnectionShared {
  readonly context: SourceContext;
  readonly protocols: KnownProtocols;
  readonly memory: FrameMemory;
  readonly limits: FrameLimits;
  readonly decoder: EventDecoder;
  /** Tells the operator of a peer that does not behave. */
  complain(what: string): void;
  closed(connection: Connection): void;
}

export class Connection implements TransportEvents {
  readonly peer: string;
  readonly #shared: ConnectionShared;
  readonly #transport: Transport;
  readonly #session: ServerSession;
  readonly #reader: FrameReader;
  /** A request is there and could not be handled yet. */
  #held = false;
  #isPaused = false;
  #puts = 0;
  /** Answers that are not written, those of the puts included. */
  #queued = 0;
  #answers: Promise<void> = ANSWERED;
  #inputEnded = false;
  #ending = false;
  #isClosed = false;
  readonly #gone = Promise.withResolvers<void>();
  /** When the last bytes came, and when the request that is half received began; 0 when there is none. */
  #heardMs: number;
  #begunMs = 0;

  constructor(peer: string, shared: ConnectionShared, open: (events: TransportEvents) => Transport) {
    this.peer = peer;
    this.#shared = shared;
    this.#session = new ServerSession(shared.protocols);
    this.#reader = new FrameReader(shared.limits, shared.memory);
    this.#heardMs = shared.context.clock.now();
    this.#transport = open(this);
  }

  bytes(chunk: Buffer): void {
    if (this.#ending || this.#isClosed) return;
    this.#reader.add(chunk);
    this.#work();
  }

  /** Handles what has come whole until something is in the way. */
  #work(): void {
    const reader = this.#reader;
    try {
      for (;;) {
        if (this.#ending || this.#isClosed) return;
        if (!this.#held && !reader.next()) break;
        const wasHeld = this.#held;
        this.#held = this.#mustWait() || !this.#handle(reader);
        if (this.#held) {
          if (!wasHeld) reader.hold();
          this.#pause();
          return;
        }
      }
    } catch (error) {
      this.#drop(error);
      return;
    }
    this.#heardMs = this.#shared.context.clock.now();
    if (!reader.midFrame) this.#begunMs = 0;
    else if (this.#begunMs === 0) this.#begunMs = this.#heardMs;
    if (this.#inputEnded) this.#finish();
  }

  #mustWait(): boolean {
    return this.#puts >= PUTS_MAX || this.#transport.waiting > ANSWERS_BYTES_MAX;
  }

  /** Reads no more until what is in the way may be gone. */
  #pause(): void {
    this.#isPaused = true;
    this.#begunMs = 0;
    this.#transport.pause();
    void this.#goOn().then(() => {
      this.#isPaused = false;
      if (this.#isClosed || this.#ending) return;
      this.#work();
      if (!this.#isPaused) this.#transport.resume();
    });
  }

  #goOn(): Promise<void> {
    if (this.#transport.waiting > ANSWERS_BYTES_MAX) return this.#drained();
    return this.#puts >= PUTS_MAX ? this.#answers : this.#shared.context.room();
  }

  async #drained(): Promise<void> {
    while (!this.#isClosed && this.#transport.waiting > ANSWERS_BYTES_MAX / 2) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
  }

  /** Handles one request; false when there is no room for its events. */
  #handle({ serial, payload, from, to }: FrameReader): boolean {
    const { context } = this.#shared;
    const batch = context.openBatch(to - from);
    if (batch === null) return false;
    try {
      const session = this.#session;
      const request = session.read(payload, from, to);
      if (request.kind === 'call') {
        this.#call(batch, serial, request.message);
        return true;
      }
      context.discard(batch);
      this.#answer(serial, request.body);
      if (request.kind === 'broken') this.#refuse(request.reason);
    } catch (error) {
      if (batch.isOpen) context.discard(batch);
      throw error;
    }
    return true;
  }

  #call(batch: BatchBuilder, serial: number, message: MessageName): void {
    const { context, decoder } = this.#shared;
    const { cursor } = this.#session;
    try {
      if (message === 'append') decoder.event(batch, cursor);
      else decoder.events(batch, cursor);
    } catch (error) {
      context.discard(batch);
      if (error instanceof MillraceError && error.code === 'EVENT_TOO_LARGE') {
        this.#tooLarge(serial, message, error);
        return;
      }
      const broken = this.#session.broken(error);
      this.#answer(serial, broken.body);
      this.#refuse(broken.reason);
      return;
    }
    this.#received(message, batch.count);
    if (batch.count === 0) {
      context.discard(batch);
      context.counters.add('AppendBatchAcceptedCount', 1);
      this.#answer(serial, statusBody(true));
      return;
    }
    this.#put(batch, serial, message);
  }

  #received(message: MessageName, events: number): void {
    const { counters } = this.#shared.context;
    counters.add(message === 'append' ? 'AppendReceivedCount' : 'AppendBatchReceivedCount', 1);
    counters.add('EventReceivedCount', events);
  }

  #put(batch: BatchBuilder, serial: number, message: MessageName): void {
    const { greeting } = this.#session;
    const events = batch.count;
    this.#puts++;
    this.#queued++;
    const before = this.#answers;
    const outcome = this.#shared.context.put(batch, 'batch');
    this.#answers = outcome.then(async (settled) => {
      // Most often nothing is before: no turn of the queue is spent on it then.
      if (this.#queued > 1) await before;
      this.#puts--;
      this.#queued--;
      this.#write(reply(serial, greeting, this.#bodyFor(message, events, settled)));
    });
  }

  #bodyFor(message: MessageName, events: number, { refusal }: PutOutcome): Buffer {
    const { counters } = this.#shared.context;
    if (refusal === null) {
      counters.add(message === 'append' ? 'AppendAcceptedCount' : 'AppendBatchAcceptedCount', 1);
      counters.add('EventAcceptedCount', events);
      return statusBody(true);
    }
    counters.add('ChannelWriteFail', 1);
    // Flume answers FAILED to any failure of a batch, and of one event to that of a channel only.
    if (message === 'append' && refusal.code === 'INTERNAL') return systemError(refusal.text);
    return statusBody(false);
  }

  /** The client will try again for ever: the operator has to know. */
  #tooLarge(serial: number, message: MessageName, error: MillraceError): void {
    const { counters } = this.#shared.context;
    this.#received(message, 0);
    counters.add('ChannelWriteFail', 1);
    this.#shared.complain(
      `${this.peer}: a request is answered with FAILED: ${error.message} (${error.detail.remedy})`,
    );
    this.#answer(serial, statusBody(false));
  }

  /** Answers in turn, without a put. */
  #answer(serial: number, body: Buffer): void {
    const bytes = reply(serial, this.#session.greeting, body);
    if (this.#queued === 0) {
      this.#write(bytes);
      return;
    }
    this.#queued++;
    this.#answers = this.#answers.then(() => {
      this.#queued--;
      this.#write(bytes);
    });
  }

  #write(bytes: Buffer): void {
    if (!this.#isClosed) this.#transport.write(bytes);
  }

  /** The request cannot be read: what follows may be anything. */
  #refuse(reason: string): void {
    this.#shared.context.counters.add('EventReadFail', 1);
    this.#shared.complain(`${this.peer}: a request cannot be read, and its connection is closed: ${reason}`);
    this.#finish();
  }

  #drop(error: unknown): void {
    this.#shared.context.counters.add('EventReadFail', 1);
    const hint = this.#session.connected ? null : foreignProtocol(this.#reader.serial);
    const why = hint === null ? messageOf(error) : `${hint} (${messageOf(error)})`;
    this.#shared.complain(`${this.peer} is disconnected: ${why}`);
    this.#transport.destroy();
  }

  ended(): void {
    this.#inputEnded = true;
    if (!this.#held) this.#finish();
  }

  /** Ends the connection when all that was put is answered. */
  #finish(lingerMs = CLOSE_MS_MAX): void {
    if (this.#ending) return;
    this.#ending = true;
    void this.#answers.then(() => this.#close(lingerMs));
  }

  #close(lingerMs: number): void {
    if (this.#isClosed) return;
    this.#transport.end();
    // Input that is still under way is read away: a reset would take the answers from the client.
    this.#transport.resume();
    const timer = setTimeout(() => this.#transport.destroy(), lingerMs);
    timer.unref();
    void this.#gone.promise.then(() => clearTimeout(timer));
  }

  /** Closes what has been silent, or has been sending one request, for too long. */
  check(nowMs: number, requestMsMax: number, idleMsMax: number): void {
    if (this.#isPaused || this.#ending) return;
    if (requestMsMax > 0 && this.#begunMs > 0 && nowMs - this.#begunMs > requestMsMax) {
      this.#drop(new Error(`its request has not come whole within ${requestMsMax} ms`));
    } else if (idleMsMax > 0 && this.#puts === 0 && nowMs - this.#heardMs > idleMsMax) {
      this.#finish();
    }
  }

  closed(error: Error | null): void {
    if (error instanceof MillraceError) this.#drop(error);
    this.#isClosed = true;
    this.#reader.close();
    this.#shared.closed(this);
    this.#gone.resolve();
  }

  /** Takes no more requests; resolves when those under way are answered and the connection is closed. */
  end(): Promise<void> {
    this.#transport.pause();
    this.#finish(STOP_MS_MAX);
    return this.#gone.promise;
  }
}

/** How often a client that does not read its answers is looked at. */
const DRAIN_LOOK_MS = 20;
