/**
 * Takes the frames of Avro's Netty transport apart:
 *
 *     frame = serial int32 · n int32 · n × (length int32 · bytes)      payload = all those bytes, joined
 *
 * Limits: FrameLimits and FrameMemory; a breach throws BAD_INPUT, after which the reader must not be used.
 * Operation: `add` a chunk, then `next` until it is false: the chunk is used up then. Bytes may be cut
 * anywhere. A payload that lies whole in the chunk is handed out there, without a copy; any other is
 * assembled. Who cannot use a payload now calls `hold`, and finds payload and chunk in own memory afterwards.
 */
import { badInput } from './errors.ts';
import type { FrameMemory } from './frame-memory.ts';
import type { FrameLimits } from './limits.ts';

const INT_BYTES = 4;
/** An announced length up to this is believed: its buffer is taken before the bytes are there. */
const BELIEVED_BYTES_MAX = 1024 * 1024;
const EMPTY = Buffer.alloc(0);

const SERIAL = 0;
const COUNT = 1;
const LENGTH = 2;
const BYTES = 3;

export class FrameReader {
  readonly #limits: FrameLimits;
  readonly #memory: FrameMemory;
  #chunk: Buffer = EMPTY;
  #at = 0;
  #end = 0;
  #expects = SERIAL;
  /** Bytes of the integer that is being read, and its value so far. */
  #intBytes = 0;
  #int = 0;
  /** Buffers of the frame that are not read to their end, and bytes of the first of them. */
  #buffersLeft = 0;
  #bytesLeft = 0;
  #assembled: Buffer | null = null;
  #used = 0;
  #announced = 0;

  serial = 0;
  /** The payload is `payload[from, to)`, valid until the next call. */
  payload: Buffer = EMPTY;
  from = 0;
  to = 0;

  constructor(limits: FrameLimits, memory: FrameMemory) {
    this.#limits = limits;
    this.#memory = memory;
  }

  /** Whether a frame has begun and not ended. */
  get midFrame(): boolean {
    return this.#expects !== SERIAL || this.#intBytes > 0;
  }

  /** Hands over the next bytes, which must not change until `next` was false or `hold` was called. */
  add(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
    this.#end = chunk.length;
  }

  /** Goes to the next frame; false when it is not complete yet. */
  next(): boolean {
    this.#release();
    for (;;) {
      switch (this.#expects) {
        case SERIAL:
          if (!this.#readInt()) return false;
          this.serial = this.#int;
          this.#expects = COUNT;
          break;
        case COUNT:
          if (!this.#readInt()) return false;
          if (this.#int < 0 || this.#int > this.#limits.buffersMax) {
            throw badInput(`a frame of ${this.#int} buffers; at most ${this.#limits.buffersMax} are taken`);
          }
          this.#buffersLeft = this.#int;
          this.#announced = 0;
          this.#used = 0;
          if (this.#buffersLeft === 0) return this.#done(EMPTY, 0, 0);
          this.#expects = LENGTH;
          break;
        case LENGTH:
          if (!this.#readInt()) return false;
          this.#checkLength(this.#int);
          this.#bytesLeft = this.#int;
          this.#expects = BYTES;
          break;
        default:
          if (this.#readBytes()) return true;
          if (this.#expects === BYTES) return false;
      }
    }
  }

  #checkLength(length: number): void {
    this.#announced += length;
    if (length >= 0 && this.#announced <= this.#limits.payloadBytesMax) return;
    const { payloadBytesMax } = this.#limits;
    const found = length < 0 ? `a buffer of ${length} bytes` : `a frame of ${this.#announced} bytes or more`;
    throw badInput(`${found}; at most ${payloadBytesMax} are taken`);
  }

  /** True when a whole integer was read. */
  #readInt(): boolean {
    if (this.#intBytes === 0 && this.#end - this.#at >= INT_BYTES) {
      this.#int = this.#chunk.readInt32BE(this.#at);
      this.#at += INT_BYTES;
      return true;
    }
    while (this.#at < this.#end) {
      this.#int = (this.#int << 8) | this.#chunk[this.#at++]!;
      if (++this.#intBytes < INT_BYTES) continue;
      this.#intBytes = 0;
      return true;
    }
    return false;
  }

  /** True at the end of the frame; else the buffer has ended (a length is next) or the chunk has. */
  #readBytes(): boolean {
    const there = this.#end - this.#at;
    if (this.#used === 0 && this.#buffersLeft === 1 && there >= this.#bytesLeft) {
      this.#at += this.#bytesLeft;
      return this.#done(this.#chunk, this.#at - this.#bytesLeft, this.#at);
    }
    const take = Math.min(there, this.#bytesLeft);
    if (take > 0) this.#assemble(take);
    this.#bytesLeft -= take;
    if (this.#bytesLeft > 0) return false;
    this.#expects = LENGTH;
    if (--this.#buffersLeft > 0) return false;
    return this.#done(this.#assembled ?? EMPTY, 0, this.#used);
  }

  #assemble(take: number): void {
    const old = this.#assembled;
    if (old === null || this.#used + take > old.length) {
      const whole = this.#used + this.#bytesLeft;
      const wanted = whole <= BELIEVED_BYTES_MAX ? whole : Math.min(whole, (this.#used + take) * 2);
      const larger = this.#memory.take(wanted);
      this.#assembled = larger;
      if (old !== null) {
        old.copy(larger, 0, 0, this.#used);
        this.#memory.give(old);
      }
    }
    this.#chunk.copy(this.#assembled!, this.#used, this.#at, this.#at + take);
    this.#used += take;
    this.#at += take;
  }

  #done(payload: Buffer, from: number, to: number): true {
    this.payload = payload;
    this.from = from;
    this.to = to;
    this.#expects = SERIAL;
    return true;
  }

  /** Moves the payload and the rest of the chunk to own memory: the chunk may change after this. */
  hold(): void {
    if (this.payload === this.#chunk && this.to > this.from) {
      const own = this.#memory.takeOver(this.to - this.from);
      this.payload.copy(own, 0, this.from, this.to);
      this.#assembled = own;
      this.#done(own, 0, this.to - this.from);
    }
    this.#chunk = Buffer.from(this.#chunk.subarray(this.#at, this.#end));
    this.#at = 0;
    this.#end = this.#chunk.length;
  }

  /** Gives the memory of a payload back that was handed out. */
  #release(): void {
    if (this.#expects !== SERIAL || this.#assembled === null) return;
    this.payload = EMPTY;
    this.#memory.give(this.#assembled);
    this.#assembled = null;
  }

  /** Gives all memory back; the reader must not be used afterwards. */
  close(): void {
    if (this.#assembled !== null) this.#memory.give(this.#assembled);
    this.#assembled = null;
    this.add(EMPTY);
  }
}
