/** What the engine tells about itself: read by metrics, `status` and the log. */
import type { LogRecord } from '../base/log.ts';
import type { ProgressTable } from '../component/progress.ts';

export type ComponentState = 'starting' | 'running' | 'degraded' | 'failed' | 'stopped';

export interface ComponentStatus {
  readonly kind: 'source' | 'channel' | 'sink';
  readonly name: string;
  readonly state: ComponentState;
  /** Why it is degraded or failed; null otherwise. */
  readonly reason: string | null;
  /** Restarts of its worker so far. */
  readonly restarts: number;
  /** Where it runs, e.g. `source-r1`. */
  readonly worker: string;
}

/**
 * Flume's counter group of one component. Reading costs a few loads from shared memory and waits for nobody.
 */
export interface CounterGroup {
  readonly type: 'SOURCE' | 'CHANNEL' | 'SINK';
  readonly name: string;
  /** Flume registers no group for some components (netcat, logger, null …): they stay out of Flume's JSON. */
  readonly registered: boolean;
  /** Epoch ms of the last start; 0 before. */
  startTimeMs(): number;
  /** Epoch ms of the last stop; 0 while running. */
  stopTimeMs(): number;
  /** Flume's attribute names → values; StartTime, StopTime and Type not among them. */
  values(): ReadonlyMap<string, number>;
}

/** A running agent, for cli/ and watch/. */
export interface AgentHandle {
  readonly agentName: string;
  status(): readonly ComponentStatus[];
  counterGroups(): readonly CounterGroup[];
  /** What components tell of their work, by `source r1`, `sink k1`; those that tell nothing are left out. */
  progress(): Promise<Readonly<Record<string, readonly ProgressTable[]>>>;
  /** Stops sources, drains, stops sinks and channels. Resolves true when everything was drained in time. */
  stop(deadlineMs: number): Promise<boolean>;
}

export type LogSink = (record: LogRecord) => void;
