/**
 * Header maps from Thrift's form into the one that stands in blocks, byte by byte. Java's reading is kept:
 * bytes that are not UTF-8 become U+FFFD, and of two headers with one name the last one counts. Both are
 * rare: such maps go through strings.
 */
import { isUtf8 } from 'node:buffer';
import type { BatchBuilder } from '../../memory/block/builder.ts';
import {
  MAP_HEAD_BYTES_MAX,
  STRING_HEAD_BYTES_MAX,
  writeMapHead,
  writeStringHead,
} from '../../memory/block/header-bytes.ts';
import { ThriftProtocolError } from './errors.ts';
import type { ThriftReader } from './reader.ts';
import { HEADERS_MAX, TYPE } from './types.ts';

/** Runs up to this length are copied by a loop, which sees on its way whether they are ASCII. */
const LOOP_BYTES_MAX = 48;
/** Names that are compared with each other; of more, a JavaScript map is made. */
const COMPARED_NAMES_MAX = 24;

export class HeadersIn {
  readonly #headersMax: number;
  /** Names of the map at hand, as offsets in the block. */
  readonly #names = new Int32Array(COMPARED_NAMES_MAX);
  readonly #nameLengths = new Int32Array(COMPARED_NAMES_MAX);

  constructor(headersMax = HEADERS_MAX) {
    this.#headersMax = headersMax;
  }

  /** Passes over a map of strings and checks it. */
  pass(reader: ThriftReader): void {
    const size = this.#size(reader);
    for (let i = 0; i < size * 2; i++) {
      const length = reader.length();
      reader.at += length;
    }
  }

  #size(reader: ThriftReader): number {
    const size = reader.map();
    if (size === 0) return 0;
    if (reader.keyType !== TYPE.string || reader.valueType !== TYPE.string) {
      throw new ThriftProtocolError('a header map whose names or values are not strings');
    }
    if (size > this.#headersMax) {
      throw new ThriftProtocolError(`an event with ${size} headers: at most ${this.#headersMax} are taken`);
    }
    return size;
  }

  /**
   * Gives the event just appended the headers of the map that `reader` stands before, and that `pass` passed.
   */
  append(reader: ThriftReader, wireBytes: number, builder: BatchBuilder): void {
    const mapAt = reader.at;
    const size = this.#size(reader);
    if (size === 0) return;
    if (size <= COMPARED_NAMES_MAX) {
      const bytesMax = wireBytes + MAP_HEAD_BYTES_MAX + size * 2 * STRING_HEAD_BYTES_MAX;
      const from = builder.beginHeaders(bytesMax);
      const to = this.#transcode(reader, size, builder.bytes, from);
      if (to > 0) {
        builder.endHeaders(to - from);
        return;
      }
    }
    reader.at = mapAt;
    builder.setHeaders(builder.count - 1, mapOf(reader, reader.map()));
  }

  /** Returns the end of what it wrote at `from`; -1 when the map has to go through strings. */
  #transcode(reader: ThriftReader, size: number, target: Buffer, from: number): number {
    const source = reader.bytes;
    let to = writeMapHead(target, from, size);
    for (let i = 0; i < size * 2; i++) {
      const length = reader.length();
      const at = reader.at;
      to = writeStringHead(target, to, length);
      if (!copyText(target, to, source, at, length)) return -1;
      if ((i & 1) === 0 && this.#isRepeated(target, to, length, i >> 1)) return -1;
      to += length;
      reader.at = at + length;
    }
    return to;
  }

  /** Whether a name before has the same bytes. */
  #isRepeated(bytes: Buffer, at: number, length: number, index: number): boolean {
    const names = this.#names;
    const lengths = this.#nameLengths;
    for (let k = 0; k < index; k++) {
      if (lengths[k] === length && isSame(bytes, names[k]!, bytes, at, length)) return true;
    }
    names[index] = at;
    lengths[index] = length;
    return false;
  }
}

/** Copies text and returns whether it is UTF-8. */
function copyText(target: Buffer, to: number, source: Buffer, from: number, length: number): boolean {
  if (length > LOOP_BYTES_MAX) {
    source.copy(target, to, from, from + length);
    return isUtf8(source.subarray(from, from + length));
  }
  let all = 0;
  for (let i = 0; i < length; i++) {
    const byte = source[from + i]!;
    all |= byte;
    target[to + i] = byte;
  }
  return all < 0x80 || isUtf8(source.subarray(from, from + length));
}

export function isSame(a: Buffer, atA: number, b: Buffer, atB: number, length: number): boolean {
  if (length > LOOP_BYTES_MAX) return a.compare(b, atB, atB + length, atA, atA + length) === 0;
  for (let i = 0; i < length; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}

function mapOf(reader: ThriftReader, size: number): Map<string, string> {
  const map = new Map<string, string>();
  for (let i = 0; i < size; i++) {
    const name = reader.string();
    map.set(name, reader.string());
  }
  return map;
}
