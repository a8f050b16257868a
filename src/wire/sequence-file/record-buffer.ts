/** A growing buffer with the writers of Hadoop's Writables. Source: org.apache.hadoop.io.WritableUtils. */
import { copyBytes } from '../../memory/copy.ts';

const INT_BYTES = 4;
const LONG_BYTES = 8;
/** Of a variable-length integer. */
const VARIABLE_INT_BYTES_MAX = 5;

export class RecordBuffer {
  bytes: Buffer<ArrayBuffer>;
  used = 0;

  constructor(sizeBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(sizeBytes);
  }

  ensure(more: number): void {
    if (this.used + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.used + more));
    this.bytes.copy(larger, 0, 0, this.used);
    this.bytes = larger;
  }

  int(value: number): void {
    this.ensure(INT_BYTES);
    this.used = this.bytes.writeInt32BE(value, this.used);
  }

  /** A LongWritable, given as its two halves. */
  long(high: number, low: number): void {
    this.ensure(LONG_BYTES);
    this.used = this.bytes.writeInt32BE(high, this.used);
    this.used = this.bytes.writeUInt32BE(low, this.used);
  }

  /** A length, not negative: itself in one byte up to 127, else the number of its bytes and these. */
  variableInt(value: number): void {
    this.ensure(VARIABLE_INT_BYTES_MAX);
    const { bytes } = this;
    if (value < 0x80) {
      bytes[this.used++] = value;
      return;
    }
    const count = value < 0x100 ? 1 : value < 0x1_0000 ? 2 : value < 0x100_0000 ? 3 : 4;
    bytes[this.used++] = 0x90 - count;
    for (let shift = 8 * (count - 1); shift >= 0; shift -= 8) bytes[this.used++] = value >>> shift;
  }

  raw(source: Uint8Array, from = 0, to = source.length): void {
    this.ensure(to - from);
    copyBytes(this.bytes, this.used, source, from, to);
    this.used += to - from;
  }

  /** As Hadoop writes class names: length in bytes, then UTF-8. */
  text(value: string): void {
    const bytes = Buffer.from(value, 'utf8');
    this.variableInt(bytes.length);
    this.raw(bytes);
  }

  view(): Buffer<ArrayBuffer> {
    return this.bytes.subarray(0, this.used);
  }
}

/** Bytes that `variableInt` takes. */
export function variableIntBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x100 ? 2 : value < 0x1_0000 ? 3 : value < 0x100_0000 ? 4 : 5;
}
