/**
 * The connection of a sink to the next agent: made when it is needed, shared by the batches under way,
 * replaced when one of them has failed on it or when it has had its time. Batches that are under way on a
 * connection which is left are still answered. Counts what Flume's sinks count.
 */
import type { Batch } from '../../memory/block/batch.ts';
import type { SinkContext } from '../sink.ts';

export interface SinkSession {
  /** False once it is of no more use. */
  readonly isOpen: boolean;
  /** Takes no more calls, and ends when those under way are answered. */
  finish(): void;
}

export interface SinkConnectionSettings<Session extends SinkSession> {
  readonly batchSize: number;
  /** A connection that is older is replaced; 0: none is. */
  readonly resetMs: number;
  readonly open: () => Promise<Session>;
}

export class SinkConnection<Session extends SinkSession> {
  readonly #context: SinkContext;
  readonly #settings: SinkConnectionSettings<Session>;
  #session: Session | null = null;
  /** The connection that is being made, for all batches that wait for it. */
  #connecting: Promise<Session> | null = null;
  /** When the connection has had its time. */
  #resetAtMs = Number.POSITIVE_INFINITY;

  constructor(context: SinkContext, settings: SinkConnectionSettings<Session>) {
    this.#context = context;
    this.#settings = settings;
  }

  /** Delivers a batch by `send`; whatever it throws fails the batch, and retires the connection. */
  async deliver(batch: Batch, send: (session: Session) => Promise<void>): Promise<void> {
    const { counters } = this.#context;
    const isFull = batch.count >= this.#settings.batchSize;
    counters.add(isFull ? 'BatchCompleteCount' : 'BatchUnderflowCount', 1);
    counters.add('EventDrainAttemptCount', batch.count);
    let session: Session | null = null;
    try {
      session = this.usable() ?? (await this.connect());
      await send(session);
    } catch (error) {
      counters.add('EventWriteFail', 1);
      // Another batch may have replaced it already.
      if (session !== null && session === this.#session) this.leave();
      throw error;
    }
    counters.add('EventDrainSuccessCount', batch.count);
  }

  /** The open connection, unless it is gone or has had its time: then it is left. */
  usable(): Session | null {
    if (this.#session?.isOpen !== true || this.#context.clock.now() >= this.#resetAtMs) this.leave();
    return this.#session;
  }

  connect(): Promise<Session> {
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async #open(): Promise<Session> {
    const { counters, clock } = this.#context;
    const { open, resetMs } = this.#settings;
    try {
      this.#session = await open();
    } catch (error) {
      counters.add('ConnectionFailedCount', 1);
      throw error;
    }
    counters.add('ConnectionCreatedCount', 1);
    if (resetMs > 0) this.#resetAtMs = clock.now() + resetMs;
    return this.#session;
  }

  leave(): void {
    if (this.#session === null) return;
    this.#session.finish();
    this.#session = null;
    this.#resetAtMs = Number.POSITIVE_INFINITY;
    this.#context.counters.add('ConnectionClosedCount', 1);
  }
}
