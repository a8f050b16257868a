/**
 * Reads the protocol buffers of the file channel: varints, fixed and length-delimited fields; groups do not
 * occur. Whole numbers are doubles: identifiers are counted from an epoch in milliseconds and stay exact.
 */

/** Bytes that are no message, or a message without a field that it must have. */
export class Malformed extends Error {
  override readonly name = 'Malformed';
}

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;
const VARINT_BYTES_MAX = 10;

export function int32At(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

export function int64At(bytes: Uint8Array, at: number): number {
  return int32At(bytes, at + 4) * 0x1_0000_0000 + (int32At(bytes, at) >>> 0);
}

/** Walks over the fields of one message. One reader is used for many messages, one after another. */
export class MessageReader {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  /** The field that `next` came to. */
  field = 0;
  /** Of a varint or fixed field. */
  value = 0;
  /** Where the content of a delimited field stands; empty for others. */
  from = 0;
  to = 0;

  /** Begins the message that fills `from` to `to`. */
  open(bytes: Buffer, from: number, to: number): void {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
  }

  /** Begins the message whose length stands at `from`; returns where it ends. */
  openDelimited(bytes: Buffer, from: number, to: number): number {
    this.open(bytes, from, to);
    const length = this.#varint();
    if (length > to - this.#at) throw new Malformed('a message is longer than what holds it');
    this.#end = this.#at + length;
    return this.#end;
  }

  next(): boolean {
    if (this.#at === this.#end) return false;
    const tag = this.#varint();
    this.field = tag >>> 3;
    if (this.field === 0) throw new Malformed('a field has number 0');
    this.from = this.to = 0;
    switch (tag & 7) {
      case VARINT:
        this.value = this.#varint();
        return true;
      case FIXED32:
        this.value = int32At(this.#bytes, this.#skip(4));
        return true;
      case FIXED64:
        this.value = int64At(this.#bytes, this.#skip(8));
        return true;
      case DELIMITED: {
        const length = this.#varint();
        this.from = this.#skip(length);
        this.to = this.#at;
        return true;
      }
      default:
        throw new Malformed(`a field has wire type ${tag & 7}`);
    }
  }

  /** Moves over `length` bytes and returns where they begin. */
  #skip(length: number): number {
    const from = this.#at;
    if (length > this.#end - from) throw new Malformed('a field is longer than its message');
    this.#at = from + length;
    return from;
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < VARINT_BYTES_MAX && this.#at < this.#end; i++) {
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new Malformed('a varint does not end');
  }
}
