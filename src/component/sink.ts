/**
 * A sink delivers batches. Duties: `process` returns (or resolves) only when every event of the batch is
 * delivered as safely as the target can; it throws when any is not, and the whole batch is handed out again.
 * It never keeps a reference to a batch or to its views afterwards. `idle` is called when the channel has
 * nothing, about once a second (Flume calls its sinks even then; file_roll opens and rolls its files here).
 * `stop` flushes and closes.
 */
import type { Batch } from '../memory/block/batch.ts';
import type { ComponentContext } from './context.ts';
import type { SinkCounters } from './counters.ts';
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
  degraded(reason: string | null): void;
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
  start?(): Promise<void> | void;
  process(batch: Batch): Promise<void> | void;
  idle?(): Promise<void> | void;
  /** How far its work is, for an operator who asks. Quick: it is called between batches. */
  progress?(): readonly ProgressTable[];
  stop?(): Promise<void> | void;
}
