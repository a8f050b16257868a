/** Times as Flume's log layouts print them, in the process's zone. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

function clock(date: Date): string {
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())},${ms}`;
}

/** log4j's `%d`: `2024-01-02 10:11:12,345`. */
export function isoLogTime(timeMs: number): string {
  const date = new Date(timeMs);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(date)}`;
}

/** `%d{dd MMM yyyy HH:mm:ss,SSS}`: `02 Jan 2024 10:11:12,345`. */
export function fileLogTime(timeMs: number): string {
  const date = new Date(timeMs);
  return `${two(date.getDate())} ${MONTHS[date.getMonth()]} ${date.getFullYear()} ${clock(date)}`;
}

/** `yyyy-MM-dd` of the local day. */
export function isoDay(timeMs: number): string {
  return isoLogTime(timeMs).slice(0, 10);
}
