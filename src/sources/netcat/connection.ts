/**
 * One client. Bytes become events without a copy of single lines: every chunk's whole lines are appended as
 * one run, put at once, and answered in order; the unfinished rest waits for the next chunk.
 *
 * The connection stops reading while the source has no room, while its put waits for an answer with too much
 * behind it, or while the client does not read its answers.
 */
import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import { messageOf } from '../../base/errors.ts';
import type { JavaCharset } from '../../base/java/charset.ts';
import type { PutOutcome, SourceContext } from '../../component/source.ts';
import type { BatchBuilder } from '../../memory/block/builder.ts';

export interface ConnectionSettings {
  readonly charset: JavaCharset;
  readonly lineCharactersMax: number;
  readonly acknowledges: boolean;
  readonly idleMs: number;
  readonly onClosed: (connection: Connection) => void;
}

const NEWLINE = 10;
/** Answers for runs of accepted events, made once. */
const OKS = Buffer.from('OK\n'.repeat(4096));
const OK_BYTES = 3;
/** Puts of one connection that may wait for their answers. */
const PUTS_MAX = 16;
/** Events of one connection that may wait for their answers: a refusal is a long line each. */
const EVENTS_MAX = 128 * 1024;
/** Refusals that are written at once. */
const REFUSALS_A_WRITE = 256;
/** Waiting answers, in bytes, above which a slow reader is not read any more. */
const ANSWERS_BYTES_MAX = 256 * 1024;

const EMPTY = Buffer.alloc(0);

export class Connection {
  readonly #socket: Socket;
  readonly #context: SourceContext;
  readonly #settings: ConnectionSettings;
  readonly #decode: ((bytes: Uint8Array, last: boolean) => string) | null;
  /** The start of a line whose end has not come. */
  #rest: Buffer = EMPTY;
  /** Chunks that came while the source had no room. */
  readonly #waiting: Buffer[] = [];
  #busy = false;
  #puts = 0;
  readonly #putsMax: number;
  /** Events whose put is under way. */
  #events = 0;
  /** Something was written: Java's writer puts a byte order mark before its first text only. */
  #hasWritten = false;
  #closing = false;
  /** Answers are written in the order of the puts. */
  #answers: Promise<void> = Promise.resolve();
  #ending = false;
  #inputEnded = false;
  #ended: Promise<void>;

  constructor(socket: Socket, context: SourceContext, settings: ConnectionSettings) {
    this.#socket = socket;
    this.#context = context;
    this.#settings = settings;
    // Without answers to clients only the source's own room bounds what is in flight.
    this.#putsMax = settings.acknowledges ? PUTS_MAX : Number.POSITIVE_INFINITY;
    const { charset } = settings;
    this.#decode = charset.asciiCompatible && charset.isUtf8 ? null : charset.decoder();
    this.#ended = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.once('end', () => this.#endInput());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => settings.onClosed(this));
    if (settings.idleMs > 0) socket.setTimeout(settings.idleMs).on('timeout', () => this.#endIdle());
  }

  #receive(chunk: Buffer): void {
    this.#waiting.push(chunk);
    if (!this.#busy) this.#work();
  }

  /** Handles waiting chunks until there is no room; then reads no more until there is. */
  #work(): void {
    while (this.#waiting.length > 0 && !this.#ending) {
      if (
        this.#isBehind() ||
        this.#socket.writableLength > ANSWERS_BYTES_MAX ||
        !this.#handle(this.#waiting[0]!)
      ) {
        this.#pause();
        return;
      }
      this.#waiting.shift();
    }
    if (this.#inputEnded && this.#waiting.length === 0) this.#finish();
  }

  /** Whether as much is under way as may be. */
  #isBehind(): boolean {
    return this.#puts >= this.#putsMax || this.#events >= EVENTS_MAX;
  }

