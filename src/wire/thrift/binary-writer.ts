import { TYPE } from './types.ts';
import { ThriftWriter } from './writer.ts';

const VERSION_1 = 0x8001_0000;

export class BinaryWriter extends ThriftWriter {
  /** Whether messages begin with a version word; Scribe's do not. */
  readonly #strict: boolean;

  constructor(strict = true) {
    super();
    this.#strict = strict;
  }

  protected head(method: string, type: number, sequence: number): void {
    if (this.#strict) {
      this.i32(VERSION_1 | type);
      this.text(method);
    } else {
      this.text(method);
      this.byte(type);
    }
    this.i32(sequence);
  }

  enter(): number {
    return 0;
  }

  leave(): void {}

  field(type: number, id: number): void {
    this.byte(type);
    this.byte(id >> 8);
    this.byte(id);
  }

  stop(): void {
    this.byte(TYPE.stop);
  }

  i32(value: number): void {
    const { bytes, at } = this;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    this.at = at + 4;
  }

  list(type: number, size: number): void {
    this.byte(type);
    this.i32(size);
  }

  stringMap(size: number): void {
    this.byte(TYPE.string);
    this.byte(TYPE.string);
    this.i32(size);
  }

  length(length: number): void {
    this.i32(length);
  }
}
