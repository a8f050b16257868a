/**
 * What a component tells of its work beside counters, for `millrace status` and /status: how far each file
 * is.
 */

/** One thing that is worked on. A name in lower case with its unit: `position bytes`, `lag ms`. */
export type ProgressRow = Readonly<Record<string, string | number | null>>;

export interface ProgressTable {
  /** What a row is: `files`, `buckets`. */
  readonly title: string;
  /** At most PROGRESS_ROWS_MAX, the ones that matter most first. */
  readonly rows: readonly ProgressRow[];
  /** Rows that are not shown. */
  readonly omitted: number;
}

/** More rows would help nobody who reads them. */
export const PROGRESS_ROWS_MAX = 200;

/** A table of the first rows of `all`; `toRow` is called for these only. */
export function progressTable<T>(
  title: string,
  all: readonly T[],
  toRow: (one: T) => ProgressRow,
): ProgressTable {
  const shown = all.slice(0, PROGRESS_ROWS_MAX);
  return { title, rows: shown.map(toRow), omitted: all.length - shown.length };
}
