/** A service whose calls put events: the batch that a call's events go to, from its opening to its put. */
import type { BatchBuilder } from '../../memory/block/builder.ts';
import type { ThriftReader } from '../../wire/thrift/reader.ts';
import type { ThriftService } from '../../wire/thrift/service.ts';
import type { SourceContext } from '../source.ts';

export abstract class CallsIntoBatches implements ThriftService {
  protected readonly context: SourceContext;
  #batch: BatchBuilder | null = null;

  constructor(context: SourceContext) {
    this.context = context;
  }

  open(bytes: number): boolean {
    this.#batch = this.context.openBatch(bytes);
    return this.#batch !== null;
  }

  room(): Promise<void> {
    return this.context.room();
  }

  hurry(): void {
    void this.context.settled();
  }

  /** What `open` made. */
  protected get batch(): BatchBuilder {
    return this.#batch!;
  }

  /** Also called with nothing open, or with what was put already. */
  giveUp(): void {
    if (this.#batch?.isOpen) this.context.discard(this.#batch);
    this.#batch = null;
  }

  handle(reader: ThriftReader): Promise<number | null> {
    try {
      return this.call(reader);
    } finally {
      this.giveUp();
    }
  }

  /** Handles the call in this turn of the event loop, as `handle` says. */
  protected abstract call(reader: ThriftReader): Promise<number | null>;
}
