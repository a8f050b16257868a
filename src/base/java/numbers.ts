/** Numbers and booleans as Java reads and prints them. */

/** Long.parseLong after trimming: an optional sign and decimal digits. Null when Java would throw. */
export function parseJavaLong(text: string): number | null {
  const trimmed = text.trim();
  if (!/^[+-]?\d+$/.test(trimmed)) return null;
  const value = Number(trimmed);
  return Math.abs(value) <= 2 ** 63 ? value : null;
}

/** Double.parseDouble after trimming, decimal forms. Null when Java would throw. */
export function parseJavaDouble(text: string): number | null {
  const trimmed = text.trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?$/.test(trimmed)) return null;
  return Number(trimmed.replace(/[fFdD]$/, ''));
}

/** Boolean.parseBoolean: only `true` in any letter case is true. */
export function parseJavaBoolean(text: string): boolean {
  return text.trim().toLowerCase() === 'true';
}

/** Double.toString: `0.0`, `33.3`, `1.7976931348623157E308`. */
export function javaDoubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-3 && size < 1e7)) {
    const text = String(value);
    return text.includes('.') ? text : `${text}.0`;
  }
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}
