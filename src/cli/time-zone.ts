/**
 * `-Duser.timezone=X`: the zone of log lines, file names and dates without one, named as Java names zones
 * (`Asia/Shanghai`, `PST`, `GMT+8`, `GMT-03:30`). It becomes TZ of the process, which every worker that
 * starts later and every child process inherits (Java's children keep the zone of the system).
 */
import { gmtOffsetMinutes, intlZone } from '../base/java/zone-names.ts';

/** Zones that stand all year where no whole hour does; TZ has no other name for such an offset. */
const BROKEN_HOURS: ReadonlyMap<number, string> = new Map([
  [210, 'Asia/Tehran'],
  [270, 'Asia/Kabul'],
  [330, 'Asia/Kolkata'],
  [345, 'Asia/Kathmandu'],
  [390, 'Asia/Yangon'],
  [525, 'Australia/Eucla'],
  [570, 'Australia/Darwin'],
  [-570, 'Pacific/Marquesas'],
]);

/** The zones that Etc/GMT… has names for. */
const HOURS_EAST_MAX = 14;
const HOURS_WEST_MAX = 12;

/** What TZ has to be for a zone of Java; null when there is no such zone. */
export function zoneOf(javaId: string): string | null {
  const minutes = gmtOffsetMinutes(javaId);
  return minutes === null ? intlZone(javaId) : fixedZone(minutes);
}

function fixedZone(minutes: number): string | null {
  if (minutes % 60 !== 0) return BROKEN_HOURS.get(minutes) ?? null;
  if (minutes === 0) return 'UTC';
  const hours = Math.abs(minutes) / 60;
  // The names of these zones count westwards, Java's eastwards.
  if (minutes > 0) return hours <= HOURS_EAST_MAX ? `Etc/GMT-${hours}` : null;
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
