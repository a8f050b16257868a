/**
 * Counters that Flume's users know, as slots of shared memory (memory/counters). A component increments, a scrape reads;
 * nobody waits. Names are Flume's attribute names; the order is the slot order.
 */
export const SOURCE_COUNTERS = [
  'EventReceivedCount',
  'EventAcceptedCount',
  'AppendReceivedCount',
  'AppendAcceptedCount',
  'AppendBatchReceivedCount',
  'AppendBatchAcceptedCount',
  'OpenConnectionCount',
  'EventReadFail',
  'ChannelWriteFail',
  'GenericProcessingFail',
] as const;

export const CHANNEL_COUNTERS = [
  'ChannelSize',
  'ChannelCapacity',
  'EventPutAttemptCount',
  'EventPutSuccessCount',
  'EventTakeAttemptCount',
  'EventTakeSuccessCount',
] as const;

export const SINK_COUNTERS = [
  'ConnectionCreatedCount',
  'ConnectionClosedCount',
  'ConnectionFailedCount',
  'BatchEmptyCount',
  'BatchUnderflowCount',
  'BatchCompleteCount',
  'EventDrainAttemptCount',
  'EventDrainSuccessCount',
  'EventWriteFail',
  'ChannelReadFail',
] as const;

export type SourceCounterName = (typeof SOURCE_COUNTERS)[number];
export type ChannelCounterName = (typeof CHANNEL_COUNTERS)[number];
export type SinkCounterName = (typeof SINK_COUNTERS)[number];

/** Writes from one thread only. Values are whole numbers below 2^53. */
export interface Counters<Name extends string> {
  add(name: Name, delta: number): void;
  set(name: Name, value: number): void;
  get(name: Name): number;
}

export type SourceCounters = Counters<SourceCounterName>;
export type ChannelCounters = Counters<ChannelCounterName>;
export type SinkCounters = Counters<SinkCounterName>;
