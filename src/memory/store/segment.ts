/**
 * A segment: one SharedArrayBuffer of a source's store. Its first 64 bytes are a header; blocks follow.
 *
 *     word 0   live: blocks here that some channel still needs (a block put to two channels counts twice)
 *
 * The owner adds to `live` before it publishes a block; whoever releases a block subtracts. A
 * segment whose `live` is 0 and which its owner no longer fills may be filled anew: nobody holds a
 * reference into it by then.
 */
const HEADER_BYTES = 64;
const LIVE = 0;

export class Segment {
  readonly id: number;
  readonly memory: SharedArrayBuffer;
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly #header: Int32Array;

  constructor(id: number, memory: SharedArrayBuffer) {
    this.id = id;
    this.memory = memory;
    this.bytes = Buffer.from(memory);
    this.words = new Uint32Array(memory);
    this.#header = new Int32Array(memory, 0, HEADER_BYTES / 4);
  }

  static readonly firstOffset = HEADER_BYTES;

  static allocate(id: number, sizeBytes: number): Segment {
    return new Segment(id, new SharedArrayBuffer(sizeBytes));
  }

  get sizeBytes(): number {
    return this.bytes.length;
  }

  retain(references: number): void {
    Atomics.add(this.#header, LIVE, references);
  }

  release(references = 1): void {
    Atomics.sub(this.#header, LIVE, references);
  }

  live(): number {
    return Atomics.load(this.#header, LIVE);
  }
}
