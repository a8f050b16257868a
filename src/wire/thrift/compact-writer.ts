import { TYPE } from './types.ts';
import { ThriftWriter } from './writer.ts';

const PROTOCOL_ID = 0x82;
const VERSION = 1;
const LONG_LIST = 15;
const STRING = 8;

/** This protocol's number of each type that is written. */
const NUMBERS = new Uint8Array(16);
NUMBERS[TYPE.i32] = 5;
NUMBERS[TYPE.string] = STRING;
NUMBERS[TYPE.list] = 9;
NUMBERS[TYPE.map] = 11;
NUMBERS[TYPE.struct] = 12;

export class CompactWriter extends ThriftWriter {
  #last = 0;

  protected head(method: string, type: number, sequence: number): void {
    this.byte(PROTOCOL_ID);
    this.byte((type << 5) | VERSION);
    this.#varint(sequence);
    this.text(method);
    this.#last = 0;
  }

  enter(): number {
    const outer = this.#last;
    this.#last = 0;
    return outer;
  }

  leave(outer: number): void {
    this.#last = outer;
  }

  field(type: number, id: number): void {
    const difference = id - this.#last;
    this.#last = id;
    if (difference > 0 && difference < 16) {
      this.byte((difference << 4) | NUMBERS[type]!);
    } else {
      this.byte(NUMBERS[type]!);
      this.i32(id);
    }
  }

  stop(): void {
    this.byte(TYPE.stop);
  }

  i32(value: number): void {
    this.#varint((value << 1) ^ (value >> 31));
  }

  list(type: number, size: number): void {
    if (size < LONG_LIST) {
      this.byte((size << 4) | NUMBERS[type]!);
    } else {
      this.byte((LONG_LIST << 4) | NUMBERS[type]!);
      this.#varint(size);
    }
  }

  stringMap(size: number): void {
    this.#varint(size);
    if (size > 0) this.byte((STRING << 4) | STRING);
  }

  length(length: number): void {
    this.#varint(length);
  }

  #varint(value: number): void {
    let left = value >>> 0;
    while (left > 0x7f) {
      this.byte((left & 0x7f) | 0x80);
      left >>>= 7;
    }
    this.byte(left);
  }
}
