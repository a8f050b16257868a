/**
 * Calls of Flume 0.9's ThriftFlumeEventServer. `append` is one-way: its sender is told nothing, so that an
 * event which a channel refuses is put again until it is taken, and nothing more is read meanwhile. Flume
 * drops it.
 */
import { CallsIntoBatches } from '../../component/hop/calls-into-batches.ts';
import type { PutOutcome } from '../../component/source.ts';
import { ThriftApplicationError } from '../../wire/thrift/errors.ts';
import type { ThriftReader } from '../../wire/thrift/reader.ts';
import { APPLICATION_ERROR } from '../../wire/thrift/types.ts';
import { type LegacyEvent, readEvent } from './event.ts';

/** Pause before an event that was refused is put again. */
const AGAIN_MS = 100;

export class LegacyCalls extends CallsIntoBatches {
  /** Events that were refused and wait for their next put. */
  #held = 0;
  readonly #waiters: (() => void)[] = [];
  #stopped = false;

  override open(bytes: number): boolean {
    return this.#held === 0 && super.open(bytes);
  }

  override room(): Promise<void> {
    if (this.#held === 0) return super.room();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Events that are still refused are given up, and told. */
  stop(): void {
    this.#stopped = true;
  }

  protected call(reader: ThriftReader): Promise<null> {
    const { method } = reader;
    if (method === 'append') return this.#append(reader);
    if (method === 'close') return Promise.resolve(null);
    throw new ThriftApplicationError(APPLICATION_ERROR.unknownMethod, `Invalid method name: '${method}'`);
  }

  #append(reader: ThriftReader): Promise<null> {
    const event = readEvent(reader);
    if (event === null) return Promise.resolve(null);
    const { batch } = this;
    batch.append(event.body, 0, event.body.length, event.headers);
    return this.#delivered(event, this.context.put(batch, 'batch'));
  }

  async #delivered(event: LegacyEvent, first: Promise<PutOutcome>): Promise<null> {
    let { refusal } = await first;
    while (refusal !== null) {
      // What an interceptor cannot handle it will not handle later, either.
      if (this.#stopped || refusal.code === 'INTERNAL') {
        this.context.log.error(
          `source ${this.context.name}: an event is lost, as its sender cannot be told: ${refusal.text}`,
        );
        break;
      }
      refusal = await this.#again(event);
    }
    return null;
  }

  async #again(event: LegacyEvent): Promise<PutOutcome['refusal']> {
    this.#held++;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    let batch = this.context.openBatch(event.body.length);
    while (batch === null) {
      await this.context.room();
      batch = this.context.openBatch(event.body.length);
    }
    batch.append(event.body, 0, event.body.length, event.headers);
    const { refusal } = await this.context.put(batch, 'batch');
    this.#held--;
    if (this.#held === 0) for (const resolve of this.#waiters.splice(0)) resolve();
    return refusal;
  }
}
