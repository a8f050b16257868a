/** What was probably meant. */

/**
 * The nearest of `names` to `name` by edits (case apart), or null when none is near. One of two letters is
 * near to no other: `c2` is no slip of `c1`.
 */
export function nearest(name: string, names: Iterable<string>): string | null {
  const wanted = name.toLowerCase();
  let best: string | null = null;
  let bestDistance = (name.length < 3 ? 0 : Math.max(1, Math.floor(name.length / 3))) + 1;
  for (const candidate of names) {
    const distance = edits(wanted, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Edit distance with neighbours swapped counted as one edit; gives up at `limit`. */
function edits(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, before[j - 2]! + 1);
      }
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}

/**
 * What to do about a value with a comment behind it, a habit of other formats: here it is part of the value.
 * Null for other values.
 */
export function commentAdvice(value: string): string | null {
  return /(^|\s)[#!]/.test(value)
    ? 'put the comment on a line of its own: # within a line is part of the value'
    : null;
}
