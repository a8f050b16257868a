/**
 * The records of a lane: eight u32 words each, the first one says what it is. One union per direction.
 *
 *     source → channel   PUT      [kind, put, segment, offset, first, count, slots, mode]
 *     channel → source   DONE     [kind, put, accepted, status]
 *     sink → channel     GRANT    [kind, take, eventsMax, wait]      a batch (wait: when there is one)
 *                        COMMIT   [kind, take]                       delivered, but for what was cut
 *                        HOLD     [kind, held, 3 × (first, count)]   cuts events out of the next COMMIT
 *                        RESET    [kind, reset]                      roll back all but held, forget my grants
 *     channel → sink     RANGE    [kind, take, segment, offset, first, count, number, flags]
 *                                 number: low half of the number of its first event; flags: see rangeFlags
 *                        EMPTY    [kind, take]                       nothing there, the grant would not wait
 *                        WAKE     [kind]                             there is something again after an EMPTY
 *                        RESET    [kind, reset]                      done; what was sent before is void
 *
 * A take may be settled in part. The sink names the events that it is not done with by their places in the
 * take (0 is its first event) in HOLD records; they become takes of their own, under numbers that the sink
 * gives out as for grants, and stay with it until their own COMMIT. Holds of several numbers may precede one
 * COMMIT. A RESET leaves what is held with the sink; only the end of the lane gives it back.
 */
export const KIND = {
  put: 1,
  done: 2,
  grant: 3,
  commit: 4,
  reset: 5,
  range: 6,
  empty: 7,
  wake: 8,
  hold: 9,
} as const;

export const MODE = { batch: 0, each: 1 } as const;

export const PUT_STATUS = [
  'ok',
  'full-slots',
  'full-bytes',
  'transaction-capacity',
  'closed',
  'failed',
  'full-disk',
] as const;

/** Bit 0: the last range of its take. Above: 1 more than the upper half of the number; 0: it has none. */
export function rangeFlags(number: number | null, isLast: boolean): number {
  const upper = number === null ? 0 : Math.floor(number / 2 ** 32) + 1;
  return ((upper << 1) | (isLast ? 1 : 0)) >>> 0;
}

export function isLastRange(flags: number): boolean {
  return (flags & 1) === 1;
}

/** The number of the first event; null when the channel gives none. */
export function numberOf(low: number, flags: number): number | null {
  const upper = flags >>> 1;
  return upper === 0 ? null : (upper - 1) * 2 ** 32 + low;
}

/** Ranges of one take: bounds the records that a take needs in its ring. */
export const RANGES_PER_TAKE_MAX = 256;
/** Records of the ring to a sink: room for every take of the largest window. */
export const TAKE_RING_RECORDS = 4096;
/** Runs of events in one HOLD record; a count of 0 is none. */
export const HOLD_RUNS = 3;
/** Records of the ring to a channel that holds leave to grants, commits and resets of the window of takes. */
export const TAKE_RING_RESERVE = 64;
/** Takes that a sink may have handed out and not committed, beside those that it holds. */
export const TAKE_WINDOW_MAX = 8;
