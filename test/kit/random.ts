/** Numbers from 0 to below a bound. */
export type Random = (below: number) => number;

/** Numbers from 0 to below 2^32, the same for the same seed (mulberry32). */
export function wordsOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Random numbers that come again with the seed, which is random itself when none is given. */
export function randomFrom(wanted: string | undefined): { readonly random: Random; readonly seed: number } {
  const seed = Number(wanted ?? Math.floor(Math.random() * 2 ** 31));
  const next = wordsOf(seed);
  return { random: (below) => next() % below, seed };
}
