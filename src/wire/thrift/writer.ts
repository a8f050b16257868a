/**
 * Writes messages into one buffer, which grows and is used again: what `finish` returns is valid until the
 * next `message`. A frame's length stands before the message; `unframed` leaves it out.
 */
const FIRST_BYTES = 4096;
/** A larger buffer is not kept. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;
const FRAME_HEAD_BYTES = 4;

export abstract class ThriftWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** Offset of what is written next. */
  at = FRAME_HEAD_BYTES;

  /** Begins a message; what stood in the buffer is gone. */
  message(method: string, type: number, sequence: number): void {
    if (this.bytes.length > KEPT_BYTES_MAX) this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.at = FRAME_HEAD_BYTES;
    this.ensure(32 + method.length * 3);
    this.head(method, type, sequence);
  }

  /** Makes room for `more` bytes. The methods below need it to be there. */
  ensure(more: number): void {
    const need = this.at + more;
    if (need <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(need, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }

  protected abstract head(method: string, type: number, sequence: number): void;
  abstract enter(): number;
  abstract leave(outer: number): void;
  abstract field(type: number, id: number): void;
  abstract stop(): void;
  abstract i32(value: number): void;
  abstract list(type: number, size: number): void;
  /** Head of a map from strings to strings. */
  abstract stringMap(size: number): void;
  /** Length of a string of that many bytes, which the caller puts behind it. */
  abstract length(length: number): void;

  /** A short text; makes its own room. */
  text(text: string): void {
    const length = Buffer.byteLength(text);
    this.ensure(length + 8);
    this.length(length);
    this.at += this.bytes.write(text, this.at, 'utf8');
  }

  protected byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  /** The frame, with its length. */
  finish(): Buffer {
    this.bytes.writeInt32BE(this.at - FRAME_HEAD_BYTES, 0);
    return this.bytes.subarray(0, this.at);
  }

  /** The message without a frame around it. */
  unframed(): Buffer {
    return this.bytes.subarray(FRAME_HEAD_BYTES, this.at);
  }
}

/**
 * Most bytes that an event takes beside its body and the entries of its map, and a string beside its bytes.
 */
export const EVENT_HEAD_BYTES_MAX = 24;
export const LENGTH_BYTES_MAX = 5;
