import type { ErrorCode } from './errors.ts';

export type Severity = 'error' | 'warning' | 'info';

/** One thing that a check found. All findings of a configuration are reported at once. */
export interface Finding {
  readonly severity: Severity;
  readonly code: ErrorCode;
  readonly text: string;
  /** `source r1`, `channel c1`, `sink k1`, `sinkgroup g1`, `interceptor i1 of source r1` */
  readonly component?: string;
  readonly option?: string;
  readonly value?: string;
  readonly remedy?: string;
  /** Where the property stands; line counts from 1. Filled in by config/ from the key. */
  readonly file?: string;
  readonly line?: number;
  /** The full property key, `a1.sources.r1.port`, when one is to blame. */
  readonly key?: string;
}
