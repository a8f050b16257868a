/**
 * Fields of a date as Joda-Time sets them, on local times: ms since 1970-01-01T00:00 of the zone that is
 * found out at the end.
 */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const HALFDAY_MS = 12 * HOUR_MS;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** Averages: only their order counts. */
const YEAR_MS = 365.2425 * DAY_MS;
const MONTH_MS = YEAR_MS / 12;
const ENDLESS = Number.POSITIVE_INFINITY;
const YEAR_WITHOUT = 2000;
/** What a JavaScript date can hold. */
const YEAR_MAX = 271_820;

export interface Field {
  readonly name: string;
  /** Length of one, and of the span that they count through. */
  readonly unitMs: number;
  readonly rangeMs: number;
  /** Lowest and highest value at a time. */
  limits(at: number): readonly [number, number];
  /** The time with the value, and with all smaller fields. */
  set(at: number, value: number): number;
  /** The start of the unit that a time lies in. */
  floor(at: number): number;
}

export interface Saved {
  readonly field: Field;
  readonly value: number;
}

/** Midnight; month counts from 0, days and months beyond their range roll over. */
function midnight(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date.getTime();
}

function timeOfDay(at: number): number {
  return at - Math.floor(at / DAY_MS) * DAY_MS;
}

function daysOfMonth(year: number, month: number): number {
  return new Date(midnight(year, month + 1, 0)).getUTCDate();
}

/** 1 is Monday. */
function dayOfWeek(at: number): number {
  return ((((Math.floor(at / DAY_MS) + 3) % 7) + 7) % 7) + 1;
}

/** The Monday of the week that holds 4 January. */
function startOfWeekyear(year: number): number {
  const fourth = midnight(year, 0, 4);
  return fourth - (dayOfWeek(fourth) - 1) * DAY_MS;
}

function weekyearOf(at: number): number {
  const year = new Date(at).getUTCFullYear();
  if (at >= startOfWeekyear(year + 1)) return year + 1;
  return at < startOfWeekyear(year) ? year - 1 : year;
}

function weekOf(at: number): number {
  return Math.floor((at - startOfWeekyear(weekyearOf(at))) / WEEK_MS) + 1;
}

function weeksOf(weekyear: number): number {
  return Math.round((startOfWeekyear(weekyear + 1) - startOfWeekyear(weekyear)) / WEEK_MS);
}

/** A year keeps month and day, 29 February becomes the 28th where there is none. */
function withYear(at: number, year: number): number {
  const date = new Date(at);
  const month = date.getUTCMonth();
  const day = Math.min(date.getUTCDate(), daysOfMonth(year, month));
  return midnight(year, month, day) + timeOfDay(at);
}

/** A field of the same length everywhere: values from 0 or 1 up, `unit` long, within a span. */
function precise(name: string, unitMs: number, rangeMs: number, lowest: 0 | 1): Field {
  const count = rangeMs / unitMs;
  return {
    name,
    unitMs,
    rangeMs,
    limits: () => [lowest, lowest + count - 1],
    set: (at, value) => {
      const start = Math.floor(at / rangeMs) * rangeMs;
      const rest = at - Math.floor(at / unitMs) * unitMs;
      return start + (value % count) * unitMs + rest;
    },
    floor: (at) => Math.floor(at / unitMs) * unitMs,
  };
}

const year: Field = {
  name: 'year',
  unitMs: YEAR_MS,
  rangeMs: ENDLESS,
  limits: () => [-YEAR_MAX, YEAR_MAX],
  set: withYear,
  floor: (at) => midnight(new Date(at).getUTCFullYear(), 0, 1),
};

