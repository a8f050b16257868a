/**
 * Drives one sink: hands it batches, commits them, gives them back.
 *
 * A sink alone has takes prefetched: the channel hands over the next batches while one is being
 * delivered. In a group each take is asked for when the processor calls, so that no batch waits at
 * a sink that is not chosen.
 *
 * A sink alone may also hold parts of a batch: the rest is committed, and each part when it is delivered.
 * While it holds as much as it may, it is handed nothing more.
 */
import type { Logger } from '../../base/log.ts';
import type { SinkCounters } from '../../component/counters.ts';
import type { SinkHandle, SinkStatus } from '../../component/processor.ts';
import type { HeldPart, Sink } from '../../component/sink.ts';
import { type HeldTake, TakeClient, type TakenBatch } from '../../transaction/take-client.ts';
import type { SinkTrouble } from './sink-trouble.ts';

/** Batches that a sink alone has handed over ahead. */
const PREFETCH = 4;
/** Fewer are handed over ahead when they are large: other sinks of the channel want their share. */
const PREFETCH_EVENTS_MAX = 40_000;
/** Deliveries under way at once, at most: with what is prefetched they fit a window of takes. */
const OVERLAP_MAX = 4;
/** What a delivery that takes its time ends with: see `Sink.process`. */
type Delivery = Promise<void> | Promise<readonly HeldPart[]>;

/** What the driver knows of the sink beside its contract. */
interface DrivenSink {
  readonly name: string;
  readonly log: Logger;
  readonly counters: SinkCounters;
  readonly trouble: SinkTrouble;
}

export class SinkDriver implements SinkHandle {
  readonly name: string;
  readonly client: TakeClient;
  readonly sink: Sink;
  readonly counters: SinkCounters;
  readonly trouble: SinkTrouble;
  readonly #log: Logger;
  #wasFull = false;
  readonly #prefetched: boolean;
  /** Deliveries that may be under way at once. */
  readonly #overlap: number;
  /** Called when one of several deliveries has ended. */
  readonly #wake: () => void;
  /** Deliveries under way, when several may be. */
  readonly #flying: Promise<void>[] = [];
  /** Of a delivery that failed while others were under way: nothing begins until they have ended. */
  #failure: { readonly error: unknown } | null = null;
  #asked: ((status: SinkStatus | Promise<SinkStatus>) => void) | null = null;
  #isStarted = false;

  constructor(
    { name, log, counters, trouble }: DrivenSink,
    sink: Sink,
    prefetched: boolean,
    wake: () => void,
  ) {
    this.name = name;
    this.#log = log;
    this.counters = counters;
    this.trouble = trouble;
    this.sink = sink;
    this.#prefetched = prefetched;
    this.#overlap = prefetched ? Math.min(sink.overlap ?? 1, OVERLAP_MAX) : 1;
    this.#wake = wake;
    const ahead = Math.max(1, Math.min(PREFETCH, Math.floor(PREFETCH_EVENTS_MAX / sink.batchSize)));
    this.client = new TakeClient(sink.batchSize, prefetched ? ahead + this.#overlap - 1 : 1);
  }

  get isDelivering(): boolean {
    return this.#flying.length > 0;
  }

  /** Resolves when no delivery is under way. */
  async ended(): Promise<void> {
    await Promise.all(this.#flying);
  }

  /** Whether it holds as much as it may; said once each time. */
  #isFull(): boolean {
    const { heldMax } = this.sink;
    if (heldMax === undefined) return false;
    const { heldEvents, heldBytes } = this.client;
    const isFull = heldEvents >= heldMax.events || heldBytes >= heldMax.bytes;
    if (isFull && !this.#wasFull) {
      const held = `${heldEvents} events (limit ${heldMax.events}) in ${heldBytes} bytes (limit ${heldMax.bytes})`;
      this.#log.warn(`sink ${this.name} holds ${held}: it takes nothing more before some are delivered`);
    }
    this.#wasFull = isFull;
    return isFull;
  }

  get isStarted(): boolean {
    return this.#isStarted;
  }

  async start(): Promise<void> {
    await this.sink.start?.();
    this.#isStarted = true;
    this.trouble.set('start', null);
  }

  /** A sink that could not start with its group is tried again when its turn comes. */
  process(): SinkStatus | Promise<SinkStatus> {
    return this.#isStarted ? this.#process() : this.start().then(() => this.#process());
  }

  #process(): SinkStatus | Promise<SinkStatus> {
    if (this.#overlap > 1) return this.#launch();
    if (this.#prefetched) return this.#deliverNext();
    if (!this.client.connected) return 'backoff';
    this.client.ask();
    this.client.flush();
    return new Promise((resolve) => {
      this.#asked = resolve;
    });
  }

  /** Goes on with what arrived. */
  pump(): boolean {
    const busy = this.client.pump();
    if (this.#prefetched) this.client.prefetch();
    if (this.#asked !== null && (!this.client.connected || !this.client.asking)) {
      const resolve = this.#asked;
      this.#asked = null;
      // A rejected delivery must reject the processor's promise: resolve with a promise.
      resolve(Promise.resolve().then(() => this.#deliverNext()));
    }
    return busy;
  }

  /** Begins a delivery beside those under way; waits for the end of one when there are enough. */
  #launch(): SinkStatus | Promise<SinkStatus> {
    if (this.#failure !== null) return this.#giveBack(this.#failure.error);
    if (this.#flying.length >= this.#overlap) return Promise.race(this.#flying).then(() => 'ready');
    const batch = this.#isFull() ? null : this.client.begin();
    if (batch === null) return 'backoff';
    const flight: Promise<void> = this.#settle(batch, this.#delivered(batch))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .then(() => {
        this.#flying.splice(this.#flying.indexOf(flight), 1);
        this.#wake();
      });
    this.#flying.push(flight);
    return 'ready';
  }

  async #delivered(batch: TakenBatch): Promise<readonly HeldPart[]> {
    return (await this.sink.process(batch)) ?? [];
  }

  async #giveBack(error: unknown): Promise<never> {
    await this.ended();
    this.#failure = null;
    this.client.rollback();
    throw error;
  }

  #deliverNext(): SinkStatus | Promise<SinkStatus> {
    const batch = this.#isFull() ? null : this.client.begin();
    if (batch === null) return 'backoff';
    try {
      const delivered = this.sink.process(batch);
      if (delivered !== undefined) return this.#deliverLate(batch, delivered);
    } catch (error) {
      this.client.rollback();
      throw error;
    }
    this.client.commit(batch);
    return 'ready';
  }

  async #deliverLate(batch: TakenBatch, delivered: Delivery): Promise<SinkStatus> {
    try {
      await this.#settle(batch, delivered);
    } catch (error) {
      this.client.rollback();
      throw error;
    }
    return 'ready';
  }

  /** Commits the batch when it is delivered, and parts that are held when they are. */
  async #settle(batch: TakenBatch, delivered: Delivery): Promise<void> {
    const release = this.client.keep(batch);
    try {
      const parts = (await delivered) ?? [];
      if (parts.length === 0) this.client.commit(batch);
      else for (const held of this.client.settle(batch, parts)) void this.#commitLater(held);
    } finally {
      release();
    }
  }

  async #commitLater(held: HeldTake): Promise<void> {
    await Promise.all(held.parts.map(({ delivered }) => delivered));
    if (this.client.commitHeld(held)) this.#wake();
  }
}
