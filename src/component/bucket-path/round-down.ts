/** Rounding of the times of path escapes, as Flume's TimestampRoundDownUtil does: in the fields of a zone. */
import type { Zone } from './zone.ts';

export interface Rounding {
  readonly unit: 'second' | 'minute' | 'hour';
  /** 1 to 60, for hours 1 to 24. */
  readonly value: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Of each unit: its length, and the span in which it counts from 0. */
const UNITS = {
  second: [SECOND_MS, MINUTE_MS],
  minute: [MINUTE_MS, HOUR_MS],
  hour: [HOUR_MS, DAY_MS],
} as const;

export function roundDown(atMs: number, { unit, value }: Rounding, zone: Zone): number {
  const [unitMs, spanMs] = UNITS[unit];
  const offset = zone.offsetMs(atMs);
  const local = atMs + offset;
  const span = Math.floor(local / spanMs) * spanMs;
  const rounded = span + Math.floor((local - span) / (unitMs * value)) * unitMs * value;
  // Hours may round back over the change to or from summer time: the result has the offset of its own time.
  const sameOffset = rounded - offset;
  const own = zone.offsetMs(sameOffset);
  return own === offset ? sameOffset : rounded - own;
}
