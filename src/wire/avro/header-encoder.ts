/**
 * A block's header map (header-bytes.ts) in Avro's form, string by string without a JavaScript string
 * between. The headers that all events of a block share are encoded once a block, and joined to each event's
 * own: an own header of the same name wins.
 */
import { HeaderCursor } from '../../memory/block/header-bytes.ts';
import type { Headers } from '../../memory/block/headers.ts';
import type { BatchView } from '../../memory/block/view.ts';
import { writeBytes, writeCount } from './writer.ts';

/** A common header: its name, and name and value as Avro has them. */
interface CommonHeader {
  readonly name: Buffer;
  readonly encoded: Buffer;
}

const EMPTY_MAP = Buffer.from([0]);
/** Own and common headers of an event whose map is joined byte by byte: the count is one byte then. */
const JOINED_MAX = 31;
const COUNT_BYTES_MAX = 5;
/** What a string's varint may be longer than its head in the block: by one byte, from 64 to 127 … */
const GROWTH_AN_ENTRY = 4;
const SHORT_BYTES_MAX = 48;

export class HeaderEncoder {
  readonly #cursor = new HeaderCursor();
  #view: BatchView | null = null;
  #common: readonly CommonHeader[] = [];
  #commonBytes = 0;
  /** Map of an event that has no own headers. */
  #commonMap: Buffer = EMPTY_MAP;

  /** Begins with another block. */
  begin(view: BatchView): void {
    this.#view = view;
    this.#cursor.bytes = view.bytes;
    this.#common = [...view.common].map(([name, value]) => commonHeader(name, value));
    this.#commonBytes = this.#common.reduce((sum, { encoded }) => sum + encoded.length, 0);
    this.#commonMap = mapOf(view.common);
  }

  /** Most bytes that the map of an event takes; `start` is where its own headers stand, or 0. */
  bytesMax(start: number): number {
    if (start === 0) return this.#commonMap.length;
    const view = this.#view!;
    this.#cursor.at = start;
    const entries = this.#cursor.mapSize() + this.#common.length;
    return view.ownHeadersLength(start) + this.#commonBytes + entries * GROWTH_AN_ENTRY + COUNT_BYTES_MAX + 1;
  }

  /** Writes the map of event `index`, whose own headers stand at `start`; returns the offset behind it. */
  write(target: Buffer, at: number, index: number, start: number): number {
    if (start === 0) return at + this.#commonMap.copy(target, at);
    const cursor = this.#cursor;
    cursor.at = start;
    const entries = cursor.mapSize();
    const common = this.#common;
    if (common.length === 0) {
      const behind = this.#entries(target, writeCount(target, at, entries), entries);
      // An empty map is its count alone.
      if (entries === 0) return behind;
      target[behind] = 0;
      return behind + 1;
    }
    if (entries + common.length > JOINED_MAX) return at + mapOf(this.#view!.headers(index)).copy(target, at);
    return this.#joined(target, at, entries);
  }

  #entries(target: Buffer, at: number, entries: number): number {
    let to = at;
    for (let n = 0; n < entries; n++) {
      to = this.#string(target, to);
      to = this.#string(target, to);
    }
    return to;
  }

  #joined(target: Buffer, at: number, entries: number): number {
    const common = this.#common;
    /** One bit for each common header that an own one hides. */
    let hidden = 0;
    let count = entries;
    let to = at + 1;
    for (let n = 0; n < entries; n++) {
      hidden |= this.#hiddenByName();
      to = this.#string(target, to);
      to = this.#string(target, to);
    }
    for (let k = 0; k < common.length; k++) {
      if ((hidden & (1 << k)) !== 0) continue;
      to += common[k]!.encoded.copy(target, to);
      count++;
    }
    target[at] = count << 1;
    target[to] = 0;
    return to + 1;
  }

  /** The bit of the common header that has the name at the cursor, which stays where it is. */
  #hiddenByName(): number {
    const cursor = this.#cursor;
    const { at, bytes } = cursor;
    const length = cursor.stringLength();
    const from = cursor.at;
    cursor.at = at;
    for (let k = 0; k < this.#common.length; k++) {
      const { name } = this.#common[k]!;
      if (name.length === length && name.compare(bytes, from, from + length) === 0) return 1 << k;
    }
    return 0;
  }

  #string(target: Buffer, at: number): number {
    const cursor = this.#cursor;
    const length = cursor.stringLength();
    const { bytes, at: from } = cursor;
    cursor.at = from + length;
    const to = writeCount(target, at, length);
    if (length > SHORT_BYTES_MAX) bytes.copy(target, to, from, from + length);
    else for (let i = 0; i < length; i++) target[to + i] = bytes[from + i]!;
    return to + length;
  }
}

function commonHeader(name: string, value: string): CommonHeader {
  const parts = [Buffer.from(name), Buffer.from(value)] as const;
  const encoded = Buffer.alloc(parts[0].length + parts[1].length + 2 * COUNT_BYTES_MAX);
  const at = writeBytes(encoded, writeBytes(encoded, 0, parts[0]), parts[1]);
  return { name: parts[0], encoded: encoded.subarray(0, at) };
}

function mapOf(headers: Headers): Buffer {
  if (headers.size === 0) return EMPTY_MAP;
  const entries = [...headers].map(([name, value]) => commonHeader(name, value).encoded);
  const count = Buffer.alloc(COUNT_BYTES_MAX);
  return Buffer.concat([count.subarray(0, writeCount(count, 0, headers.size)), ...entries, EMPTY_MAP]);
}
