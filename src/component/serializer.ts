/**
 * Turns events into the bytes of a file. One serializer object serves one file: `begin` writes what stands at its head
 * (or `reopen` when appending), `write` the events, `flush` completes what is buffered, `end` what stands at its end.
 */
import type { Batch } from '../memory/block/batch.ts';
import type { ComponentContext } from './context.ts';

/** Where a serializer writes. Views stay valid until the next `flush`; a writer that keeps bytes longer copies them. */
export interface Writer {
  write(bytes: Uint8Array): void;
}

export interface SerializerContext extends ComponentContext {
  readonly out: Writer;
}

export interface EventSerializer {
  /** Whether a file that was closed may be appended to. */
  readonly supportsReopen: boolean;
  begin(): void;
  reopen(): void;
  write(batch: Batch): void;
  flush(): void;
  end(): void;
}