export const FIELDS = {
  /** Only the era of today is taken: it changes nothing in a year. */
  era: {
    name: 'era',
    unitMs: ENDLESS,
    rangeMs: ENDLESS,
    limits: () => [1, 2],
    set: (at) => at,
    floor: () => midnight(1, 0, 1),
  },
  century: {
    name: 'centuryOfEra',
    unitMs: 100 * YEAR_MS,
    rangeMs: ENDLESS,
    limits: () => [0, YEAR_MAX / 100],
    set: (at, value) => withYear(at, value * 100 + (new Date(at).getUTCFullYear() % 100)),
    floor: (at) => midnight(Math.floor(new Date(at).getUTCFullYear() / 100) * 100, 0, 1),
  },
  year,
  weekyear: {
    name: 'weekyear',
    unitMs: YEAR_MS,
    rangeMs: ENDLESS,
    limits: () => [-YEAR_MAX, YEAR_MAX],
    set: (at, value) => {
      const week = Math.min(weekOf(at), weeksOf(value));
      return startOfWeekyear(value) + (week - 1) * WEEK_MS + (dayOfWeek(at) - 1) * DAY_MS + timeOfDay(at);
    },
    floor: (at) => startOfWeekyear(weekyearOf(at)),
  },
  month: {
    name: 'monthOfYear',
    unitMs: MONTH_MS,
    rangeMs: YEAR_MS,
    limits: () => [1, 12],
    set: (at, value) => {
      const date = new Date(at);
      const day = Math.min(date.getUTCDate(), daysOfMonth(date.getUTCFullYear(), value - 1));
      return midnight(date.getUTCFullYear(), value - 1, day) + timeOfDay(at);
    },
    floor: (at) => midnight(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth(), 1),
  },
  week: {
    name: 'weekOfWeekyear',
    unitMs: WEEK_MS,
    rangeMs: YEAR_MS,
    limits: (at) => [1, weeksOf(weekyearOf(at))],
    set: (at, value) => at + (value - weekOf(at)) * WEEK_MS,
    floor: (at) => Math.floor(at / DAY_MS) * DAY_MS - (dayOfWeek(at) - 1) * DAY_MS,
  },
  dayOfYear: {
    name: 'dayOfYear',
    unitMs: DAY_MS,
    rangeMs: YEAR_MS,
    limits: (at) => [1, 337 + daysOfMonth(new Date(at).getUTCFullYear(), 1)],
    set: (at, value) => midnight(new Date(at).getUTCFullYear(), 0, value) + timeOfDay(at),
    floor: (at) => Math.floor(at / DAY_MS) * DAY_MS,
  },
  day: {
    name: 'dayOfMonth',
    unitMs: DAY_MS,
    rangeMs: MONTH_MS,
    limits: (at) => [1, daysOfMonth(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth())],
    set: (at, value) =>
      midnight(new Date(at).getUTCFullYear(), new Date(at).getUTCMonth(), value) + timeOfDay(at),
    floor: (at) => Math.floor(at / DAY_MS) * DAY_MS,
  },
  dayOfWeek: {
    name: 'dayOfWeek',
    unitMs: DAY_MS,
    rangeMs: WEEK_MS,
    limits: () => [1, 7],
    set: (at, value) => at + (value - dayOfWeek(at)) * DAY_MS,
    floor: (at) => Math.floor(at / DAY_MS) * DAY_MS,
  },
  halfday: precise('halfdayOfDay', HALFDAY_MS, DAY_MS, 0),
  hour: precise('hourOfDay', HOUR_MS, DAY_MS, 0),
  clockHour: precise('clockhourOfDay', HOUR_MS, DAY_MS, 1),
  halfdayHour: precise('hourOfHalfday', HOUR_MS, HALFDAY_MS, 0),
  halfdayClockHour: precise('clockhourOfHalfday', HOUR_MS, HALFDAY_MS, 1),
  minute: precise('minuteOfHour', MINUTE_MS, HOUR_MS, 0),
  second: precise('secondOfMinute', SECOND_MS, MINUTE_MS, 0),
  milli: precise('millisOfSecond', 1, SECOND_MS, 0),
} as const satisfies Record<string, Field>;

/** The local time that the fields say. */
export function resolve(saved: readonly Saved[], text: string): number {
  const bySize = (list: readonly Saved[]) =>
    [...list].sort((a, b) => down(a.field.rangeMs, b.field.rangeMs) || down(a.field.unitMs, b.field.unitMs));
  let sorted = bySize(saved);
  const first = sorted[0]?.field.unitMs ?? 0;
  if (first <= MONTH_MS && first >= DAY_MS)
    sorted = bySize([...sorted, { field: year, value: YEAR_WITHOUT }]);
  let at = 0;
  // Twice: a field may fit only once a larger one is set, and a smaller one may have moved a larger one.
  for (const floors of [() => true, (i: number) => i === sorted.length - 1]) {
    sorted.forEach(({ field, value }, i) => {
      const [low, high] = field.limits(at);
      if (value < low || value > high)
        throw new Error(
          `Cannot parse "${text}": Value ${value} for ${field.name} must be in the range [${low},${high}]`,
        );
      at = field.set(at, value);
      if (floors(i)) at = field.floor(at);
    });
  }
  return at;
}

function down(a: number, b: number): number {
  return a === b ? 0 : b > a ? 1 : -1;
}

/** The instant of a local time; of two, when a clock is set back, the earlier. */
export function atLocalTime(localMs: number, zone: string | undefined, text: string): number {
  const offsets = [localMs - DAY_MS, localMs + DAY_MS].map((around) => offsetAt(around, zone));
  const fitting = offsets.filter((offset) => offsetAt(localMs - offset, zone) === offset);
  if (fitting.length === 0)
    throw new Error(`Cannot parse "${text}": the clock of the zone was set forward over that time`);
  return localMs - Math.max(...fitting);
}

/** Offset in ms of the zone at an instant. */
function offsetAt(epochMs: number, zone: string | undefined): number {
  if (zone === undefined) return -new Date(epochMs).getTimezoneOffset() * MINUTE_MS;
  const parts = formatOf(zone).formatToParts(epochMs);
  const part = (type: string) => parts.find((one) => one.type === type)!.value;
  const value = (type: string) => Number(part(type));
  // The year before 1 is 0 here and 1 BC there.
  const local =
    midnight(part('era') === 'BC' ? 1 - value('year') : value('year'), value('month') - 1, value('day')) +
    value('hour') * HOUR_MS +
    value('minute') * MINUTE_MS +
    value('second') * SECOND_MS;
  return local - Math.floor(epochMs / SECOND_MS) * SECOND_MS;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}
