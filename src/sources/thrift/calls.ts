/** Calls of ThriftSourceProtocol: one call is one put, and its answer is the put's outcome. */
import { MillraceError, messageOf } from '../../base/errors.ts';
import { CallsIntoBatches } from '../../component/hop/calls-into-batches.ts';
import type { PutOutcome, SourceContext } from '../../component/source.ts';
import { STATUS, ThriftApplicationError } from '../../wire/thrift/errors.ts';
import { EventsIn } from '../../wire/thrift/events-in.ts';
import type { ThriftReader } from '../../wire/thrift/reader.ts';
import { APPLICATION_ERROR } from '../../wire/thrift/types.ts';

export class SourceCalls extends CallsIntoBatches {
  readonly #events: EventsIn;

  constructor(context: SourceContext, headersMax: number) {
    super(context);
    this.#events = new EventsIn(headersMax);
  }

  protected call(reader: ThriftReader): Promise<number> {
    const { method } = reader;
    if (method === 'appendBatch') return this.#appendBatch(this.#put(reader, 'events'), this.#events.count);
    if (method === 'append') return this.#append(this.#put(reader, 'event'));
    throw new ThriftApplicationError(APPLICATION_ERROR.unknownMethod, `Invalid method name: '${method}'`);
  }

  async #append(outcome: Promise<PutOutcome>): Promise<number> {
    const { counters } = this.context;
    counters.add('AppendReceivedCount', 1);
    counters.add('EventReceivedCount', 1);
    const { refusal } = await outcome;
    if (refusal !== null) return this.#refused();
    counters.add('AppendAcceptedCount', 1);
    counters.add('EventAcceptedCount', 1);
    return STATUS.ok;
  }

  async #appendBatch(outcome: Promise<PutOutcome>, events: number): Promise<number> {
    const { counters } = this.context;
    counters.add('AppendBatchReceivedCount', 1);
    counters.add('EventReceivedCount', events);
    const { refusal } = await outcome;
    if (refusal !== null) return this.#refused();
    counters.add('AppendBatchAcceptedCount', 1);
    counters.add('EventAcceptedCount', events);
    return STATUS.ok;
  }

  #refused(): number {
    this.context.counters.add('ChannelWriteFail', 1);
    return STATUS.failed;
  }

  /** Reads the events of a call and puts them, in this turn of the event loop. */
  #put(reader: ThriftReader, argument: 'event' | 'events'): Promise<PutOutcome> {
    const { batch } = this;
    try {
      this.#events.read(reader, argument, batch);
    } catch (error) {
      // A batch that no block can hold fails as one does that no transaction can hold.
      if (!(error instanceof MillraceError) || error.code !== 'EVENT_TOO_LARGE') throw error;
      this.context.log.warn(`A call was refused: ${messageOf(error)}`);
      return Promise.resolve(TOO_LARGE);
    }
    if (batch.count === 0) return Promise.resolve(NOTHING);
    return this.context.put(batch, 'batch');
  }
}

const NOTHING: PutOutcome = { accepted: 0, refusal: null };
const TOO_LARGE: PutOutcome = {
  accepted: 0,
  refusal: { code: 'CHANNEL_TRANSACTION_CAPACITY', text: 'the events do not fit in a block' },
};
