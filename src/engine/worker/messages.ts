/** What the supervisor and its workers say to each other: one union per direction. */

import type { MessagePort } from 'node:worker_threads';
import type { LogRecord } from '../../base/log.ts';
import type { ProgressTable } from '../../component/progress.ts';
import type { Unit } from '../../config/plan/types.ts';
import type { Gate } from '../../memory/gate.ts';
import type { LaneMemory } from '../../memory/lane.ts';
import type { SharedMemory } from '../../memory/shared.ts';

export type {
  ChannelUnit,
  GroupUnit,
  PartSpec,
  SinkSpec,
  SourceUnit,
  Unit,
} from '../../config/plan/types.ts';
export { unitKey } from '../../config/plan/types.ts';

/** Shared memory that a channel's earlier worker left. */
export interface ChannelRemains {
  readonly queue: SharedMemory | null;
  readonly segments: readonly { readonly id: number; readonly memory: SharedMemory }[];
}

export type ToWorker =
  | {
      readonly op: 'open';
      readonly unit: Unit;
      /** Counter memory by component: `source r1`, `sink k1` … */
      readonly counters: Readonly<Record<string, SharedMemory>>;
      /** Number of a source's store, unique in the agent's life. */
      readonly storeNumber: number;
      readonly remains: ChannelRemains | null;
    }
  | {
      readonly op: 'lane';
      readonly key: string;
      /**
       * This end: a source's to channel `peer`, a sink's (`peer` names the sink), a
       * channel's to a source or sink.
       */
      readonly end: 'source' | 'sink' | 'channel-put' | 'channel-take';
      readonly peer: string;
      /** The channel's, for a source to tell of. */
      readonly transactionEventsMax: number | null;
      readonly lane: LaneMemory;
      readonly port: MessagePort;
      readonly doorbell: SharedMemory;
    }
  /** Starts a source: sent after its lanes. */
  | { readonly op: 'start'; readonly key: string }
  | { readonly op: 'close'; readonly key: string }
  /** Asks for the progress of all components; answered by `progress` with the same number. */
  | { readonly op: 'ask'; readonly id: number }
  | { readonly op: 'exit' };

/** Tables by component: `source r1`, `sink k1`. */
export type Progress = Readonly<Record<string, readonly ProgressTable[]>>;

export type FromWorker =
  | { readonly op: 'up' }
  | { readonly op: 'opened'; readonly key: string }
  | { readonly op: 'started'; readonly key: string }
  | { readonly op: 'failed'; readonly key: string; readonly text: string; readonly retryable: boolean }
  /** `problem`: what did not stop as it should. */
  | { readonly op: 'closed'; readonly key: string; readonly problem: string | null }
  /** `component` is `source r1`, `channel c1` or `sink k1`. */
  | { readonly op: 'status'; readonly component: string; readonly reason: string | null }
  | { readonly op: 'progress'; readonly id: number; readonly tables: Progress }
  | { readonly op: 'log'; readonly record: LogRecord }
  | { readonly op: 'queue'; readonly key: string; readonly memory: SharedMemory }
  | { readonly op: 'hold'; readonly key: string; readonly id: number; readonly memory: SharedMemory }
  | { readonly op: 'forget'; readonly key: string; readonly id: number };

/** Settings of the whole agent that workers need. */
export interface WorkerSettings {
  readonly workerName: string;
  readonly doorbell: SharedMemory;
  /** Closed before the thread is ended by force. */
  readonly gate: Gate;
  readonly control: MessagePort;
  readonly systemProperties: Readonly<Record<string, string>>;
  readonly heapBytes: number | null;
  /** Folders in which plug-ins are looked up. */
  readonly pluginPaths: readonly string[];
  /** Base for relative plug-in files. */
  readonly confDir: string | null;
}
