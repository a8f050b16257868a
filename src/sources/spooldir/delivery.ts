/**
 * Puts the events of a chunk. One put is under way at a time, so that a channel without room does not change
 * the order of a file's lines: what it refuses is put again, from the first refused event on, before anything
 * behind it. Reading goes on meanwhile, by one chunk.
 */
import type { PutOutcome, Refusal, SourceContext } from '../../component/source.ts';
import type { BatchBuilder } from '../../memory/block/builder.ts';
import type { Headers } from '../../memory/block/headers.ts';
import { type Chunk, EventList } from './chunk.ts';
import type { Pauses } from './pauses.ts';

const BACKOFF_MS_FIRST = 250;
/** Room for the table of a batch beside its bodies, in parts of their bytes. */
const TABLE_SHARE = 8;
/** Refused events that are put again at once. */
const AGAIN_EVENTS_MAX = 64 * 1024;

export interface Delivered {
  /** All events are committed; false when the source is stopped before. */
  readonly whole: boolean;
  /** From where to go on in the file; null when that is where the chunk began. */
  readonly end: number | null;
}

export class Delivery {
  readonly #context: SourceContext;
  readonly #pauses: Pauses;
  readonly #backoffMsMax: number;

  constructor(context: SourceContext, pauses: Pauses, backoffMsMax: number) {
    this.#context = context;
    this.#pauses = pauses;
    this.#backoffMsMax = backoffMsMax;
  }

  /** `headers` are set on every event. The chunk is read before the returned promise settles. */
  async put(chunk: Chunk, headers: Headers): Promise<Delivered> {
    const batch = await this.#open(chunk.sizeBytes + chunk.sizeBytes / TABLE_SHARE);
    if (batch === null) return { whole: false, end: null };
    let events: number;
    let outcome: Promise<PutOutcome>;
    try {
      chunk.append(batch);
      events = batch.count;
      outcome = this.#put(batch, headers);
    } catch (error) {
      if (batch.isOpen) this.#context.discard(batch);
      throw error;
    }
    const { accepted, refusal } = await outcome;
    this.#context.counters.add('EventAcceptedCount', accepted);
    if (refusal !== null) return await this.#putRest(chunk, headers, events, accepted, refusal);
    this.#context.counters.add('AppendBatchAcceptedCount', 1);
    return { whole: true, end: chunk.end };
  }

  /** One event without a body, for a file that has none. */
  async putEmpty(headers: Headers): Promise<Delivered> {
    const chunk: Chunk = {
      end: 0,
      sizeBytes: 0,
      isTail: false,
      append: (target) => target.append(Buffer.alloc(0), 0, 0),
      ends: () => [0],
    };
    return await this.put(chunk, headers);
  }

  /** Null when the source is stopped before there is room. */
  async #open(bytes: number): Promise<BatchBuilder | null> {
    for (;;) {
      if (this.#pauses.stopped) return null;
      const batch = this.#context.openBatch(Math.ceil(bytes) + 4096);
      if (batch !== null) return batch;
      await this.#pauses.until(this.#context.room());
    }
  }

  #put(batch: BatchBuilder, headers: Headers): Promise<PutOutcome> {
    const { counters } = this.#context;
    for (const [name, value] of headers) batch.setHeaderOnAll(name, value, false);
    counters.add('EventReceivedCount', batch.count);
    counters.add('AppendBatchReceivedCount', 1);
    return this.#context.put(batch, 'each');
  }

  async #putRest(
    chunk: Chunk,
    headers: Headers,
    events: number,
    accepted: number,
    refusal: Refusal,
  ): Promise<Delivered> {
    const { counters } = this.#context;
    const list = new EventList();
    chunk.append(list);
    let done = accepted;
    let why: Refusal | null = refusal;
    let pauseMs = Math.min(BACKOFF_MS_FIRST, this.#backoffMsMax);
    while (done < events) {
      if (why !== null) {
        counters.add('ChannelWriteFail', 1);
        this.#warn(why, pauseMs);
        await this.#pauses.sleep(pauseMs);
        pauseMs = Math.min(pauseMs * 2, this.#backoffMsMax);
      }
      const batch = await this.#open(0);
      if (batch === null) return { whole: false, end: resumeAt(chunk, done) };
      const last = Math.min(events, done + AGAIN_EVENTS_MAX);
      for (let i = done; i < last; i++) {
        const body = list.bodies[i]!;
        batch.append(body, 0, body.length, list.headers[i]);
      }
      const outcome = await this.#put(batch, headers);
      counters.add('EventAcceptedCount', outcome.accepted);
      if (outcome.accepted > 0) pauseMs = Math.min(BACKOFF_MS_FIRST, this.#backoffMsMax);
      done += outcome.accepted;
      why = outcome.refusal;
    }
    counters.add('AppendBatchAcceptedCount', 1);
    return { whole: true, end: chunk.end };
  }

  #warn({ code, text }: Refusal, pauseMs: number): void {
    const what = code === 'CHANNEL_FULL' ? 'The channel is full' : `The channel threw an exception (${text})`;
    this.#context.log
      .named('org.apache.flume.source.SpoolDirectorySource')
      .warn(`${what}, and cannot write data now. The source will try again after ${pauseMs} milliseconds`);
  }
}

/** From where to go on when the first `done` events are committed and the others are not. */
function resumeAt(chunk: Chunk, done: number): number | null {
  return chunk.ends().findLast((end, i) => i < done && end !== null) ?? null;
}
