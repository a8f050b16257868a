/** Some events of a block as a block of their own, e.g. to write them somewhere without the rest. */
import type { BatchBuilder, BuiltBlock } from './builder.ts';
import type { BatchView } from './view.ts';

/**
 * Builds it with `builder`, which must not have a batch open. The caller holds no reference to the new block
 * yet.
 */
export function copyEvents(view: BatchView, first: number, count: number, builder: BatchBuilder): BuiltBlock {
  builder.begin(view.bodyBytes);
  try {
    for (let i = first; i < first + count; i++) {
      const start = view.bodyStart(i);
      builder.append(view.bytes, start, start + view.bodyLength(i), view.headers(i));
    }
    return builder.finish(view.originTimeMs);
  } catch (error) {
    if (builder.isOpen) builder.cancel();
    throw error;
  }
}
