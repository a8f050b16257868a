/**
 * Reads Avro's binary form in place. Nothing is read beyond `end`; every length is checked against what is
 * left before anybody allocates for it. Errors: BAD_INPUT.
 * Source: Apache Avro specification 1.11, "Binary encoding".
 */
import { badInput } from './errors.ts';

const VARINT_BYTES_MAX = 10;

export class AvroCursor {
  bytes: Buffer = Buffer.alloc(0);
  /** Offset of what is read next. */
  at = 0;
  end = 0;

  reset(bytes: Buffer, from: number, to: number): void {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** A zig-zag varint; exact up to 53 bits, beyond that only its size and sign are right. */
  long(): number {
    const first = this.bytes[this.at]!;
    if (first < 0x80 && this.at < this.end) {
      this.at++;
      return (first >>> 1) ^ -(first & 1);
    }
    return this.#longer();
  }

  #longer(): number {
    let value = 0;
    let scale = 1;
    for (let n = 0; n < VARINT_BYTES_MAX; n++) {
      if (this.at >= this.end) throw badInput('a number is cut off');
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      scale *= 128;
    }
    throw badInput(`a number of more than ${VARINT_BYTES_MAX} bytes`);
  }

  /** The length of the string or bytes that follow, which are all there. */
  length(): number {
    const length = this.long();
    if (length < 0 || length > this.end - this.at) {
      throw badInput(`a length of ${length} bytes where ${this.end - this.at} are left`);
    }
    return length;
  }

  /** The number of items of the next block of a map or array, each of at least `itemBytes`; 0 at the end. */
  blockCount(itemBytes: number): number {
    let count = this.long();
    if (count < 0) {
      count = -count;
      // The block's size, for readers that skip it.
      this.length();
    }
    if (count * itemBytes > this.end - this.at) {
      throw badInput(`a block of ${count} items where ${this.end - this.at} bytes are left`);
    }
    return count;
  }

  skip(bytes: number): void {
    if (bytes > this.end - this.at) throw badInput(`${bytes} bytes wanted, ${this.end - this.at} left`);
    this.at += bytes;
  }

  /** A string or bytes; the view is valid as long as `bytes` are. */
  view(): Buffer {
    const length = this.length();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  text(): string {
    const length = this.length();
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  /** The branch of a union that has `branches` of them, or the place in an enum. */
  index(branches: number): number {
    const index = this.long();
    if (index < 0 || index >= branches) throw badInput(`branch ${index} of ${branches}`);
    return index;
  }

  boolean(): boolean {
    this.skip(1);
    return this.bytes[this.at - 1] === 1;
  }

  /** Passes over a map of bytes or strings. */
  skipMap(): void {
    for (let count = this.blockCount(2); count > 0; count = this.blockCount(2)) {
      for (let n = 0; n < count; n++) {
        this.skip(this.length());
        this.skip(this.length());
      }
    }
  }
}
