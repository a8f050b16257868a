import type { Batch } from '../memory/block/batch.ts';

/** One connection to one source. */
export interface Connection {
  /** False once a call has failed in a way that leaves it of no use. */
  readonly isOpen: boolean;
  /** Calls that overlap are executed in their order; a source of Java Flume may not do so. */
  readonly isOrdered: boolean;
  /**
   * Sends the events in one call, `append` for a single one when `single` says so. Calls may overlap.
   * Resolves when the source has them.
   * @throws RpcError
   */
  send(batch: Batch, single: boolean): Promise<void>;
  /** Ends when the calls under way are answered; takes no more. */
  finish(): void;
  /** Ends at once: calls under way fail. */
  close(): void;
}

/** @throws RpcError `connect` */
export type Connect = (host: string, port: number) => Promise<Connection>;
