/**
 * Every fixed limit by name. A limit that users may need to change is an option
 * instead, with its default here.
 */
const KIB = 1024;
const MIB = 1024 * KIB;

/** Offsets inside a block are u32 and whole blocks are copied: larger ones gain nothing and pin memory. */
export const BLOCK_BYTES_MAX = 16 * MIB;
/**
 * One SharedArrayBuffer of a store. Two 500 KB blocks fit; small enough to stay in the
 * L2/L3 cache while recycled.
 */
export const SEGMENT_BYTES = 2 * MIB;
/**
 * Free segments that a store keeps in any case; those beyond are handed back when they
 * were not used for a while.
 */
export const SEGMENTS_FREE_MIN = 2;
/** How often components are asked for their gauges. */
export const GAUGES_MS = 1000;
/** How often stores give up segments, and queues memory, that were not used since. */
export const TRIM_MS = 5000;
/** Bytes of given-up segments that are worth a garbage collection: shared memory is freed by nothing else. */
export const COLLECT_BYTES = 16 * MIB;
/** Records of a control ring. */
export const RING_RECORDS = 1024;
/** Longest sleep of a worker: a lost wake costs this much latency at most. */
export const WAIT_MS_MAX = 250;
/** Puts that one source may have in flight with one channel. */
export const PUTS_IN_FLIGHT_MAX = 64;
/** Bytes of blocks that one source may have in flight; one put may exceed it. */
export const SOURCE_BYTES_IN_FLIGHT_MAX = 8 * MIB;
/** Flume's pause after a delivery that failed. */
export const SINK_BACKOFF_MAX_MS = 5000;
/** Pause between attempts to start a component that failed to start (Flume's supervisor: every 3 s). */
export const START_RETRY_MS = 3000;
/** Drain deadline after the first SIGTERM or SIGINT. */
export const DRAIN_MS_DEFAULT = 60_000;
/**
 * A configuration that is read over HTTP, after decompression: room for thousands of components, and what a
 * server gone wrong may cost.
 */
export const CONFIGURATION_BYTES_MAX = 16 * MIB;
