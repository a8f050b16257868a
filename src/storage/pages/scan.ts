/**
 * Finds nodes in a file whose tree is damaged: every place of every page where one may stand is looked at,
 * and its key says by a checksum whether one does. Overflow pages are passed over as long as their headers
 * are right, so that nothing in a value is taken for a node.
 *
 * LMDB leaves old copies of pages behind: a node may be found more than once.
 */
import { HEADER_BYTES, type Node, type PageFile } from './page-file.ts';

/** Before it, and between the size of a key and the key, stand the fields of a node. */
const KEY_SIZE_AT = 6;

export function* nodesAnywhere(
  file: PageFile,
  keySizes: ReadonlySet<number>,
  isKey: (key: Buffer) => boolean,
): Iterable<Node> {
  for (let number = 0; number < file.pageCount; ) {
    const run = file.runPages(number);
    if (run === 0) yield* nodesIn(file, number, keySizes, isKey);
    number += Math.max(run, 1);
  }
}

function* nodesIn(
  file: PageFile,
  number: number,
  keySizes: ReadonlySet<number>,
  isKey: (key: Buffer) => boolean,
): Iterable<Node> {
  // Nodes stand at even offsets.
  for (let offset = HEADER_BYTES; offset < file.pageBytes - KEY_SIZE_AT - 1; offset += 2) {
    if (!keySizes.has(file.page(number).readUInt16LE(offset + KEY_SIZE_AT))) continue;
    const node = file.nodeAt(number, offset);
    if (node !== null && isKey(node.key)) yield node;
  }
}
