/** Reads Avro's binary primitives from a run of bytes. Every read is checked against the end of the run. */
import { MillraceError } from '../../base/errors.ts';

/** Bytes of a long at most. */
const LONG_BYTES_MAX = 10;

export function badAvro(what: string, remedy?: string): MillraceError {
  return new MillraceError('BAD_INPUT', what, remedy === undefined ? {} : { remedy });
}

/** The run ends within what is read. */
export class AvroEnd extends Error {
  override readonly name = 'AvroEnd';
}

export class AvroCursor {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** A zig-zag long. @throws BAD_INPUT when it is no number of up to 53 bits, AvroEnd at the end. */
  long(): number {
    let value = 0;
    let scale = 1;
    for (let n = 0; n < LONG_BYTES_MAX; n++) {
      if (this.at >= this.bytes.length) throw new AvroEnd('the bytes end within a number');
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw badAvro('a number of more than 53 bits');
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
      scale *= 128;
    }
    throw badAvro('a number of more than ten bytes');
  }

  /** Steps over a long of any size. */
  skipLong(): void {
    for (let n = 0; n < LONG_BYTES_MAX; n++) {
      if (this.at >= this.bytes.length) throw new AvroEnd('the bytes end within a number');
      if (this.bytes[this.at++]! < 0x80) return;
    }
    throw badAvro('a number of more than ten bytes');
  }

  skip(count: number): void {
    if (count < 0) throw badAvro(`a negative length: ${count}`);
    if (count > this.left) throw new AvroEnd('the bytes end within a value');
    this.at += count;
  }

  /** A view of the next `count` bytes. */
  take(count: number): Buffer {
    const from = this.at;
    this.skip(count);
    return this.bytes.subarray(from, this.at);
  }

  text(): string {
    return this.take(this.long()).toString('utf8');
  }

  /** A map of strings to bytes, as in the head of a container. */
  map(): Map<string, Buffer> {
    const map = new Map<string, Buffer>();
    for (;;) {
      let count = this.long();
      if (count === 0) return map;
      if (count < 0) {
        count = -count;
        this.skipLong();
      }
      for (let n = 0; n < count; n++) map.set(this.text(), this.take(this.long()));
    }
  }
}
