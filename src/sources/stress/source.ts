import type { OptionsOf } from '../../component/options/table.ts';
import type { PutOutcome, Source, SourceContext } from '../../component/source.ts';
import type { options } from './index.ts';

/** Flume's byte in every place of every body. */
const FILLING = 0x7f;
const REFUSED_PAUSE_MS = 100;
/** With a rate limit: how often a share of a second's events is due. */
const RATE_STEP_MS = 10;
const TEMPLATE_BYTES_MAX = 8 * 1024 * 1024;

export function create(context: SourceContext): Source {
  return new StressSource(context, context.options as OptionsOf<typeof options>);
}

class StressSource implements Source {
  readonly #context: SourceContext;
  readonly #size: number;
  readonly #batchSize: number;
  readonly #attemptsMax: number;
  readonly #successesMax: number;
  readonly #perSecond: number;
  #template = Buffer.alloc(0);
  #attempts = 0;
  #successes = 0;
  #underWay = 0;
  #running: Promise<void> | null = null;
  #stopped = false;
  #refused = false;

  constructor(context: SourceContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#size = o.size;
    this.#batchSize = o.batchSize;
    this.#attemptsMax = o.maxTotalEvents < 0 ? Number.POSITIVE_INFINITY : o.maxTotalEvents;
    this.#successesMax = o.maxSuccessfulEvents < 0 ? Number.POSITIVE_INFINITY : o.maxSuccessfulEvents;
    this.#perSecond = o.maxEventsPerSecond;
  }

  start(): void {
    const events = Math.min(
      this.#batchSize,
      Math.max(1, Math.floor(TEMPLATE_BYTES_MAX / Math.max(1, this.#size))),
    );
    this.#template = Buffer.alloc(events * this.#size, FILLING);
    this.#running = this.#run(events);
  }

  async #run(eventsMax: number): Promise<void> {
    const startMs = Date.now();
    while (!this.#stopped && this.#attempts < this.#attemptsMax && this.#successes < this.#successesMax) {
      if (this.#refused) {
        this.#refused = false;
        await pause(REFUSED_PAUSE_MS);
      }
      if (this.#perSecond > 0 && this.#attempts >= ((Date.now() - startMs) / 1000) * this.#perSecond) {
        await pause(RATE_STEP_MS);
        continue;
      }
      const count = Math.min(
        eventsMax,
        this.#attemptsMax - this.#attempts,
        this.#successesMax - this.#successes - this.#underWay,
      );
      const batch = count > 0 ? this.#context.openBatch(count * this.#size) : null;
      if (batch === null) {
        await (count > 0 ? this.#context.room() : pause(RATE_STEP_MS));
        continue;
      }
      batch.appendFixed(this.#template, count, this.#size);
      this.#attempts += count;
      this.#underWay += count;
      void this.#context.put(batch, 'batch', 'lazy').then((outcome) => this.#answered(count, outcome));
    }
  }

  #answered(count: number, outcome: PutOutcome): void {
    this.#underWay -= count;
    if (outcome.refusal === null) this.#successes += count;
    else this.#refused = true;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
