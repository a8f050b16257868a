/** Entry files of threads are named here only: `tsc` does not rewrite the endings of URLs. */

/**
 * The URL of a thread's entry beside the module `from` (its import.meta.url): `.ts` in
 * a checkout, `.js` in dist.
 */
export function threadEntry(from: string, path: string): URL {
  return new URL(`${path}.${from.endsWith('.ts') ? 'ts' : 'js'}`, from);
}
