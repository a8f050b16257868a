import type { Segment } from '../store/segment.ts';

/** Where a finished block stands. */
export interface BuiltBlock {
  segment: Segment;
  /** Offset of the block in its segment. */
  offset: number;
  /** Bytes of the block. */
  length: number;
  count: number;
  slots: number;
}
