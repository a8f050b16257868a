/** Events of a program, as a connection sends them. */
import { MillraceError } from '../base/errors.ts';
import { bodyOf, type FlumeEvent, headersOf } from '../component/flume-event.ts';
import { Batch } from '../memory/block/batch.ts';
import { BatchBuilder } from '../memory/block/builder.ts';
import { NO_HEADERS } from '../memory/block/headers.ts';
import { BatchView } from '../memory/block/view.ts';
import { BlockStore } from '../memory/store/store.ts';

export interface EncodedEvents {
  readonly batch: Batch;
  /** Call once, when the batch is not needed any more. */
  release(): void;
}

/** Room asked for an event beside its body. */
const EVENT_BYTES = 64;
/** A batch with this much gets no more: it has to fit into one block of the source as well. */
const BATCH_BYTES = 8 * 1024 * 1024;

/** Makes batches, whose memory is used again. */
export class EventEncoder {
  readonly #store = new BlockStore(1);
  readonly #builder = new BatchBuilder(this.#store);
  /** Headers of the event before, and where they stand: many events in a row have the same. */
  #headers: FlumeEvent['headers'];
  #headersAt = -1;

  /**
   * The first of these events, as many as one call should have.
   * @throws MillraceError EVENT_TOO_LARGE when the first is too large for any; BAD_INPUT.
   */
  encode(events: readonly FlumeEvent[]): EncodedEvents {
    const bytes = events.reduce((sum, event) => sum + bodyOf(event).length + EVENT_BYTES, 0);
    const builder = this.#builder;
    builder.begin(Math.min(bytes, BATCH_BYTES));
    this.#headers = undefined;
    try {
      for (const event of events) if (builder.sizeBytes >= BATCH_BYTES || !this.#append(event)) break;
      const { segment, offset, count } = builder.finish(Date.now());
      segment.retain(1);
      const view = new BatchView(segment, offset);
      return { batch: new Batch([{ view, first: 0, count }]), release: () => segment.release(1) };
    } catch (error) {
      if (builder.isOpen) builder.cancel();
      throw error;
    }
  }

  /** False when the event does not fit behind those before it. */
  #append(event: FlumeEvent): boolean {
    const builder = this.#builder;
    const { body, headers } = event;
    const isRepeated = headers !== undefined && headers === this.#headers;
    const own = isRepeated ? NO_HEADERS : headersOf(event);
    try {
      if (typeof body === 'string') builder.appendText(body, own);
      else builder.append(body, 0, body.length, own);
    } catch (error) {
      if (builder.count > 0 && error instanceof MillraceError && error.code === 'EVENT_TOO_LARGE')
        return false;
      throw error;
    }
    if (isRepeated) {
      builder.repeatHeaders(this.#headersAt);
    } else {
      this.#headers = headers;
      this.#headersAt = builder.count - 1;
    }
    return true;
  }
}
