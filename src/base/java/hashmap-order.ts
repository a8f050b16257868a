/**
 * The order in which java.util.HashMap hands out its keys, which Flume's text forms of headers show:
 * buckets by spread hash in a table that doubles at three quarters, and for a ninth key in one bucket as
 * long as it is small; within a bucket the order of insertion. (In a table of 64 and more, nine and more
 * keys of one bucket become a tree, whose order is another: only keys that were made to collide get there.)
 */
const TABLE_MIN = 16;
const LOAD = 0.75;
/** A bucket of so many keys does not take one more before the table has this size. */
const BUCKET_MAX = 8;
const TABLE_OF_TREES = 64;

/** Java's String.hashCode. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/** `keys` are in the order of insertion, without repeats. */
export function hashMapOrder(keys: Iterable<string>): string[] {
  const list = Array.from(keys, (key) => {
    const hash = javaHashCode(key);
    return { key, hash: hash ^ (hash >>> 16) };
  });
  // Splitting a bucket keeps the order within its halves, so the final table alone decides; the sort is
  // stable.
  const last = tableSize(list.map(({ hash }) => hash)) - 1;
  return list.sort((a, b) => (a.hash & last) - (b.hash & last)).map(({ key }) => key);
}

function tableSize(hashes: readonly number[]): number {
  let size = TABLE_MIN;
  if (hashes.length > BUCKET_MAX) {
    hashes.forEach((hash, count) => {
      if (size < TABLE_OF_TREES && inBucket(hashes, count, hash & (size - 1), size) >= BUCKET_MAX) size *= 2;
      if (count + 1 > size * LOAD) size *= 2;
    });
  }
  return size;
}

/** Keys among the first `count` that lie in a bucket. */
function inBucket(hashes: readonly number[], count: number, bucket: number, size: number): number {
  let found = 0;
  for (let i = 0; i < count; i++) if ((hashes[i]! & (size - 1)) === bucket) found++;
  return found;
}

/** A map as Java prints it: `{}` or `{k=v, k2=v2}`. */
export function javaMapText(map: ReadonlyMap<string, string>): string {
  if (map.size === 0) return '{}';
  return `{${hashMapOrder(map.keys())
    .map((key) => `${key}=${map.get(key)}`)
    .join(', ')}}`;
}
