/**
 * A map of strings from Avro's form into the block's (header-bytes.ts), in one pass over its bytes.
 *
 *     Avro     count · count × (length · name · length · value) · … · 0        lengths and counts zig-zag
 *     varints msgpack  map head · (string head · name · string head · value)*
 *
 * Most maps are one block of a few short ASCII strings with different names, and go the fast way. The others
 * become a JavaScript map first: several blocks, many entries, names that may be equal (the last one wins, in
 * the place of the first, as in Java), malformed UTF-8 (it becomes U+FFFD).
 */
import { isUtf8 } from 'node:buffer';
import type { BatchBuilder } from '../../memory/block/builder.ts';
import {
  MAP_HEAD_BYTES_MAX,
  STRING_HEAD_BYTES_MAX,
  writeMapHead,
  writeStringHead,
} from '../../memory/block/header-bytes.ts';
import type { AvroCursor } from './cursor.ts';
import { badInput } from './errors.ts';
import { HEADERS_AN_EVENT_MAX } from './limits.ts';

/** Names are compared by their hashes, each with those before it. */
const FAST_ENTRIES_MAX = 32;
/** Strings up to this length are copied byte by byte. */
const SHORT_BYTES_MAX = 64;
/** What a string's head may be longer than its varint, for name and value. */
const GROWTH_AN_ENTRY = 4;
const HASH_FACTOR = 31;

export class HeaderDecoder {
  /** Hashes of the names that are written. */
  readonly #hashes = new Int32Array(FAST_ENTRIES_MAX);
  #source: Buffer = Buffer.alloc(0);
  #at = 0;
  #target: Buffer = this.#source;
  #to = 0;

  /** Passes over a map that is not empty; every length in it is right afterwards. Returns its entries. */
  check(cursor: AvroCursor): number {
    let entries = 0;
    for (let count = cursor.blockCount(2); count > 0; count = cursor.blockCount(2)) {
      entries += count;
      if (entries > HEADERS_AN_EVENT_MAX) {
        throw badInput(`an event of ${entries} headers; at most ${HEADERS_AN_EVENT_MAX} are taken`);
      }
      for (let n = 0; n < count; n++) {
        const name = cursor.length();
        cursor.at += name;
        const value = cursor.length();
        cursor.at += value;
      }
    }
    return entries;
  }

  /** Gives the event just appended the headers at `bytes[from, to)`, which were checked before. */
  decode(batch: BatchBuilder, cursor: AvroCursor, from: number, to: number, entries: number): void {
    const isOneBlock = entries <= FAST_ENTRIES_MAX && cursor.bytes[from]! === entries << 1;
    if (!isOneBlock || !this.#transcode(batch, cursor.bytes, from + 1, to, entries)) {
      this.#setMap(batch, cursor, from);
    }
  }

  /** False when the map has to go the slow way; nothing was set then. */
  #transcode(batch: BatchBuilder, source: Buffer, from: number, to: number, entries: number): boolean {
    const start = batch.beginHeaders(to - from + MAP_HEAD_BYTES_MAX + entries * GROWTH_AN_ENTRY);
    this.#source = source;
    this.#at = from;
    this.#target = batch.bytes;
    this.#to = writeMapHead(batch.bytes, start, entries);
    const hashes = this.#hashes;
    for (let n = 0; n < entries; n++) {
      const hash = this.#string();
      if (hash === null) return false;
      for (let k = 0; k < n; k++) if (hashes[k] === hash) return false;
      hashes[n] = hash;
      if (this.#string() === null) return false;
    }
    batch.endHeaders(this.#to - start);
    return true;
  }

  /**
   * Moves one string; returns a hash of it (of its length, when it is long), or null when it is malformed.
   */
  #string(): number | null {
    const source = this.#source;
    let at = this.#at;
    let length = source[at++]!;
    if (length < 0x80) {
      length >>>= 1;
    } else {
      length &= 0x7f;
      for (let scale = 128; ; scale *= 128) {
        const byte = source[at++]!;
        length += (byte & 0x7f) * scale;
        if (byte < 0x80) break;
      }
      length /= 2;
    }
    const target = this.#target;
    const start = writeStringHead(target, this.#to, length);
    this.#at = at + length;
    this.#to = start + length;
    if (length > SHORT_BYTES_MAX) {
      source.copy(target, start, at, at + length);
      return isUtf8(source.subarray(at, at + length)) ? length : null;
    }
    let hash = length;
    let bits = 0;
    for (let i = 0; i < length; i++) {
      const byte = source[at + i]!;
      target[start + i] = byte;
      bits |= byte;
      hash = (Math.imul(hash, HASH_FACTOR) + byte) | 0;
    }
    return bits < 0x80 || isUtf8(source.subarray(at, at + length)) ? hash : null;
  }

  #setMap(batch: BatchBuilder, cursor: AvroCursor, from: number): void {
    const behind = cursor.at;
    cursor.at = from;
    const headers = new Map<string, string>();
    for (let count = cursor.blockCount(2); count > 0; count = cursor.blockCount(2)) {
      for (let n = 0; n < count; n++) {
        const name = cursor.text();
        headers.set(name, cursor.text());
      }
    }
    cursor.at = behind;
    writeMap(batch, headers);
  }
}

/**
 * Gives the event just appended these headers. Not by `setHeaders`, which remembers what it encoded: maps
 * that come here may be very large, and seldom come twice.
 */
function writeMap(batch: BatchBuilder, headers: ReadonlyMap<string, string>): void {
  let bytesMax = MAP_HEAD_BYTES_MAX;
  for (const [name, value] of headers) {
    bytesMax += Buffer.byteLength(name) + Buffer.byteLength(value) + 2 * STRING_HEAD_BYTES_MAX;
  }
  const start = batch.beginHeaders(bytesMax);
  const { bytes } = batch;
  let at = writeMapHead(bytes, start, headers.size);
  for (const [name, value] of headers) {
    for (const text of [name, value]) {
      at = writeStringHead(bytes, at, Buffer.byteLength(text));
      at += bytes.write(text, at, 'utf8');
    }
  }
  batch.endHeaders(at - start);
}
