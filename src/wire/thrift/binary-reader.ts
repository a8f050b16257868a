/** The binary protocol: big-endian numbers of fixed width. Takes messages with a version word and without. */
import { ThriftProtocolError } from './errors.ts';
import { ThriftReader } from './reader.ts';
import { BINARY_WIDTHS, TYPE } from './types.ts';

const VERSION_MASK = 0xffff_0000;
const VERSION_1 = 0x8001_0000;

/** Fewest bytes of a value of each type, as an element. */
const ELEMENT_BYTES_MIN = Uint8Array.from(BINARY_WIDTHS);
ELEMENT_BYTES_MIN[TYPE.string] = 4;
ELEMENT_BYTES_MIN[TYPE.struct] = 1;
ELEMENT_BYTES_MIN[TYPE.map] = 6;
ELEMENT_BYTES_MIN[TYPE.set] = 5;
ELEMENT_BYTES_MIN[TYPE.list] = 5;

export class BinaryReader extends ThriftReader {
  message(): void {
    const first = this.i32();
    if (first < 0) {
      if ((first & VERSION_MASK) >>> 0 !== VERSION_1) {
        throw new ThriftProtocolError(
          `not the binary protocol: it begins with 0x${(first >>> 0).toString(16)}`,
        );
      }
      this.messageType = first & 0xff;
      this.method = this.name(this.i32());
    } else {
      this.method = this.name(first);
      this.messageType = this.byte();
    }
    this.sequence = this.i32();
  }

  enter(): number {
    return 0;
  }

  leave(): void {}

  field(): number {
    const type = this.byte();
    if (type === TYPE.stop) return type;
    const high = this.byte();
    this.fieldId = (((high << 8) | this.byte()) << 16) >> 16;
    return type;
  }

  list(): number {
    const type = this.byte();
    this.elementType = type;
    return this.checked(this.i32(), this.#bytesMin(type), 'list size');
  }

  map(): number {
    const key = this.byte();
    const value = this.byte();
    this.keyType = key;
    this.valueType = value;
    const size = this.i32();
    return size === 0 ? 0 : this.checked(size, this.#bytesMin(key) + this.#bytesMin(value), 'map size');
  }

  /** An unknown type is told by whoever reads the first element. */
  #bytesMin(type: number): number {
    return ELEMENT_BYTES_MIN[type] || 1;
  }

  length(): number {
    return this.checked(this.i32(), 1, 'length');
  }

  i32(): number {
    const { bytes, at } = this;
    this.pass(4);
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  i64(): bigint {
    const { at } = this;
    this.pass(8);
    return this.bytes.readBigInt64BE(at);
  }

  protected widthOf(type: number): number {
    return BINARY_WIDTHS[type]!;
  }

  /** Numbers have a width. */
  protected skipNumber(): void {}
}
