/** Some events of a batch or block as a block of their own: to put or to write them without the rest. */
import type { BatchBuilder } from './builder.ts';
import type { BuiltBlock } from './built-block.ts';
import type { Headers } from './headers.ts';

/** A batch being built, or a view of a block. */
export interface EventsToCopy {
  readonly bytes: Buffer;
  bodyStart(index: number): number;
  bodyLength(index: number): number;
  headers(index: number): Headers;
}

/**
 * Builds it with `builder`, which must not have a batch open. The caller holds no reference to the new block
 * yet.
 */
export function copyEvents(
  source: EventsToCopy,
  indices: Iterable<number>,
  builder: BatchBuilder,
  timeMs: number,
): BuiltBlock {
  builder.begin();
  try {
    for (const i of indices) {
      const start = source.bodyStart(i);
      builder.append(source.bytes, start, start + source.bodyLength(i), source.headers(i));
    }
    return builder.finish(timeMs);
  } catch (error) {
    if (builder.isOpen) builder.cancel();
    throw error;
  }
}
