/**
 * A header map as the bytes that stand in a block, for wire formats that carry such maps: moved from one form
 * into the other without a string between them. The form is msgpack's, as `headers.ts` writes it: a map (fix,
 * 16 or 32 bits of size) of strings (fix, 8, 16 or 32 bits of length) in UTF-8.
 */

/** Most bytes of a map's head and of a string's head. */
export const MAP_HEAD_BYTES_MAX = 5;
export const STRING_HEAD_BYTES_MAX = 5;

const FIX_MAP = 0x80;
const MAP_16 = 0xde;
const MAP_32 = 0xdf;
const FIX_STRING = 0xa0;
const STRING_8 = 0xd9;
const STRING_16 = 0xda;
const STRING_32 = 0xdb;

/** Writes the head of a map of `size` entries; returns the offset behind it. */
export function writeMapHead(bytes: Buffer, at: number, size: number): number {
  if (size < 16) {
    bytes[at] = FIX_MAP | size;
    return at + 1;
  }
  if (size < 0x1_0000) {
    bytes[at] = MAP_16;
    bytes[at + 1] = size >>> 8;
    bytes[at + 2] = size;
    return at + 3;
  }
  bytes[at] = MAP_32;
  return bytes.writeUInt32BE(size, at + 1);
}

/** Writes the head of a string of `length` bytes, which the caller puts behind it; returns where. */
export function writeStringHead(bytes: Buffer, at: number, length: number): number {
  if (length < 32) {
    bytes[at] = FIX_STRING | length;
    return at + 1;
  }
  if (length < 0x100) {
    bytes[at] = STRING_8;
    bytes[at + 1] = length;
    return at + 2;
  }
  if (length < 0x1_0000) {
    bytes[at] = STRING_16;
    bytes[at + 1] = length >>> 8;
    bytes[at + 2] = length;
    return at + 3;
  }
  bytes[at] = STRING_32;
  return bytes.writeUInt32BE(length, at + 1);
}

/** Walks a map in place: `mapSize` once, then for each name and value `stringLength` and `at += length`. */
export class HeaderCursor {
  bytes: Buffer = Buffer.alloc(0);
  /** Offset of what is read next. */
  at = 0;

  /** Reads the head of a map; `at` is then at its first name. Returns its number of entries. */
  mapSize(): number {
    const { bytes } = this;
    const head = bytes[this.at++]!;
    if ((head & 0xf0) === FIX_MAP) return head & 0x0f;
    if (head === MAP_16) return this.#two();
    if (head === MAP_32) return this.#four();
    throw new Error(`no header map at offset ${this.at - 1}`);
  }

  /** Reads the head of a string; `at` is then at its first byte. Returns its length in bytes. */
  stringLength(): number {
    const { bytes } = this;
    const head = bytes[this.at++]!;
    if ((head & 0xe0) === FIX_STRING) return head & 0x1f;
    if (head === STRING_8) return bytes[this.at++]!;
    if (head === STRING_16) return this.#two();
    if (head === STRING_32) return this.#four();
    throw new Error(`no string at offset ${this.at - 1}`);
  }

  #two(): number {
    const { bytes, at } = this;
    this.at = at + 2;
    return (bytes[at]! << 8) | bytes[at + 1]!;
  }

  #four(): number {
    const value = this.bytes.readUInt32BE(this.at);
    this.at += 4;
    return value;
  }
}
