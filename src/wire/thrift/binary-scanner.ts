/**
 * Finds the end of a message of the binary protocol without frames, byte by byte as they come: each byte is
 * looked at once, however small the pieces are. It checks nothing but what it needs to find the end; the
 * reader checks the rest.
 *
 * State: a stack of what is open (a struct, or a container with the number of values still to come), and the
 * number or type that is being read. A value of known length is passed over at once.
 */
import { ThriftProtocolError } from './errors.ts';
import { BINARY_WIDTHS, DEPTH_MAX, NAME_BYTES_MAX, TYPE } from './types.ts';

/** What is being read. */
const STEP = {
  version: 0,
  name: 1,
  oldType: 2,
  fieldType: 3,
  length: 4,
  listHead: 5,
  mapHead: 6,
} as const;
type Step = (typeof STEP)[keyof typeof STEP];

/** Bytes of each step's number or head. */
const STEP_BYTES = [4, 4, 1, 1, 4, 5, 6];
const FIELD_ID_BYTES = 2;
const SEQUENCE_BYTES = 4;

/** A struct in the stack, where containers have the number of their values. */
const STRUCT = -1;

export class BinaryScanner {
  isDone = false;
  /** Bytes that are known to come before the next thing to look at. */
  announced = 0;
  #step: Step = STEP.version;
  /** The head that is being read. */
  readonly #head = Buffer.alloc(8);
  #headBytes = 0;
  /** Open structs and containers: values still to come of each, with their types in turn. */
  readonly #left: number[] = [];
  readonly #types: (readonly [number, number])[] = [];
  /** The message's head is read: its arguments follow. */
  #beginsStruct = false;

  reset(): void {
    this.isDone = false;
    this.announced = 0;
    this.#step = STEP.version;
    this.#headBytes = 0;
    this.#left.length = 0;
    this.#types.length = 0;
    this.#beginsStruct = false;
  }

  /** Scans `chunk` from `from` on; returns where it stopped: at the end of the message, or of the chunk. */
  scan(chunk: Buffer, from: number): number {
    let at = from;
    while (!this.isDone) {
      const passed = Math.min(this.announced, chunk.length - at);
      at += passed;
      this.announced -= passed;
      if (this.announced > 0) return at;
      if (this.#beginsStruct) {
        this.#beginsStruct = false;
        this.#open(STRUCT, [0, 0]);
        this.#nextValue();
        continue;
      }
      if (at === chunk.length) return at;
      const need = STEP_BYTES[this.#step]!;
      const count = chunk.copy(this.#head, this.#headBytes, at, at + need - this.#headBytes);
      at += count;
      this.#headBytes += count;
      if (this.#headBytes < need) return at;
      this.#headBytes = 0;
      this.#take();
    }
    return at;
  }

  /** The head of this step is whole. */
  #take(): void {
    const head = this.#head;
    switch (this.#step) {
      case STEP.version:
        return this.#takeVersion(head.readInt32BE(0));
      case STEP.name:
        this.#announceName(head.readInt32BE(0));
        this.announced += SEQUENCE_BYTES;
        this.#beginsStruct = true;
        return;
      case STEP.oldType:
        this.announced = SEQUENCE_BYTES;
        this.#beginsStruct = true;
        return;
      case STEP.fieldType:
        return this.#takeFieldType(head[0]!);
      case STEP.length:
        this.#announce(head.readInt32BE(0));
        return this.#nextValue();
      case STEP.listHead:
        this.#open(this.#count(head.readInt32BE(1)), [head[0]!, head[0]!]);
        return this.#nextValue();
      case STEP.mapHead:
        this.#open(this.#count(head.readInt32BE(2)) * 2, [head[0]!, head[1]!]);
        return this.#nextValue();
    }
  }

  #takeVersion(first: number): void {
    if (first < 0) {
      this.#step = STEP.name;
      return;
    }
    this.#announceName(first);
    this.#step = STEP.oldType;
  }

  #announceName(length: number): void {
    if (length < 0 || length > NAME_BYTES_MAX)
      throw new ThriftProtocolError(`a method name of ${length} bytes`);
    this.announced = length;
  }

  #announce(length: number): void {
    this.announced = this.#count(length);
  }

  #count(count: number): number {
    if (count < 0) throw new ThriftProtocolError(`negative length or size: ${count}`);
    return count;
  }

  #takeFieldType(type: number): void {
    if (type === TYPE.stop) {
      this.#close();
      this.#nextValue();
      return;
    }
    this.#value(type, FIELD_ID_BYTES);
  }

  #open(values: number, types: readonly [number, number]): void {
    if (this.#left.length > DEPTH_MAX) {
      throw new ThriftProtocolError(`structs and containers inside each other, more than ${DEPTH_MAX} deep`);
    }
    this.#left.push(values);
    this.#types.push(types);
  }

  #close(): void {
    this.#left.pop();
    this.#types.pop();
  }

  /** A value has ended: what comes next is the next of its container, or a field, or nothing. */
  #nextValue(): void {
    for (;;) {
      const top = this.#left.length - 1;
      if (top < 0) {
        this.isDone = this.announced === 0;
        return;
      }
      const left = this.#left[top]!;
      if (left === STRUCT) {
        this.#step = STEP.fieldType;
        return;
      }
      if (left === 0) {
        this.#close();
        continue;
      }
      const [first, second] = this.#types[top]!;
      const width = first === second ? BINARY_WIDTHS[first]! : 0;
      if (width > 0) {
        this.#left[top] = 0;
        this.announced += left * width;
        continue;
      }
      this.#left[top] = left - 1;
      if (this.#value(left % 2 === 0 ? first : second, 0)) continue;
      return;
    }
  }

  /** Begins a value behind `before` bytes. Returns whether it has ended already, as its length is known. */
  #value(type: number, before: number): boolean {
    this.announced += before;
    const width = BINARY_WIDTHS[type]!;
    if (width > 0) {
      this.announced += width;
      if (before > 0) this.#step = STEP.fieldType;
      return true;
    }
    if (type === TYPE.string) this.#step = STEP.length;
    else if (type === TYPE.list || type === TYPE.set) this.#step = STEP.listHead;
    else if (type === TYPE.map) this.#step = STEP.mapHead;
    else if (type === TYPE.struct) {
      this.#open(STRUCT, [0, 0]);
      this.#step = STEP.fieldType;
    } else throw new ThriftProtocolError(`unknown type ${type}`);
    return false;
  }
}
