/**
 * Reads files that LMDB wrote, without LMDB: a process that opens a damaged file through LMDB's memory map
 * may end with a signal, or walk wherever a flipped byte points. LMDB opens only files that the same process
 * made.
 *
 * Layout (lmdb-js' LMDB, data format 2, little-endian): pages of one size, numbered from 0, begin with
 *     own number (u64) · transaction (u64) · pad (u16) · flags (u16) · lower (u16) · upper (u16)
 *   Offsets count from behind this header. `lower` ends the list of node offsets (u16 each), nodes stand
 *   from `upper` on. An overflow page has its run's length (u32) in place of both, and a value behind it.
 *   Leaf node:   size (u32) · flags (u16) · key size (u16) · key · value, or where it overflows to:
 *                first page (u64) · transaction (u64) · pages (u64)
 *   Branch node: child's page (u48) · key size (u16) · key
 *   Pages 0 and 1 hold the meta records: tree.ts.
 *
 * Nothing read here is trusted: what does not fit is PageDamage. Whether keys and values are what was written
 * is for their readers to know, by checksums: LMDB has none.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export const HEADER_BYTES = 24;
const AT = { transaction: 8, flags: 18, lower: 20, upper: 22, runPages: 20 } as const;
const NODE = { flags: 4, keySize: 6, bytes: 8, overflowBytes: 24 } as const;
const FLAG_OVERFLOWS = 1;
/** Pages are of the size that the system's have, unless the file says otherwise. */
const PAGE_BYTES = 4096;
export const FLAGS = { branch: 1, leaf: 2, overflow: 4, meta: 8 } as const;

export class PageDamage extends Error {}

export interface Node {
  /** Valid until the next page is read. */
  readonly key: Buffer;
  readonly size: number;
  /** Position of the value in the file. */
  readonly valueAt: number;
  /** Position of the node in the file. */
  readonly at: number;
}

export class PageFile {
  readonly sizeBytes: number;
  readonly pageBytes: number;
  readonly #fd: number;
  #page: Buffer;
  #number = -1;
  #value: Buffer = Buffer.alloc(0);

