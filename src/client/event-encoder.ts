/** Events of a program, as a connection sends them. */
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

/** Makes batches, whose memory is used again. */
export class EventEncoder {
  readonly #store = new BlockStore(1);
  readonly #builder = new BatchBuilder(this.#store);

  /** @throws MillraceError EVENT_TOO_LARGE when the events do not fit into one block; BAD_INPUT. */
  encode(events: readonly FlumeEvent[]): EncodedEvents {
    const bytes = events.reduce((sum, event) => sum + bodyOf(event).length + EVENT_BYTES, 0);
    const builder = this.#builder;
    builder.begin(bytes);
    /** Headers of the event before, and where they stand: many events in a row have the same. */
    let headers: FlumeEvent['headers'];
    let headersAt = -1;
    try {
      for (const event of events) {
        const isRepeated = event.headers !== undefined && event.headers === headers;
        const own = isRepeated ? NO_HEADERS : headersOf(event);
        const { body } = event;
        if (typeof body === 'string') builder.appendText(body, own);
        else builder.append(body, 0, body.length, own);
        if (isRepeated) {
          builder.repeatHeaders(headersAt);
        } else {
          headers = event.headers;
          headersAt = builder.count - 1;
        }
      }
      const { segment, offset, count } = builder.finish(Date.now());
      segment.retain(1);
      const view = new BatchView(segment, offset);
      return { batch: new Batch([{ view, first: 0, count }]), release: () => segment.release(1) };
    } catch (error) {
      if (builder.isOpen) builder.cancel();
      throw error;
    }
  }
}
