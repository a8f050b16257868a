import type { OptionSpec } from './table.ts';

/** Java's largest int, and beyond: a limit that nobody means. */
const NO_LIMIT = 2 ** 31 - 1;

/** `from 1 to 100`, `at least 1`, `at most 100`, or nothing. */
export function rangeText({ min, max }: Pick<OptionSpec, 'min' | 'max'>): string {
  if (min !== undefined && max !== undefined && max < NO_LIMIT) return `from ${min} to ${max}`;
  if (min !== undefined) return `at least ${min}`;
  return max === undefined ? '' : `at most ${max}`;
}
