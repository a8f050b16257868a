import type { OptionsOf } from '../../component/options/table.ts';
import type { PutOutcome, Source, SourceContext } from '../../component/source.ts';
import type { BatchBuilder } from '../../memory/block/builder.ts';
import { DECIMAL_BYTES_MAX, DecimalCounter } from './digits.ts';
import type { options } from './index.ts';

/** Pause after a refused put: the channel is full, and it had its keep-alive already. */
const REFUSED_PAUSE_MS = 100;
/** Numbers that must be put again. */
interface Run {
  readonly first: number;
  readonly count: number;
}

export function create(context: SourceContext): Source {
  return new SequenceSource(context, context.options as OptionsOf<typeof options>);
}

class SequenceSource implements Source {
  readonly #context: SourceContext;
  readonly #batchSize: number;
  readonly #total: number;
  readonly #counter = new DecimalCounter();
  #next = 0;
  readonly #again: Run[] = [];
  #running: Promise<void> | null = null;
  #stopped = false;
  #refused = false;

  constructor(context: SourceContext, o: OptionsOf<typeof options>) {
    this.#context = context;
    this.#batchSize = o.batchSize;
    this.#total = o.totalEvents;
  }

  start(): void {
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      if (this.#refused) {
        this.#refused = false;
        await new Promise((resolve) => setTimeout(resolve, REFUSED_PAUSE_MS));
      }
      const run = this.#nextRun();
      if (run === null) {
        await new Promise((resolve) => setTimeout(resolve, REFUSED_PAUSE_MS));
        continue;
      }
      const batch = this.#context.openBatch(run.count * DECIMAL_BYTES_MAX);
      if (batch === null) {
        this.#again.unshift(run);
        await this.#context.room();
        continue;
      }
      this.#fill(batch, run);
      void this.#context.put(batch, 'batch', 'lazy').then((outcome) => this.#answered(run, outcome));
    }
  }

  /** Refused numbers first, then new ones; null when all are put or under way. */
  #nextRun(): Run | null {
    const again = this.#again.shift();
    if (again !== undefined) return again;
    const count = Math.min(this.#batchSize, this.#total - this.#next);
    if (count <= 0) return null;
    const run = { first: this.#next, count };
    this.#next += count;
    return run;
  }

  #fill(batch: BatchBuilder, run: Run): void {
    const counter = this.#counter;
    counter.set(run.first);
    for (let i = 0; i < run.count; i++) {
      const at = batch.beginBody(DECIMAL_BYTES_MAX);
      batch.endBody(counter.write(batch.bytes, at));
    }
  }

  #answered(run: Run, outcome: PutOutcome): void {
    const { counters } = this.#context;
    if (outcome.refusal === null) {
      counters.add('EventAcceptedCount', run.count);
      if (this.#batchSize > 1) counters.add('AppendBatchAcceptedCount', 1);
      return;
    }
    counters.add('ChannelWriteFail', 1);
    this.#again.push(run);
    this.#refused = true;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
}