  #pause(): void {
    this.#busy = true;
    this.#socket.pause();
    void this.#goOn().then(() => {
      this.#busy = false;
      if (this.#socket.destroyed) this.#waiting.length = 0;
      else this.#socket.resume();
      this.#work();
    });
  }

  /** Resolves when what keeps the connection from reading may be over. */
  #goOn(): Promise<void> {
    if (this.#socket.writableLength > ANSWERS_BYTES_MAX) {
      const socket = this.#socket;
      return new Promise<void>((resolve) => {
        const done = () => {
          // A slow reader is waited for often: nothing of a wait stays behind.
          socket.off('drain', done).off('close', done);
          resolve();
        };
        socket.on('drain', done).on('close', done);
      });
    }
    if (!this.#isBehind()) return this.#context.room();
    void this.#context.settled();
    return this.#answers;
  }

  /**
   * Appends and puts the whole lines of a chunk. False when the source has no room: nothing was done then.
   */
  #handle(chunk: Buffer): boolean {
    if (!this.#mayHoldLine(chunk)) {
      this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
      this.#checkRest();
      return true;
    }
    const batch = this.#context.openBatch(this.#rest.length + chunk.length + (chunk.length >> 2));
    if (batch === null) return false;
    try {
      const tooLong =
        this.#decode === null ? this.#appendBytes(batch, chunk) : this.#appendText(batch, chunk);
      if (batch.count === 0) this.#context.discard(batch);
      else this.#put(batch);
      if (tooLong) this.#refuseLine();
      else this.#checkRest();
    } catch (error) {
      if (batch.isOpen) this.#context.discard(batch);
      this.#context.log.error(`A connection failed: ${messageOf(error)}`, error);
      this.#socket.destroy();
    }
    return true;
  }

  #mayHoldLine(chunk: Buffer): boolean {
    return this.#decode !== null || chunk.includes(NEWLINE);
  }

  /** UTF-8: lines are found in the bytes. Returns whether a line was too long. */
  #appendBytes(batch: BatchBuilder, chunk: Buffer): boolean {
    let from = 0;
    if (this.#rest.length > 0) {
      from = chunk.indexOf(NEWLINE) + 1;
      const line = Buffer.concat([this.#rest, chunk.subarray(0, from)]);
      this.#rest = EMPTY;
      if (this.#appendChecked(batch, line)) return true;
    }
    const lines = from === 0 ? chunk : chunk.subarray(from);
    return this.#appendChecked(batch, lines);
  }

  /** Appends the whole lines of `bytes`, keeps the rest. */
  #appendChecked(batch: BatchBuilder, bytes: Buffer): boolean {
    const { lineCharactersMax } = this.#settings;
    const last = bytes.lastIndexOf(NEWLINE);
    const whole = bytes.subarray(0, last + 1);
    // Java decodes what it reads: malformed bytes become U+FFFD.
    const clean = isUtf8(whole) ? whole : Buffer.from(whole.toString('utf8'));
    const first = batch.count;
    batch.appendLines(clean, 0, clean.length);
    for (let i = first; i < batch.count; i++) {
      if (batch.bodyLength(i) < lineCharactersMax) continue;
      if (batch.bodyText(i).length < lineCharactersMax) continue;
      batch.filter((k) => k < i);
      return true;
    }
    this.#rest = last + 1 === bytes.length ? EMPTY : Buffer.from(bytes.subarray(last + 1));
    return false;
  }

  /** Other charsets are decoded first; bodies are UTF-8 in any case. */
  #appendText(batch: BatchBuilder, chunk: Buffer): boolean {
    const decoded = Buffer.from(this.#decode!(chunk, false), 'utf8');
    const bytes = this.#rest.length === 0 ? decoded : Buffer.concat([this.#rest, decoded]);
    this.#rest = EMPTY;
    if (bytes.includes(NEWLINE)) return this.#appendChecked(batch, bytes);
    this.#rest = bytes;
    return false;
  }

  /** A line that is too long already need not come to its end. */
  #checkRest(): void {
    const { lineCharactersMax } = this.#settings;
    if (this.#rest.length < lineCharactersMax) return;
    if (this.#rest.toString('utf8').length >= lineCharactersMax) this.#refuseLine();
  }

  #put(batch: BatchBuilder): void {
    const events = batch.count;
    const outcome = this.#context.put(batch, 'each', this.#settings.acknowledges ? 'prompt' : 'lazy');
    this.#puts++;
    this.#events += events;
    this.#answers = this.#answers.then(async () => {
      this.#answer(events, await outcome);
      this.#puts--;
      this.#events -= events;
    });
  }

  #answer(events: number, outcome: PutOutcome): void {
    const { acknowledges, charset } = this.#settings;
    if (acknowledges) {
      for (let left = outcome.accepted; left > 0; ) {
        const count = Math.min(left, OKS.length / OK_BYTES);
        this.#write(
          charset.asciiCompatible ? OKS.subarray(0, count * OK_BYTES) : this.#encode('OK\n'.repeat(count)),
        );
        left -= count;
      }
    }
    if (outcome.refusal === null) return;
    const line = `FAILED: ${outcome.refusal.text}\n`;
    for (let left = events - outcome.accepted; left > 0; left -= REFUSALS_A_WRITE) {
      this.#write(this.#encode(line.repeat(Math.min(left, REFUSALS_A_WRITE))));
    }
  }

  #encode(text: string): Uint8Array {
    const { charset } = this.#settings;
    const bytes = charset.encode(text);
    const isMarked = this.#hasWritten && charset.name === 'UTF-16';
    this.#hasWritten = true;
    return isMarked ? bytes.subarray(UTF_16_MARK_BYTES) : bytes;
  }

  #write(bytes: Uint8Array): void {
    if (!this.#socket.writableEnded && !this.#socket.destroyed) this.#socket.write(bytes);
  }

  #refuseLine(): void {
    const { lineCharactersMax } = this.#settings;
    this.#ending = true;
    this.#waiting.length = 0;
    this.#rest = EMPTY;
    void this.#context.settled();
    this.#answers = this.#answers.then(() => {
      this.#write(
        this.#encode(
          `FAILED: Event exceeds the maximum length (${lineCharactersMax} chars, including newline)\n`,
        ),
      );
      this.#close(CLOSE_MS_MAX);
    });
  }

  /** The client sends no more; what came without a line end is dropped, as in Flume. */
  #endInput(): void {
    this.#inputEnded = true;
    if (!this.#busy) this.#work();
  }

  #finish(): void {
    this.#ending = true;
    void this.#context.settled();
    this.#answers = this.#answers.then(() => this.#close(CLOSE_MS_MAX));
  }

  /** Nothing came for the idle time. A client that waits for the channel's answer is not idle. */
  #endIdle(): void {
    if (this.#puts > 0) {
      this.#socket.setTimeout(this.#settings.idleMs);
      return;
    }
    this.#ending = true;
    this.#waiting.length = 0;
    this.#close(CLOSE_MS_MAX);
  }

  /**
   * Sends what is to be sent and says that no more comes. Input that is still under way is read away until
   * the client ends its side, as a reset would take the answers from it; after `lingerMs` it is cut off.
   */
  #close(lingerMs: number): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.removeAllListeners('data');
    this.#socket.resume();
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), lingerMs);
    timer.unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** Stops reading and resolves when all that was put is answered and the connection closed. */
  async end(): Promise<void> {
    this.#ending = true;
    this.#waiting.length = 0;
    this.#socket.pause();
    void this.#context.settled();
    await this.#answers;
    this.#close(STOP_MS_MAX);
    await this.#ended;
  }
}

/** A client that neither reads nor closes is cut off after this time. */
const CLOSE_MS_MAX = 2000;
/** The same when the source stops. */
const STOP_MS_MAX = 250;
const UTF_16_MARK_BYTES = 2;
