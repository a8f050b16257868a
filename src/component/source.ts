/**
 * A source reads events from outside and puts them into channels.
 *
 * Duties: `start` resolves when the source is listening or running; it throws when it cannot (the engine
 * retries every 3 s, as Flume does). A source acknowledges an event to its client only after the put that
 * carries it is accepted, and passes a refusal on in its protocol. It holds at most one open batch, from
 * `openBatch()` to `put()` in one turn of the event loop. When `openBatch()` returns null there is no room:
 * it stops reading and goes on after `room()`. `stop` stops taking input, answers what is in flight, closes
 * ports and children; after it nothing is put.
 */
import type { BatchBuilder } from '../memory/block/builder.ts';
import type { ComponentContext } from './context.ts';
import type { Gauges, SourceCounters } from './counters.ts';
import type { ProgressTable } from './progress.ts';

/** How a channel treats a put that it cannot take whole. */
export type PutMode =
  | 'batch' // one transaction: all or nothing (HTTP, Avro)
  | 'each'; // Flume's one event a transaction (netcat, syslog, exec): the first ones may be accepted

/** Who waits for the outcome: `lazy` when nobody does, so that it need not wake the source's worker. */
export type PutUrgency = 'prompt' | 'lazy';

export interface PutOutcome {
  /** Events put, from the first on. Dropped by interceptors or mapped to no channel counts as put. */
  readonly accepted: number;
  /** Null when all were accepted; else why the rest was not. */
  readonly refusal: Refusal | null;
}

export interface Refusal {
  readonly code:
    | 'CHANNEL_FULL'
    | 'CHANNEL_TRANSACTION_CAPACITY'
    | 'CHANNEL_CLOSED'
    | 'CHANNEL_LOST'
    | 'INTERNAL';
  /** Flume's text, e.g. `Unable to put batch on required channel: …` */
  readonly text: string;
}

export interface SourceContext extends ComponentContext {
  readonly counters: SourceCounters;
  /**
   * The one open batch of this source, empty, with room for about `bytesHint` bytes; null
   * when too much is in flight.
   */
  openBatch(bytesHint?: number): BatchBuilder | null;
  /**
   * Intercepts, selects and puts the open batch. Puts of one source are committed in the order of the calls.
   */
  put(batch: BatchBuilder, mode: PutMode, urgency?: PutUrgency): Promise<PutOutcome>;
  /** Gives the open batch up without a put. */
  discard(batch: BatchBuilder): void;
  /** Resolves when `openBatch` can succeed again. */
  room(): Promise<void>;
  /**
   * Resolves when as many puts are answered as are in flight now; lazy ones are answered promptly meanwhile.
   */
  settled(): Promise<void>;
  /**
   * Resolves after `ms`, or before, when this thread is called. Where it serves nobody else it sleeps
   * meanwhile: what the event loop has to tell is heard all at once afterwards, and costs one wake-up. Only
   * for a source that has nothing under way but lazy puts.
   */
  rest(ms: number): Promise<void>;
  /** Load a part named by an option (http handler, …); plug-ins included. Throws CONF_UNKNOWN_TYPE. */
  loadPlugin(specifier: string): Promise<Record<string, unknown>>;
  /** Shown as status `degraded` with this reason until called with null. */
  degraded(reason: string | null): void;
}

export interface Source {
  start(): Promise<void> | void;
  /** How far its work is, for an operator who asks. Quick: it is called between batches. */
  progress?(): readonly ProgressTable[];
  /** Its gauges now. Quick: it is asked about once a second. */
  gauges?(): Gauges;
  stop(): Promise<void> | void;
}
