/** Some events of one block, by place: what puts and takes are made of. */
import type { SharedMemory } from '../shared.ts';
import type { Segment } from './segment.ts';

export interface BlockRange {
  readonly segment: Segment;
  /** Offset of the block in its segment. */
  readonly offset: number;
  readonly first: number;
  readonly count: number;
  /** Flume's 100-byte slots of these events. */
  readonly slots: number;
}

/** Shared memory that outlives a channel's worker: named by the channel, kept by the supervisor. */
export interface ChannelMemory {
  /** Null on the first start. */
  load(): SharedMemory | null;
  save(memory: SharedMemory): void;
}
