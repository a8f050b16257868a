/**
 * A channel keeps batches between sources and sinks. It lives behind a ChannelHost (transaction/), which
 * reads the lanes; the channel itself sees puts and takes as objects and never touches a ring.
 *
 * Duties: events come out in the order in which puts were committed; a rolled back take is handed out again
 * first, in order, whichever takes are rolled back when; a refused put leaves nothing behind; `capacity`,
 * `transactionCapacity` and `byteCapacity` are kept.
 */

import type { Numbering } from '../memory/block/numbering.ts';
import type { BlockRange, ChannelMemory } from '../memory/store/range.ts';
import type { Segment } from '../memory/store/segment.ts';
import type { ComponentContext } from './context.ts';
import type { ChannelCounters } from './counters.ts';

export interface ChannelContext extends ComponentContext {
  readonly counters: ChannelCounters;
  /**
   * Shared memory that outlives this worker: a channel that promises to survive its
   * worker keeps its state there.
   */
  readonly memory: ChannelMemory;
  /** Segments that a backlog found in `memory` names. */
  readonly segments: SegmentLookup;
  /** `-Xmx` in bytes, when it was given. */
  readonly heapBytes: number | null;
  /**
   * For a BlockStore of the channel's own: the segments that it hands out from it need numbers that no other
   * uses.
   */
  readonly storeNumber: number;
  /** Lets `tick` be called soon: something that the channel waited for (a disk, a database) has ended. */
  wake(): void;
  /** Shown as status `degraded` with this reason until called with null. */
  degraded(reason: string | null): void;
}

/** Segments by id. Those that a channel adds and that its `memory` names outlive its worker, too. */
export interface SegmentLookup {
  get(id: number): Segment;
  add(id: number, memory: Segment['memory']): void;
}

/** A put waiting for its answer. */
export interface PendingPut {
  readonly range: BlockRange;
  readonly mode: 'batch' | 'each';
  /** Epoch ms when it arrived, for keep-alive. */
  readonly sinceMs: number;
  /** Answers it, once. `accepted` counts from the first event; `status` names why the rest was refused. */
  complete(accepted: number, status: PutStatus): void;
}

export type PutStatus =
  | 'ok'
  | 'full-slots'
  | 'full-bytes'
  | 'full-disk'
  | 'transaction-capacity'
  | 'closed'
  | 'failed';

export interface HandedRange extends BlockRange {
  /** The number of its first event; it counts only where the channel has a `numbering`. */
  readonly at?: number | null;
}

/** A take that was handed out: ranges of blocks, in order. */
export interface Take {
  readonly ranges: readonly HandedRange[];
  readonly events: number;
}

export interface Channel {
  /** True when no call needs the event loop: the channel's worker may then sleep in Atomics.wait. */
  readonly blocking: boolean;
  /**
   * How events are numbered, from `start` on: only a channel that declares `numbersEvents` has it, and each
   * range that it hands out has its number.
   */
  readonly numbering?: Numbering | undefined;
  start(): Promise<void> | void;
  /** Commits what it can of `puts` (in order) and keeps the others to answer later, within keep-alive. */
  put(puts: readonly PendingPut[]): void;
  /** Whether a take would find an event now. */
  hasNext(): boolean;
  /** Up to `eventsMax` events in at most RANGES_PER_TAKE_MAX ranges, or null when there are none. */
  take(eventsMax: number): Take | null;
  /**
   * `count` events of a range of one of its takes, behind the first `skip`: itself a range of a take. A take
   * may be cut into such ranges, and these be committed and rolled back as takes of their own.
   */
  part(range: BlockRange, skip: number, count: number): BlockRange;
  /**
   * A sink holds these events, perhaps for long: a take of the same events, which the channel may have copied
   * out of blocks of which they are a small part. Without it those blocks stay as long.
   */
  hold?(take: Take): Take;
  commit(take: Take): void;
  rollback(take: Take): void;
  /** Called often: answers puts that waited for room, now there or overdue. */
  tick(nowMs: number): void;
  /** Ms until `tick` should be called even if nothing happens; Infinity when nothing waits. */
  nextTickMs(nowMs: number): number;
  /**
   * Whether commits may be read late (WAIT_MS_MAX): nothing waits for the room that they
   * make, or for their safety.
   */
  commitsCanWait(): boolean;
  /** Events put and not yet taken for good. */
  size(): number;
  /** Ids of the sources' segments that the channel still reads from. */
  segmentsInUse(): ReadonlySet<number>;
  /** Called every few seconds: gives memory back that was of no use since. */
  trim?(): void;
  stop(): Promise<void> | void;
}
