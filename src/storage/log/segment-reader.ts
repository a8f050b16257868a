/**
 * Reads a segment that nobody writes any more, by its pages (../pages). A segment whose tree is damaged is
 * searched through for records: all that are whole are delivered, as their keys and values have checksums.
 * A flipped bit may also lead to an old copy of a page, which looks right and lacks records: whoever misses
 * events asks for a search (`searchFor`).
 *
 * Limits: a damaged segment costs memory for each record, about 24 bytes, while it is read.
 */
import { type Node, PageDamage, PageFile } from '../pages/page-file.ts';
import { nodesAnywhere } from '../pages/scan.ts';
import { leafPages } from '../pages/tree.ts';
import { crcOf, decodeKey, KEY_SIZES, type RecordKey } from './record.ts';

export interface StoredRecord {
  readonly key: RecordKey;
  /** Valid until the next turn of the event loop, or the next record. */
  readonly value: Buffer;
}

/** What a search found, in the order of offsets; a record may be there more than once. */
interface Salvage {
  readonly firsts: Float64Array;
  /** Positions of their nodes. */
  readonly places: Float64Array;
}

export class SegmentReader {
  readonly file: string;
  readonly first: number;
  /** Where the next segment of the directory begins: from there on none is in this one. */
  end = Number.POSITIVE_INFINITY;
  readonly #onDamage: (why: string) => void;
  #pages: PageFile | null = null;
  /** Null once the tree was found damaged. */
  #leafs: readonly number[] | null = null;
  #salvage: Salvage | null = null;
  /** Stays when the file is closed. */
  #isTreeDamaged = false;

  /** @param onDamage hears why the tree cannot be used, when there are records all the same. */
  constructor(file: string, first: number, onDamage: (why: string) => void) {
    this.file = file;
    this.first = first;
    this.#onDamage = onDamage;
  }

