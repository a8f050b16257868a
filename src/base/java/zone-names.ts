/** Names of time zones as Java reads them: `Asia/Shanghai`, `PST`, `GMT+8`, `GMT-03:30`. */

const HOURS_MAX = 23;

/** Minutes east of UTC of a zone that names its offset (`GMT-03:30`); null for every other name. */
export function gmtOffsetMinutes(id: string): number | null {
  const found = /^GMT([+-])(\d{1,2})(?::?([0-5]\d))?$/.exec(id);
  if (found === null) return null;
  const [, sign, hours, minutes = '0'] = found;
  if (Number(hours) > HOURS_MAX) return null;
  const offset = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? -offset : offset;
}

/** The name that Intl has for a zone that does not name its offset; null when there is no such zone. */
export function intlZone(id: string): string | null {
  // `+08:00` is a zone for Intl only.
  if (/^[+-]/.test(id)) return null;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: id }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}
