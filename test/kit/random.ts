/** Numbers from 0 to below a bound. */
export type Random = (below: number) => number;

/** Random numbers that come again with the seed, which is random itself when none is given. */
export function randomFrom(wanted: string | undefined): { readonly random: Random; readonly seed: number } {
  const seed = Number(wanted ?? Math.floor(Math.random() * 2 ** 31));
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) % below;
  };
  return { random, seed };
}
