/** Time zones as offsets from UTC. */
import { gmtOffsetMinutes, intlZone } from '../../base/java/zone-names.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
/** Since then every zone stands whole minutes from UTC (Liberia was the last one, on 7 January 1972). */
const WHOLE_MINUTES_FROM_MS = Date.UTC(1972, 0, 8);

export interface Zone {
  /** To be added to UTC, in ms, at an instant given in epoch ms. */
  offsetMs(atMs: number): number;
  /** Whether its seconds and minutes begin with those of UTC at that instant. */
  isWhole(atMs: number): boolean;
}

/** The zone of the process. */
export const LOCAL_ZONE: Zone = {
  offsetMs: (atMs) => localOffset(atMs),
  isWhole: isAfterLocalTimes,
};

export function fixedZone(offsetMs: number): Zone {
  const isWhole = offsetMs % MINUTE_MS === 0;
  return { offsetMs: () => offsetMs, isWhole: () => isWhole };
}

/** Null when Java knows no such zone either (it takes GMT then, without a word). */
export function zoneById(id: string): Zone | null {
  const minutes = gmtOffsetMinutes(id);
  if (minutes !== null) return fixedZone(minutes * MINUTE_MS);
  const name = intlZone(id);
  return name === null ? null : namedZone(name);
}

function namedZone(timeZone: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return {
    offsetMs: (atMs) => {
      const field: Record<string, number> = {};
      for (const { type, value } of format.formatToParts(atMs)) field[type] = Number(value);
      const { year, month, day, hour, minute, second } = field as Record<string, number>;
      const local = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!);
      return local - Math.floor(atMs / SECOND_MS) * SECOND_MS;
    },
    isWhole: isAfterLocalTimes,
  };
}

function localOffset(atMs: number): number {
  const date = new Date(atMs);
  const local = Date.UTC(
    date.getFullYear(),
    date.getMonth(),
    date.getDate(),
    date.getHours(),
    date.getMinutes(),
    date.getSeconds(),
  );
  return local - Math.floor(atMs / SECOND_MS) * SECOND_MS;
}

function isAfterLocalTimes(atMs: number): boolean {
  return atMs >= WHOLE_MINUTES_FROM_MS;
}
