/**
 * The order in which java.util.HashMap hands out its keys, which Flume's text forms of headers show:
 * buckets by spread hash in a table that doubles at three quarters; within a bucket the order of
 * insertion. (Buckets of nine and more keys become trees in Java, which keep that order, too, unless the
 * tree is balanced in between.)
 */
const TABLE_MIN = 16;
const LOAD = 0.75;

/** Java's String.hashCode. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/** `keys` are in the order of insertion, without repeats. */
export function hashMapOrder(keys: Iterable<string>): string[] {
  const list = [...keys];
  let size = TABLE_MIN;
  while (list.length > size * LOAD) size *= 2;
  // Splitting a bucket keeps the order within its halves, so the final table alone decides.
  const bucketOf = (key: string) => {
    const hash = javaHashCode(key);
    return (hash ^ (hash >>> 16)) & (size - 1);
  };
  return list
    .map((key, i) => ({ key, i, bucket: bucketOf(key) }))
    .sort((a, b) => a.bucket - b.bucket || a.i - b.i)
    .map(({ key }) => key);
}

/** A map as Java prints it: `{}` or `{k=v, k2=v2}`. */
export function javaMapText(map: ReadonlyMap<string, string>): string {
  if (map.size === 0) return '{}';
  return `{${hashMapOrder(map.keys())
    .map((key) => `${key}=${map.get(key)}`)
    .join(', ')}}`;
}
