/** Picks the sink of a group for each batch. */
import type { ComponentContext } from './context.ts';

/**
 * A sink of the group as its processor sees it: one `process` takes a batch from the sink's channel and
 * delivers it.
 */
export interface SinkHandle {
  readonly name: string;
  /**
   * `ready`: a batch was delivered and committed. `backoff`: the channel had nothing. Throws: rolled back.
   */
  process(): Promise<SinkStatus> | SinkStatus;
}

export type SinkStatus = 'ready' | 'backoff';

export interface SinkProcessorContext extends ComponentContext {
  readonly sinks: readonly SinkHandle[];
  loadPlugin(specifier: string): Promise<Record<string, unknown>>;
}

export interface SinkProcessor {
  start?(): Promise<void> | void;
  process(): Promise<SinkStatus> | SinkStatus;
  stop?(): Promise<void> | void;
}
