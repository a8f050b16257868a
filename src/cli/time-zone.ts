/**
 * `-Duser.timezone=X`: the zone of log lines, file names and dates without one, named as Java names zones
 * (`Asia/Shanghai`, `PST`, `GMT+8`, `GMT-03:30`). It becomes TZ of the process, which every worker that
 * starts later and every child process inherits (Java's children keep the zone of the system).
 */

/** Zones that stand all year where no whole hour does; TZ has no other name for such an offset. */
const BROKEN_HOURS: Readonly<Record<string, string>> = {
  '+0330': 'Asia/Tehran',
  '+0430': 'Asia/Kabul',
  '+0530': 'Asia/Kolkata',
  '+0545': 'Asia/Kathmandu',
  '+0630': 'Asia/Yangon',
  '+0845': 'Australia/Eucla',
  '+0930': 'Australia/Darwin',
  '-0930': 'Pacific/Marquesas',
};

/** The zones that Etc/GMT… has names for. */
const HOURS_EAST_MAX = 14;
const HOURS_WEST_MAX = 12;

/** What TZ has to be for a zone of Java; null when there is no such zone. */
export function zoneOf(javaId: string): string | null {
  const offset = /^GMT([+-])(\d{1,2})(?::?([0-5]\d))?$/.exec(javaId);
  if (offset !== null) return fixedZone(offset[1] as '+' | '-', Number(offset[2]), offset[3] ?? '00');
  if (/^[+-]/.test(javaId)) return null;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: javaId }).resolvedOptions().timeZone;
  } catch {
    return null;
  }
}

function fixedZone(sign: '+' | '-', hours: number, minutes: string): string | null {
  const key = `${sign}${String(hours).padStart(2, '0')}${minutes}`;
  if (minutes !== '00') return Object.hasOwn(BROKEN_HOURS, key) ? BROKEN_HOURS[key]! : null;
  if (hours === 0) return 'UTC';
  // The names of these zones count westwards, Java's eastwards.
  if (sign === '+') return hours <= HOURS_EAST_MAX ? `Etc/GMT-${hours}` : null;
  return hours <= HOURS_WEST_MAX ? `Etc/GMT+${hours}` : null;
}

/** Sets the zone of the process. To be called before any worker starts. Returns a warning, or null. */
export function applyTimeZone(systemProperties: Readonly<Record<string, string>>): string | null {
  const wanted = systemProperties['user.timezone'];
  // An empty one counts as none, as in Java.
  if (wanted === undefined || wanted === '') return null;
  const zone = zoneOf(wanted);
  process.env.TZ = zone ?? 'UTC';
  return zone === null
    ? `Time zone ${wanted} (-Duser.timezone) is not known: UTC is used; give a name such as Europe/Berlin or GMT+2`
    : null;
}