  /** @throws the system's error when the file cannot be opened or read. */
  constructor(file: string) {
    this.#fd = openSync(file, 'r');
    this.sizeBytes = fstatSync(this.#fd).size;
    this.#page = Buffer.alloc(PAGE_BYTES);
    this.pageBytes = this.#pageBytes();
    this.#page = Buffer.alloc(this.pageBytes);
  }

  /** Where page 1 begins: no single byte decides about it. */
  #pageBytes(): number {
    for (let bytes = PAGE_BYTES; bytes <= 65536; bytes *= 2) {
      const isMeta = this.#read(this.#page, HEADER_BYTES, bytes) === HEADER_BYTES;
      if (isMeta && u64(this.#page, 0) === 1 && this.#page.readUInt16LE(AT.flags) === FLAGS.meta)
        return bytes;
    }
    return PAGE_BYTES;
  }

  /** Pages that stand in the file, the last one perhaps in part. */
  get pageCount(): number {
    return Math.ceil(this.sizeBytes / this.pageBytes);
  }

  #read(into: Buffer, bytes: number, position: number): number {
    let done = 0;
    while (done < bytes) {
      const read = readSync(this.#fd, into, done, bytes - done, position + done);
      if (read === 0) break;
      done += read;
    }
    return done;
  }

  /** A page; what the file lacks of it is 0. Valid until the next one is read. */
  page(number: number): Buffer {
    if (number === this.#number) return this.#page;
    this.#number = -1;
    const read = this.#read(this.#page, this.pageBytes, number * this.pageBytes);
    this.#page.fill(0, read);
    this.#number = number;
    return this.#page;
  }

  /** The transaction that wrote a page of this kind. @throws PageDamage */
  transactionOf(number: number, kind: 'branch' | 'leaf'): number {
    const page = this.page(number);
    if (u64(page, 0) !== number || page.readUInt16LE(AT.flags) !== FLAGS[kind]) {
      throw new PageDamage(`page ${number} is not the ${kind} page that belongs there`);
    }
    return u64(page, AT.transaction);
  }

  /** Pages of an overflow run that begins here and ends where another page does; 0 when none begins. */
  runPages(number: number): number {
    const page = this.page(number);
    if (u64(page, 0) !== number || page.readUInt16LE(AT.flags) !== FLAGS.overflow) return 0;
    const pages = page.readUInt32LE(AT.runPages);
    const next = number + pages;
    if (pages === 0 || (next < this.pageCount && u64(this.page(next), 0) !== next)) return 0;
    return pages;
  }

  /** Nodes of a leaf page in their order. @throws PageDamage */
  leafNodes(number: number): Node[] {
    this.transactionOf(number, 'leaf');
    return this.#offsets(number).map((offset) => {
      const node = this.nodeAt(number, offset);
      if (node === null) throw new PageDamage(`page ${number} holds a node that does not fit into it`);
      return node;
    });
  }

  /** Child pages of a branch page in their order. @throws PageDamage */
  children(number: number): number[] {
    this.transactionOf(number, 'branch');
    const offsets = this.#offsets(number);
    if (offsets.length === 0) throw new PageDamage(`branch page ${number} is empty`);
    return offsets.map((offset) => {
      const keyAt = offset + NODE.bytes;
      if (keyAt > this.pageBytes || keyAt + this.#page.readUInt16LE(offset + NODE.keySize) > this.pageBytes) {
        throw new PageDamage(`page ${number} holds a node that does not fit into it`);
      }
      return this.#page.readUIntLE(offset, 6);
    });
  }

  #offsets(number: number): number[] {
    const page = this.page(number);
    const lower = page.readUInt16LE(AT.lower);
    const upper = page.readUInt16LE(AT.upper);
    if (lower % 2 !== 0 || lower > upper || upper > this.pageBytes - HEADER_BYTES) {
      throw new PageDamage(`page ${number} has wrong bounds`);
    }
    let lowest = this.pageBytes - HEADER_BYTES;
    const offsets = Array.from({ length: lower / 2 }, (_, n) => {
      const offset = page.readUInt16LE(HEADER_BYTES + n * 2);
      lowest = Math.min(lowest, offset);
      return HEADER_BYTES + offset;
    });
    // The node that was added last stands there: none is missing from the list.
    if (lowest !== upper) throw new PageDamage(`page ${number} points outside its nodes`);
    return offsets;
  }

  /** The leaf node at an offset of a page; null when what stands there cannot be one. */
  nodeAt(number: number, offset: number): Node | null {
    const page = this.page(number);
    if (offset + NODE.bytes > page.length) return null;
    const size = page.readUInt32LE(offset);
    const flags = page.readUInt16LE(offset + NODE.flags);
    const keyAt = offset + NODE.bytes;
    const keyEnd = keyAt + page.readUInt16LE(offset + NODE.keySize);
    const overflows = flags === FLAG_OVERFLOWS;
    const end = keyEnd + (overflows ? NODE.overflowBytes : size);
    if ((flags !== 0 && !overflows) || end > page.length || size > this.sizeBytes) return null;
    const start = number * this.pageBytes;
    let valueAt = start + keyEnd;
    if (overflows) {
      const first = u64(page, keyEnd);
      if (first < 2 || first > Number.MAX_SAFE_INTEGER / this.pageBytes) return null;
      valueAt = first * this.pageBytes + HEADER_BYTES;
    }
    return { key: page.subarray(keyAt, keyEnd), size, valueAt, at: start + offset };
  }

  /** The value of a node, shorter where the file has been cut. Valid until the next page or value is read. */
  value({ size, valueAt }: Node): Buffer {
    const inPage = valueAt - this.#number * this.pageBytes;
    if (inPage >= 0 && inPage + size <= this.pageBytes) return this.#page.subarray(inPage, inPage + size);
    if (size > this.#value.length) this.#value = Buffer.allocUnsafeSlow(size + size / 4);
    return this.#value.subarray(0, this.#read(this.#value, size, valueAt));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** What is beyond 2^53 is damage, and is not any number that is right. */
export function u64(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
