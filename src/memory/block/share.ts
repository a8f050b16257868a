/** A second block over the bodies of one that was just built: a selector's share of its events. */
import type { BlockStore } from '../store/store.ts';
import type { BuiltBlock } from './built-block.ts';
import { align, FLAG, PREAMBLE_BYTES, slotsOf, WORD } from './layout.ts';

/** Start, length and header record of each event, offsets in the segment. */
export interface EventTable {
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  readonly refs: Uint32Array;
}

const TABLE_BYTES_AN_EVENT = 12;

/** Null when its table does not fit into the segment of `whole`, whose memory `words` is. */
export function shareOf(
  store: BlockStore,
  words: Uint32Array,
  whole: BuiltBlock,
  indices: readonly number[],
  { starts, lengths, refs }: EventTable,
): BuiltBlock | null {
  const tableBytes = indices.length * TABLE_BYTES_AN_EVENT + PREAMBLE_BYTES + 64;
  const reservation = store.open(0);
  if (reservation.segment !== whole.segment || reservation.end - reservation.start < tableBytes) {
    store.cancel();
    return null;
  }
  const start = reservation.start;
  const flags = (words[(whole.offset >> 2) + WORD.flags]! & ~FLAG.lines) | FLAG.foreign;
  const own = (flags & FLAG.ownHeaders) !== 0;
  const count = indices.length;
  let at = (start + PREAMBLE_BYTES) >> 2;
  let slots = 0;
  let bodyBytes = 0;
  for (let k = 0; k < count; k++) {
    const i = indices[k]!;
    words[at + k] = starts[i]!;
    words[at + count + k] = lengths[i]!;
    if (own) words[at + 2 * count + k] = refs[i]!;
    slots += slotsOf(lengths[i]!);
    bodyBytes += lengths[i]!;
  }
  at = start >> 2;
  const length = align(PREAMBLE_BYTES + count * (own ? 12 : 8), 8);
  words.copyWithin(at, whole.offset >> 2, (whole.offset + PREAMBLE_BYTES) >> 2);
  words[at + WORD.length] = length;
  words[at + WORD.count] = count;
  words[at + WORD.origin] = start;
  words[at + WORD.bodyBytes] = bodyBytes;
  words[at + WORD.slots] = slots;
  words[at + WORD.table] = PREAMBLE_BYTES;
  words[at + WORD.flags] = flags;
  store.close(length);
  return { segment: whole.segment, offset: start, length, count, slots };
}
