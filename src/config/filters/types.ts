/** What a config filter is, and what it may ask. */

/** The value of a key, or null when the filter does not know it. Throws when it fails. */
export type ConfigFilter = (key: string) => string | null;

export interface FilterScope {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where files of the class path are looked for. */
  readonly classPath: readonly string[];
}