  /** @throws the system's error; PageDamage when nothing in it can be read. */
  #open(): PageFile {
    if (this.#pages !== null) return this.#pages;
    const pages = new PageFile(this.file);
    this.#pages = pages;
    if (this.#isTreeDamaged) this.#use(this.#search());
    else this.#leafs = pages.sizeBytes === 0 ? [] : this.#orSearch(() => leafPages(pages));
    return pages;
  }

  /** What `read` finds in the tree; null when that is damaged, and `#salvage` is used from now on. */
  #orSearch<T>(read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof PageDamage)) throw error;
      this.#leafs = null;
      const salvage = this.#search();
      if (salvage.firsts.length === 0) throw error;
      this.#use(salvage);
      this.#onDamage(error.message);
      return null;
    }
  }

  #use(salvage: Salvage): void {
    this.#leafs = null;
    this.#salvage = salvage;
    this.#isTreeDamaged = true;
  }

  #search(): Salvage {
    const firsts: number[] = [];
    const places: number[] = [];
    const isOurs = (bytes: Buffer) => {
      const first = decodeKey(bytes)?.first ?? -1;
      return first >= this.first && first < this.end && firsts.push(first) > 0;
    };
    for (const { at } of nodesAnywhere(this.#pages!, KEY_SIZES, isOurs)) places.push(at);
    const order = Uint32Array.from(firsts.keys()).sort((a, b) => firsts[a]! - firsts[b]!);
    return {
      firsts: Float64Array.from(order, (n) => firsts[n]!),
      places: Float64Array.from(order, (n) => places[n]!),
    };
  }

  /** Records that end behind `from`, in order. */
  *records(from: number): Iterable<StoredRecord> {
    const pages = this.#open();
    let expected = from;
    if (this.#leafs !== null) {
      const records = this.#recordsOfTree(pages, this.#leafs, from);
      for (;;) {
        const next = this.#orSearch(() => records.next());
        if (next === null || next.done === true) break;
        expected = next.value.key.first + next.value.key.count;
        yield next.value;
      }
    }
    if (this.#salvage !== null) yield* this.#recordsOfSalvage(pages, this.#salvage, expected);
  }

  /**
   * Searches for records with events of [from, to), to which the tree does not lead. When there are any, it
   * is damaged, and whoever reads anew gets them. @throws PageDamage when nothing can be read.
   */
  searchFor(from: number, to: number): void {
    const pages = this.#open();
    if (this.#leafs === null || this.#leafs.length === 0) return;
    const salvage = this.#search();
    const [record] = this.#recordsOfSalvage(pages, salvage, from);
    if (record === undefined || record.key.first >= to) return;
    this.#use(salvage);
    this.#onDamage(`its tree does not lead to event ${Math.max(from, record.key.first)}`);
  }

  *#recordsOfTree(pages: PageFile, leafs: readonly number[], from: number): Generator<StoredRecord> {
    let expected = 0;
    for (let n = this.#leafOf(pages, leafs, from); n < leafs.length; n++) {
      for (const { node, key } of recordsIn(pages, leafs[n]!)) {
        if (key.first < expected) throw outOfOrder(leafs[n]!);
        expected = key.first + key.count;
        if (expected > from && key.first < this.end) yield { key, value: pages.value(node) };
      }
    }
  }

  /** The last leaf that begins at or before `from`, else the first. */
  #leafOf(pages: PageFile, leafs: readonly number[], from: number): number {
    let low = 0;
    let high = leafs.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const [first] = recordsIn(pages, leafs[middle]!);
      if (first === undefined) throw new PageDamage(`page ${leafs[middle]} is empty`);
      if (first.key.first <= from) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  *#recordsOfSalvage(pages: PageFile, { firsts, places }: Salvage, from: number): Iterable<StoredRecord> {
    let expected = from;
    for (let n = 0; n < firsts.length; ) {
      let record = recordAt(pages, places[n]!);
      const { first } = record.key;
      // Of several copies one may be whole.
      for (n++; n < firsts.length && firsts[n] === first; n++) {
        if (crcOf(record.value) !== record.key.crc) record = recordAt(pages, places[n]!);
      }
      const end = first + record.key.count;
      if (end <= expected) continue;
      expected = end;
      yield record;
    }
  }

  /**
   * Keys from the newest on; all of them again once the tree is found damaged: it may have passed some over.
   */
  *keysBackwards(): Iterable<RecordKey> {
    const pages = this.#open();
    let before = Number.POSITIVE_INFINITY;
    for (let n = (this.#leafs?.length ?? 0) - 1; n >= 0; n--) {
      const records = this.#orSearch(() => recordsBefore(pages, this.#leafs![n]!, before));
      if (records === null) break;
      for (const { key } of records.reverse()) {
        before = key.first;
        yield key;
      }
    }
    if (this.#salvage === null) return;
    const { firsts, places } = this.#salvage;
    before = Number.POSITIVE_INFINITY;
    for (let n = firsts.length - 1; n >= 0; n--) {
      if (firsts[n]! >= before) continue;
      before = firsts[n]!;
      yield recordAt(pages, places[n]!).key;
    }
  }

  close(): void {
    this.#pages?.close();
    this.#pages = null;
    this.#leafs = null;
    this.#salvage = null;
  }
}

/** What stands in a leaf page. @throws PageDamage */
function recordsIn(pages: PageFile, page: number): { node: Node; key: RecordKey }[] {
  return pages.leafNodes(page).map((node) => {
    const key = decodeKey(node.key);
    if (key === null) throw new PageDamage(`a key on page ${page} is damaged`);
    return { node, key };
  });
}

/** The same of a page whose last record begins before an offset. @throws PageDamage */
function recordsBefore(pages: PageFile, page: number, before: number): { node: Node; key: RecordKey }[] {
  const records = recordsIn(pages, page);
  if (records.some(({ key }) => key.first >= before)) throw outOfOrder(page);
  return records;
}

function outOfOrder(page: number): PageDamage {
  return new PageDamage(`page ${page} has its records out of order`);
}

/** The record of a node that was found there before. */
function recordAt(pages: PageFile, at: number): StoredRecord {
  const page = Math.floor(at / pages.pageBytes);
  const node = pages.nodeAt(page, at % pages.pageBytes);
  const key = node === null ? null : decodeKey(node.key);
  if (node === null || key === null) throw new PageDamage(`page ${page} changed while it was read`);
  return { key, value: pages.value(node) };
}
