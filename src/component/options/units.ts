/** Durations and sizes with units, beside Flume's plain numbers. */

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const SIZE_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/** `67108864` → `64MiB`: as an option would take it, in the largest unit that fits. */
export function sizeText(bytes: number): string {
  for (const [unit, factor] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

const WITH_UNIT = /^([+-]?\d+(?:\.\d+)?)\s*([a-zA-Z]+)$/;

/** `10s` → 10000; null when it is no duration with a unit. Milliseconds. */
export function parseDurationMs(text: string): number | null {
  return withUnit(text, DURATION_MS);
}

/** `64MiB` → 67108864; null when it is no size with a unit. Bytes. */
export function parseSizeBytes(text: string): number | null {
  const bytes = withUnit(text, SIZE_BYTES);
  return bytes === null ? null : Math.floor(bytes);
}

function withUnit(text: string, units: Readonly<Record<string, number>>): number | null {
  const match = WITH_UNIT.exec(text.trim());
  if (match === null) return null;
  const unit = match[2]!.toLowerCase();
  return Object.hasOwn(units, unit) ? Number(match[1]) * units[unit]! : null;
}
