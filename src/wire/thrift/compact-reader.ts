/** The compact protocol: numbers as varints, field ids as differences. */
import { ThriftProtocolError } from './errors.ts';
import { ThriftReader } from './reader.ts';
import { TYPE } from './types.ts';

const PROTOCOL_ID = 0x82;
const VERSION = 1;
const LONG_LIST = 15;

/** Types by their number in this protocol; 255 where there is none. */
const TYPES = new Uint8Array(16).fill(255);
TYPES.set([
  TYPE.stop,
  TYPE.bool,
  TYPE.bool,
  TYPE.byte,
  TYPE.i16,
  TYPE.i32,
  TYPE.i64,
  TYPE.double,
  TYPE.string,
  TYPE.list,
  TYPE.set,
  TYPE.map,
  TYPE.struct,
  TYPE.uuid,
]);

/** Bytes of a value of each type as an element; 0 where they vary. */
const WIDTHS = new Uint8Array(256);
WIDTHS[TYPE.bool] = 1;
WIDTHS[TYPE.byte] = 1;
WIDTHS[TYPE.double] = 8;
WIDTHS[TYPE.uuid] = 16;

export class CompactReader extends ThriftReader {
  #last = 0;

  message(): void {
    const id = this.byte();
    if (id !== PROTOCOL_ID) {
      throw new ThriftProtocolError(`not the compact protocol: it begins with 0x${id.toString(16)}`);
    }
    const second = this.byte();
    if ((second & 0x1f) !== VERSION) {
      throw new ThriftProtocolError(`version ${second & 0x1f} of the compact protocol`);
    }
    this.messageType = (second >> 5) & 7;
    this.sequence = this.#varint();
    this.method = this.name(this.#varint());
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

  field(): number {
    const head = this.byte();
    if ((head & 0x0f) === 0) return TYPE.stop;
    const difference = head >> 4;
    const id = difference === 0 ? (this.i32() << 16) >> 16 : this.#last + difference;
    this.#last = id;
    this.fieldId = id;
    return this.#typeOf(head);
  }

  list(): number {
    const head = this.byte();
    this.elementType = this.#typeOf(head);
    const size = head >> 4 === LONG_LIST ? this.#varint() : head >> 4;
    return this.checked(size, WIDTHS[this.elementType] || 1, 'list size');
  }

  map(): number {
    const size = this.#varint();
    if (size === 0) return 0;
    const types = this.byte();
    this.keyType = this.#typeOf(types >> 4);
    this.valueType = this.#typeOf(types);
    return this.checked(size, 2, 'map size');
  }

  #typeOf(nibble: number): number {
    const type = TYPES[nibble & 0x0f]!;
    if (type === 255 || type === TYPE.stop) throw new ThriftProtocolError(`unknown type ${nibble & 0x0f}`);
    return type;
  }

  length(): number {
    return this.checked(this.#varint(), 1, 'length');
  }

  i32(): number {
    const value = this.#varint();
    return (value >>> 1) ^ -(value & 1);
  }

  i64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    }
    throw new ThriftProtocolError('a varint of more than ten bytes');
  }

  /** As a signed number of 32 bits: what does not fit shows as negative, or is refused. */
  #varint(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new ThriftProtocolError('a varint of more than five bytes');
  }

  protected widthOf(type: number): number {
    return WIDTHS[type]!;
  }

  protected skipNumber(): void {
    for (let count = 0; count < 10; count++) if (this.byte() < 0x80) return;
    throw new ThriftProtocolError('a varint of more than ten bytes');
  }

  /** The value of a bool stands in the head of its field. */
  override skipField(type: number, depth = 0): void {
    if (type !== TYPE.bool) this.skip(type, depth);
  }
}
