/**
 * Copies of events that stay for long, so that the blocks that they came in need not stay with them. A copy
 * pays where the events are a small part of their blocks.
 */
import type { BatchRange } from './batch.ts';
import type { BatchBuilder } from './builder.ts';
import type { BuiltBlock } from './built-block.ts';
import type { BatchView } from './view.ts';

/** Bodies of one block of copies, about. */
const COPY_BYTES_MAX = 1024 * 1024;

export interface CopiedRanges {
  readonly block: BuiltBlock;
  /** What was copied, in order: these are the block's events from 0 on. */
  readonly from: readonly BatchRange[];
}

/** What a block holds of an event beside its body and headers. */
const TABLE_BYTES = 12;

/** Whether the events are less than half of the blocks that they stand in. */
export function isSparse(ranges: readonly BatchRange[]): boolean {
  let events = 0;
  let blocks = 0;
  let last: BatchView | null = null;
  for (const { view, first, count } of ranges) {
    for (let at = first; at < first + count; at++) events += view.bodyLength(at) + TABLE_BYTES;
    if (last?.words !== view.words || last.offset !== view.offset) blocks += view.lengthBytes;
    last = view;
  }
  return events * 2 < blocks;
}

/** The caller holds no reference to the blocks yet. `builder` must not have a batch open. */
export function* copyRanges(
  ranges: readonly BatchRange[],
  builder: BatchBuilder,
): Generator<CopiedRanges, void, void> {
  let from: BatchRange[] = [];
  let bytes = 0;
  for (const range of ranges) {
    const { view, first, count } = range;
    let start = first;
    for (let at = first; at < first + count; at++) {
      if (from.length + at - start > 0 && bytes + view.bodyLength(at) > COPY_BYTES_MAX) {
        if (at > start) from.push({ view, first: start, count: at - start });
        yield copied(from, builder);
        from = [];
        bytes = 0;
        start = at;
      }
      bytes += view.bodyLength(at);
    }
    from.push({ view, first: start, count: first + count - start });
  }
  if (from.length > 0) yield copied(from, builder);
}

function copied(from: readonly BatchRange[], builder: BatchBuilder): CopiedRanges {
  builder.begin();
  try {
    for (const { view, first, count } of from) {
      for (let at = first; at < first + count; at++) {
        const start = view.bodyStart(at);
        builder.append(view.bytes, start, start + view.bodyLength(at), view.headers(at));
      }
    }
    return { block: builder.finish(from[0]!.view.originTimeMs), from };
  } catch (error) {
    if (builder.isOpen) builder.cancel();
    throw error;
  }
}
