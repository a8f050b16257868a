/**
 * Finds the leaf pages of an LMDB file's one table by its tree, and checks the tree on the way.
 *
 * Meta records (offsets from their start): magic (u32) · version (u32) at 4 · page size (u32) at 24 · of the
 *   table: depth (u16) at 78, branch pages (u64) at 80, leaf pages (u64) at 88, entries (u64) at 104, root
 *   page (u64) at 112 · last page (u64) at 120 · transaction (u64) at 128.
 *   Transactions write theirs by turns to page 0 and page 1; in the middle of page 0, without a magic,
 *   lmdb-js keeps the one that was newest when the disk had synced everything before it. It is on the disk
 *   itself before a write is said to be.
 *
 * The transaction that was synced last counts: of later ones a power cut may leave some pages and not others,
 * and what looks whole may lead to old copies. Its pages are the root, and whatever leads from there to the
 * last leaf: records are only appended, so each transaction writes this path anew. That, and the numbers of
 * pages of each kind, show that the tree is whole and no older one. Leaf pages but the last are not read
 * here. A file that was never synced has one record at most, which does not count.
 */
import { HEADER_BYTES, PageDamage, type PageFile, u64 } from './page-file.ts';

const MAGIC = 0xbeefc0de;
const VERSION = 2;
const META = {
  bytes: 144,
  version: 4,
  pageBytes: 24,
  depth: 78,
  branchPages: 80,
  leafPages: 88,
  entries: 104,
  root: 112,
  lastPage: 120,
  transaction: 128,
} as const;
const NO_ROOT = 2 ** 64;
/** LMDB's own limit. */
const DEPTH_MAX = 32;

interface Meta {
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly entries: number;
  readonly root: number;
  readonly lastPage: number;
  readonly transaction: number;
}

/** Leaf pages in the order of their keys. @throws PageDamage */
export function leafPages(file: PageFile): number[] {
  const even = metaAt(file, 0, 0);
  const odd = metaAt(file, 1, 0);
  const synced = metaAt(file, 0, file.pageBytes / 2);
  const metas = [synced, even, odd].filter((meta) => meta !== null);
  if (metas.length === 0) throw new PageDamage('it does not begin as an LMDB file does');
  const areBoth = even !== null && odd !== null && Math.abs(even.transaction - odd.transaction) <= 1;
  // Otherwise the one that is left may be an earlier one.
  if (!areBoth && synced === null) throw new PageDamage('its meta records are damaged');
  const newest = Math.max(...metas.map((meta) => meta.transaction));
  if (isNeverSynced(file) && metas.every(({ entries }) => entries <= 1)) return [];
  let damage: PageDamage | null = null;
  for (const meta of metas.filter((one) => one === synced || one.transaction === newest)) {
    const found = attempt(file, meta);
    if (!(found instanceof PageDamage)) return found;
    damage = found;
  }
  throw damage!;
}

/** Whether the place of the record of the last sync is as it was when the file was made. */
function isNeverSynced(file: PageFile): boolean {
  const at = HEADER_BYTES + file.pageBytes / 2;
  return file
    .page(0)
    .subarray(at, at + META.bytes)
    .every((byte) => byte === 0);
}

function metaAt(file: PageFile, number: 0 | 1, offset: number): Meta | null {
  const page = file.page(number);
  const bytes = page.subarray(HEADER_BYTES + offset, HEADER_BYTES + offset + META.bytes);
  const transaction = u64(bytes, META.transaction);
  const isSynced = offset > 0;
  const isOne = isSynced
    ? transaction > 0
    : bytes.readUInt32LE(0) === MAGIC &&
      (bytes.readUInt32LE(META.version) & 0xffff) === VERSION &&
      (transaction === 0 || transaction % 2 === number);
  if (!isOne || bytes.readUInt32LE(META.pageBytes) !== file.pageBytes) return null;
  return {
    depth: bytes.readUInt16LE(META.depth),
    branchPages: u64(bytes, META.branchPages),
    leafPages: u64(bytes, META.leafPages),
    entries: u64(bytes, META.entries),
    root: u64(bytes, META.root),
    lastPage: u64(bytes, META.lastPage),
    transaction,
  };
}

function attempt(file: PageFile, meta: Meta): number[] | PageDamage {
  try {
    return new Walk(file, meta).leafs();
  } catch (error) {
    if (error instanceof PageDamage) return error;
    throw error;
  }
}

class Walk {
  readonly #file: PageFile;
  readonly #meta: Meta;
  readonly #seen = new Set<number>();
  readonly #leafs: number[] = [];
  #branches = 0;

  constructor(file: PageFile, meta: Meta) {
    this.#file = file;
    this.#meta = meta;
  }

  leafs(): number[] {
    const { root, depth, entries, branchPages, leafPages } = this.#meta;
    if (root === NO_ROOT && entries === 0) return [];
    if (depth < 1 || depth > DEPTH_MAX) throw new PageDamage(`its tree has ${depth} levels`);
    this.#visit(root, depth, true);
    if (this.#branches !== branchPages || this.#leafs.length !== leafPages) {
      throw new PageDamage(`its tree has ${this.#leafs.length} leaf pages, ${leafPages} were written`);
    }
    return this.#leafs;
  }

  #visit(number: number, level: number, isLast: boolean): void {
    const { lastPage, transaction } = this.#meta;
    if (number < 2 || number > lastPage || number >= this.#file.pageCount || this.#seen.has(number)) {
      throw new PageDamage(`its tree leads to page ${number}, which cannot be`);
    }
    this.#seen.add(number);
    const kind = level === 1 ? 'leaf' : 'branch';
    if (isLast && this.#file.transactionOf(number, kind) !== transaction) {
      throw new PageDamage(`page ${number} is not of the newest transaction`);
    }
    if (level === 1) {
      this.#leafs.push(number);
      return;
    }
    this.#branches++;
    const children = this.#file.children(number);
    for (const [n, child] of children.entries()) {
      this.#visit(child, level - 1, isLast && n === children.length - 1);
    }
  }
}
