/**
 * The time escapes of paths: `%Y`, `%H`, … in the fields of a zone. Names are English, whatever the locale.
 */
import { DAYS, MONTHS } from '../../base/java/names.ts';
import type { Zone } from './zone.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;
const SHORT_NAME = 3;

/** How long the text of an escape stays as it is, at least: from a whole one of these to the next. */
export function unitOf(letter: string): number {
  if (letter === 't') return 1;
  if (Object.hasOwn(TEXTS, letter))
    return letter === 'S' || letter === 's' || letter === 'c' ? SECOND_MS : MINUTE_MS;
  return Number.POSITIVE_INFINITY;
}

/** Text of `%letter`. `local` is the time plus its offset, so that its UTC fields are those of the zone. */
type Text = (local: Date, atMs: number, zone: Zone) => string;

const TEXTS: Readonly<Record<string, Text>> = {
  a: (local) => day(local).slice(0, SHORT_NAME),
  A: (local) => day(local),
  b: (local) => MONTHS[local.getUTCMonth()]!.slice(0, SHORT_NAME),
  B: (local) => MONTHS[local.getUTCMonth()]!,
  c: (local) => {
    const name = day(local).slice(0, SHORT_NAME);
    const month = MONTHS[local.getUTCMonth()]!.slice(0, SHORT_NAME);
    const time = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two).join(':');
    return `${name} ${month} ${local.getUTCDate()} ${time} ${year(local)}`;
  },
  d: (local) => two(local.getUTCDate()),
  e: (local) => String(local.getUTCDate()),
  D: (local) => `${two(local.getUTCMonth() + 1)}/${two(local.getUTCDate())}/${year(local).slice(-2)}`,
  H: (local) => two(local.getUTCHours()),
  I: (local) => two(hour12(local)),
  j: (local) => String(dayOfYear(local)).padStart(3, '0'),
  k: (local) => String(local.getUTCHours()),
  l: (local) => String(hour12(local)),
  m: (local) => two(local.getUTCMonth() + 1),
  n: (local) => String(local.getUTCMonth() + 1),
  M: (local) => two(local.getUTCMinutes()),
  p: (local) => (local.getUTCHours() < 12 ? 'AM' : 'PM'),
  s: (_local, atMs) => String(Math.trunc(atMs / SECOND_MS)),
  S: (local) => two(local.getUTCSeconds()),
  y: (local) => year(local).slice(-2),
  Y: (local) => year(local),
  z: (_local, atMs, zone) => offsetText(zone.offsetMs(atMs)),
};

/** `%%` is a percent sign; letters without a meaning become nothing. */
export function timeText(letter: string, atMs: number, zone: Zone): string {
  if (letter === '%') return '%';
  if (!Object.hasOwn(TEXTS, letter)) return '';
  return TEXTS[letter]!(new Date(atMs + zone.offsetMs(atMs)), atMs, zone);
}

function day(local: Date): string {
  // JavaScript counts from Sunday on.
  return DAYS[(local.getUTCDay() + 6) % 7]!;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function year(local: Date): string {
  return String(local.getUTCFullYear()).padStart(4, '0');
}

function hour12(local: Date): number {
  return local.getUTCHours() % 12 || 12;
}

function dayOfYear(local: Date): number {
  return Math.floor((local.getTime() - Date.UTC(local.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
}

/** RFC 822: `-0400`. */
function offsetText(offsetMs: number): string {
  const minutes = Math.trunc(Math.abs(offsetMs) / MINUTE_MS);
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`;
}
