/**
 * Turns events into the bytes of a file. One serializer object serves one file: `begin` writes what stands at
 * its head (or `reopen` when appending), `write` the events, `flush` completes what is buffered, `end`, after
 * a flush, writes what stands at its end. A `flush` whose bytes are made elsewhere (compression) resolves
 * when the writer has them; nothing is written meanwhile.
 */
import type { Batch } from '../memory/block/batch.ts';
import type { ComponentContext } from './context.ts';
import type { BlockWork } from './work.ts';

/**
 * Where a serializer writes. Views stay valid until the next `flush`; a writer that keeps
 * bytes longer copies them.
 */
export interface Writer {
  write(bytes: Uint8Array): void;
}

export interface SerializerContext extends ComponentContext {
  readonly out: Writer;
  readonly work: BlockWork;
}

export interface EventSerializer {
  /** Whether a file that was closed may be appended to. */
  readonly supportsReopen: boolean;
  begin(): void;
  reopen(): void;
  write(batch: Batch): void;
  flush(): Promise<void> | void;
  end(): void;
}
