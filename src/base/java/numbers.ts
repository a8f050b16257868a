/** Numbers and booleans as Java reads and prints them. */

/** Java's String.trim: everything up to the blank goes, other spaces of Unicode stay. */
function trimmed(text: string): string {
  return text.replace(/^[\x00- ]+|[\x00- ]+$/g, '');
}

/**
 * Long.parseLong after trimming: an optional sign and decimal digits (ASCII only; Java takes others, too).
 * Null when Java would throw.
 */
export function parseJavaLong(text: string): number | null {
  const digits = trimmed(text);
  if (!/^[+-]?\d+$/.test(digits)) return null;
  const value = BigInt(digits.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? Number(value) : null;
}

/**
 * Double.parseDouble after trimming, decimal forms only: no NaN, Infinity, 0x… . Null when Java would
 * throw.
 */
export function parseJavaDouble(text: string): number | null {
  const decimal = trimmed(text);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?$/.test(decimal)) return null;
  return Number(decimal.replace(/[fFdD]$/, ''));
}

/** Boolean.parseBoolean: only `true` in any letter case is true. */
export function parseJavaBoolean(text: string): boolean {
  return trimmed(text).toLowerCase() === 'true';
}

/** Double.toString: `0.0`, `33.3`, `1.7976931348623157E308`. */
export function javaDoubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-3 && size < 1e7)) {
    const text = Object.is(value, -0) ? '-0' : String(value);
    return text.includes('.') ? text : `${text}.0`;
  }
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}
