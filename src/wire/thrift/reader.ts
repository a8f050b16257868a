/**
 * Reads one message in place. The bytes are whole when reading begins (a frame, or a message whose end was
 * found): to run out of them is an error of the peer. Lengths and sizes are checked against what is left
 * before anybody allocates for them, so that an announced list of 2^31 elements costs nothing.
 *
 * Use: `over`, `message`, then `enter`, `field`… until it returns TYPE.stop, `leave`.
 */
import { ThriftProtocolError } from './errors.ts';
import { DEPTH_MAX, NAME_BYTES_MAX, TYPE } from './types.ts';

const EMPTY = Buffer.alloc(0);
const NAMES_CACHED_MAX = 16;

export abstract class ThriftReader {
  bytes: Buffer = EMPTY;
  /** Offset of what is read next, and the end of the message. */
  at = 0;
  end = 0;
  /** Of the message. */
  method = '';
  messageType = 0;
  sequence = 0;
  /** Of what `field`, `list` and `map` read last. */
  fieldId = 0;
  elementType = 0;
  keyType = 0;
  valueType = 0;
  readonly #names: { readonly bytes: Buffer; readonly name: string }[] = [];

  over(bytes: Buffer, from: number, to: number): void {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
  }

  /** Reads the head of a message. */
  abstract message(): void;
  /** Begins a struct; what it returns goes to `leave`. */
  abstract enter(): number;
  abstract leave(outer: number): void;
  /** Reads the head of a field: returns its type and sets `fieldId`. */
  abstract field(): number;
  /** Reads the head of a list or set: returns its size and sets `elementType`. */
  abstract list(): number;
  /**
   * Reads the head of a map: returns its size and sets `keyType` and `valueType`, which an empty one lacks.
   */
  abstract map(): number;
  /** Reads the length of a string; `at` is then at its first byte, and all of it is there. */
  abstract length(): number;
  abstract i32(): number;
  abstract i64(): bigint;
  /** Bytes that an element of `type` takes, when all take the same; else 0. */
  protected abstract widthOf(type: number): number;
  /** Passes over a number of variable length. */
  protected abstract skipNumber(): void;

  string(): string {
    const length = this.length();
    const from = this.at;
    this.at = from + length;
    return this.bytes.toString('utf8', from, this.at);
  }

  /** Passes over the value of a field, which is not a bool of the compact protocol (it has no bytes). */
  skip(type: number, depth = 0): void {
    if (depth > DEPTH_MAX) {
      throw new ThriftProtocolError(`structs and containers inside each other, more than ${DEPTH_MAX} deep`);
    }
    const width = this.widthOf(type);
    if (width > 0) this.pass(width);
    else if (type === TYPE.string) this.pass(this.length());
    else if (type === TYPE.struct) this.#skipStruct(depth);
    else if (type === TYPE.list || type === TYPE.set) this.#skipList(depth);
    else if (type === TYPE.map) this.#skipMap(depth);
    else if (type === TYPE.i16 || type === TYPE.i32 || type === TYPE.i64) this.skipNumber();
    else throw new ThriftProtocolError(`unknown type ${type}`);
  }

  /** The same for a field just read. */
  skipField(type: number, depth = 0): void {
    this.skip(type, depth);
  }

  #skipStruct(depth: number): void {
    const outer = this.enter();
    for (let type = this.field(); type !== TYPE.stop; type = this.field()) this.skipField(type, depth + 1);
    this.leave(outer);
  }

  #skipList(depth: number): void {
    const size = this.list();
    const type = this.elementType;
    const width = this.widthOf(type);
    if (width > 0) this.pass(size * width);
    else for (let i = 0; i < size; i++) this.skip(type, depth + 1);
  }

  #skipMap(depth: number): void {
    const size = this.map();
    const { keyType, valueType } = this;
    for (let i = 0; i < size; i++) {
      this.skip(keyType, depth + 1);
      this.skip(valueType, depth + 1);
    }
  }

  /** Passes over `count` bytes. */
  protected pass(count: number): void {
    if (count > this.end - this.at) throw truncated();
    this.at += count;
  }

  protected byte(): number {
    if (this.at >= this.end) throw truncated();
    return this.bytes[this.at++]!;
  }

  /**
   * A length or size as the peer gave it: every byte or element takes at least `bytesEach` bytes of what is
   * left.
   */
  protected checked(count: number, bytesEach: number, what: string): number {
    if (count < 0) throw new ThriftProtocolError(`negative ${what}: ${count}`);
    const left = this.end - this.at;
    if (count * bytesEach > left) {
      throw new ThriftProtocolError(`${what} of ${count}, but the message ends after ${left} bytes`);
    }
    return count;
  }

  /** The name of a method: a few names come again and again and are made once. */
  protected name(length: number): string {
    if (length < 0 || length > NAME_BYTES_MAX) {
      throw new ThriftProtocolError(`a method name of ${length} bytes`);
    }
    const from = this.at;
    this.pass(length);
    const { bytes, at } = this;
    for (const known of this.#names) {
      if (known.bytes.length === length && bytes.compare(known.bytes, 0, length, from, at) === 0) {
        return known.name;
      }
    }
    const name = bytes.toString('utf8', from, at);
    if (this.#names.length < NAMES_CACHED_MAX) {
      this.#names.push({ bytes: Buffer.from(bytes.subarray(from, at)), name });
    }
    return name;
  }
}

export function truncated(): ThriftProtocolError {
  return new ThriftProtocolError('the message ends too early');
}
