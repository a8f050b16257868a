/**
 * The records of a lane: eight u32 words each, the first one says what it is. One union per direction.
 *
 *     source → channel   PUT      [kind, put, segment, offset, first, count, slots, mode]
 *     channel → source   DONE     [kind, put, accepted, status]
 *     sink → channel     GRANT    [kind, take, eventsMax, wait]      a batch (wait: when there is one)
 *                        COMMIT   [kind, take]
 *                        RESET    [kind, reset]                      roll back all I hold, forget my grants
 *     channel → sink     RANGE    [kind, take, segment, offset, first, count, slots, last]
 *                        EMPTY    [kind, take]                       nothing there, the grant would not wait
 *                        WAKE     [kind]                             there is something again after an EMPTY
 *                        RESET    [kind, reset]                      done; what was sent before is void
 */
export const KIND = { put: 1, done: 2, grant: 3, commit: 4, reset: 5, range: 6, empty: 7, wake: 8 } as const;

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

/** Ranges of one take: bounds the records that a take needs in its ring. */
export const RANGES_PER_TAKE_MAX = 256;
/** Records of the ring to a sink: room for every take of the largest window. */
export const TAKE_RING_RECORDS = 4096;
/** Takes that a sink may have handed out and not committed. */
export const TAKE_WINDOW_MAX = 8;
