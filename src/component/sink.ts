/**
 * A sink delivers batches. Duties: `process` returns (or resolves) only when every event of the batch is
 * delivered as safely as the target can; it throws when any is not, and the whole batch is handed out again.
 * It never keeps a reference to a batch or to its views afterwards, but for parts that it holds. `idle` is
 * called when the channel has nothing, about once a second (Flume calls its sinks even then; file_roll opens
 * and rolls its files here). `end` says that `stop` comes once the deliveries under way have ended. `stop`
 * flushes and closes.
 */
import type { Batch, BatchRange } from '../memory/block/batch.ts';
import type { ComponentContext } from './context.ts';
import type { Gauges, SinkCounters } from './counters.ts';
import type { ProgressTable } from './progress.ts';
import type { EventSerializer, Writer } from './serializer.ts';
import type { BlockWork } from './work.ts';

export interface SinkContext extends ComponentContext {
  readonly counters: SinkCounters;
  /**
   * Loads an event serializer by alias or Builder class, with its own options (`serializer.*` without that
   * prefix); what it returns makes the serializer of one file.
   */
  serializer(
    type: string,
    properties: Readonly<Record<string, string>>,
  ): Promise<(out: Writer) => EventSerializer>;
  loadPlugin(specifier: string): Promise<Record<string, unknown>>;
  /** Compression beside this thread. */
  readonly work: BlockWork;
  /**
   * Whether `process` may return parts that it holds. Not in a sink group: there the processor decides who
   * tries a batch next, so that it is delivered whole or not at all.
   */
  readonly mayHold: boolean;
  degraded(reason: string | null): void;
}

/**
 * Events of a batch that are not delivered yet and that the sink goes on with by itself, while the rest of
 * the batch is committed. They stay in the channel: when the sink's worker dies, it stops or its channel is
 * opened anew, they are handed out again.
 */
export interface HeldPart {
  /**
   * Ranges of the batch or parts of them, in its order. They stay until `delivered` or `forget`, or become
   * others with the same events, copied out of their blocks, while nobody reads them.
   */
  ranges: readonly BatchRange[];
  /** Whether a delivery is under way that reads the ranges. */
  readonly isRead: boolean;
  /** Resolves when every event is delivered as `process` promises; never rejects. */
  readonly delivered: Promise<void>;
  /** The events are handed out again: no delivery of them begins any more. */
  forget(): void;
}

/** Beyond one of these a sink is handed nothing more. */
export interface HeldLimits {
  readonly events: number;
  /** Of the memory that is kept because held events stand in it: it is larger than they are. */
  readonly bytes: number;
}

export interface Sink {
  /** Most events that `process` is handed at once. */
  readonly batchSize: number;
  /**
   * Calls of `process` that may be under way at once while the sink is not in a group; 1 unless given. Each
   * batch is committed when its own call has resolved. When one fails, no further one begins until all have
   * ended; what was not delivered is handed out again, in order.
   */
  readonly overlap?: number;
  /** How much it may hold, for a sink that returns parts from `process`. */
  readonly heldMax?: HeldLimits;
  start?(): Promise<void> | void;
  /** What it resolves with is held, if `SinkContext.mayHold`; everything else of the batch is delivered. */
  process(batch: Batch): Promise<void> | Promise<readonly HeldPart[]> | void;
  idle?(): Promise<void> | void;
  /** How far its work is, for an operator who asks. Quick: it is called between batches. */
  progress?(): readonly ProgressTable[];
  /** Its gauges now. Quick: it is asked about once a second. */
  gauges?(): Gauges;
  /**
   * A delivery that waits for an answer of which nobody knows when it comes gives up soon: its batch stays in
   * the channel. Others go on to their end.
   */
  end?(): void;
  stop?(): Promise<void> | void;
}
