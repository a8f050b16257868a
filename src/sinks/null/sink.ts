import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/log.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { Sink, SinkContext } from '../../component/sink.ts';
import type { Batch } from '../../memory/block/batch.ts';
import type { options } from './index.ts';

/** At full speed ten thousand events pass in a millisecond: the log gets one line a second at most. */
const LOG_MS = 1000;

export function create(context: SinkContext): Sink {
  return new NullSink(context);
}

class NullSink implements Sink {
  readonly batchSize: number;
  readonly #name: string;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #every: number;
  #events = 0;
  #nextLine: number;
  #loggedMs = Number.NEGATIVE_INFINITY;

  constructor(context: SinkContext) {
    const o = context.options as OptionsOf<typeof options>;
    this.batchSize = o.batchSize;
    this.#name = context.name;
    this.#log = context.log.named('org.apache.flume.sink.NullSink');
    this.#clock = context.clock;
    this.#every = o.logEveryNEvents;
    this.#nextLine = this.#every;
  }

  process(batch: Batch): void {
    this.#events += batch.count;
    if (this.#events < this.#nextLine) return;
    const nowMs = this.#clock.now();
    if (nowMs - this.#loggedMs < LOG_MS) return;
    this.#loggedMs = nowMs;
    const events = this.#events - (this.#events % this.#every);
    this.#nextLine = events + this.#every;
    this.#log.info(`Null sink ${this.#name} successful processed ${events} events.`);
  }
}
