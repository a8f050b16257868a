/**
 * Finds nodes in a file whose tree is damaged: every place of every page where one may stand is looked at,
 * and its key says by a checksum whether one does. Overflow pages are passed over as long as their headers
 * are right, so that nothing in a value is taken for a node.
 *
 * LMDB leaves old copies of pages behind: a node may be found more than once.
 */
import { HEADER_BYTES, type Node, type PageFile } from './page-file.ts';

/** Where a node has the size of its key, which the key follows. */
const KEY_SIZE_AT = 6;
/** Nodes stand at even offsets. */
const STEP = 2;

export function* nodesAnywhere(
  file: PageFile,
  keySizes: ReadonlySet<number>,
  isKey: (key: Buffer) => boolean,
): Iterable<Node> {
  const isKeySize = new Uint8Array(65536);
  for (const size of keySizes) isKeySize[size] = 1;
  for (let number = 0; number < file.pageCount; ) {
    const run = file.runPages(number);
    if (run === 0) yield* nodesIn(file, number, isKeySize, isKey);
    number += Math.max(run, 1);
  }
}

function* nodesIn(
  file: PageFile,
  number: number,
  isKeySize: Uint8Array,
  isKey: (key: Buffer) => boolean,
): Iterable<Node> {
  const end = file.pageBytes - KEY_SIZE_AT - STEP;
  for (let offset = HEADER_BYTES; offset <= end; offset += STEP) {
    offset = nextKeySize(file.page(number), offset, end, isKeySize);
    const node = offset <= end ? file.nodeAt(number, offset) : null;
    if (node !== null && isKey(node.key)) yield node;
  }
}

/** The next offset from `from` to `end` where a node has the size of a key; behind `end` if none. */
function nextKeySize(page: Buffer, from: number, end: number, isKeySize: Uint8Array): number {
  for (let offset = from; offset <= end; offset += STEP) {
    if (isKeySize[page[offset + KEY_SIZE_AT]! | (page[offset + KEY_SIZE_AT + 1]! << 8)] === 1) return offset;
  }
  return end + STEP;
}
