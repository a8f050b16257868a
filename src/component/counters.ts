/**
 * Counters that Flume's users know, as slots of shared memory (memory/counters). A component increments, a
 * scrape reads; nobody waits. Names are Flume's attribute names; the order is the slot order.
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

/** What channels over the log count beside: first Flume's names of the file channel, then ours. */
export const LOG_COUNTERS = [
  'Open',
  'Closed',
  'Unhealthy',
  'EventPutErrorCount',
  'EventTakeErrorCount',
  'CheckpointWriteErrorCount',
  'CheckpointBackupWriteErrorCount',
  'SyncCount',
  'SyncMicros',
  'SyncedEventCount',
  'SegmentCount',
  'DiskBytes',
  'RecoveryMs',
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

/** What the hdfs sink counts beside. */
export const HDFS_COUNTERS = ['EventRepeatedCount', 'OpenBucketCount', 'OpenBucketBytes'] as const;

/** What sources of files tell beside. */
export const FILE_COUNTERS = ['FileCount', 'FileFailedCount', 'FileLagBytes', 'FileLagMs'] as const;

export type SourceCounterName = (typeof SOURCE_COUNTERS)[number];
export type ChannelCounterName = (typeof CHANNEL_COUNTERS)[number];
export type LogCounterName = (typeof LOG_COUNTERS)[number];
export type SinkCounterName = (typeof SINK_COUNTERS)[number];
export type HdfsCounterName = (typeof HDFS_COUNTERS)[number];
export type FileCounterName = (typeof FILE_COUNTERS)[number];

/** What each one counts, for the reference and for scrapers. Gauges say so. */
export const COUNTER_HELP: Readonly<
  Record<
    | SourceCounterName
    | ChannelCounterName
    | LogCounterName
    | SinkCounterName
    | HdfsCounterName
    | FileCounterName,
    string
  >
> = {
  EventReceivedCount: 'Events read or received, before the channel.',
  EventAcceptedCount: 'Events that the channels accepted.',
  AppendReceivedCount: 'Calls received that carry one event.',
  AppendAcceptedCount: 'Calls with one event that the channels accepted.',
  AppendBatchReceivedCount: 'Batches received.',
  AppendBatchAcceptedCount: 'Batches that the channels accepted whole.',
  OpenConnectionCount: 'Open connections (gauge).',
  EventReadFail: 'Failures to read or to understand input.',
  ChannelWriteFail: 'Puts that a channel refused.',
  GenericProcessingFail: 'Other failures.',
  ChannelSize: 'Events in the channel, those handed out and not committed included (gauge).',
  ChannelCapacity: 'Most events that the channel holds (gauge).',
  EventPutAttemptCount: 'Events that sources tried to put.',
  EventPutSuccessCount: 'Events put and committed.',
  EventTakeAttemptCount: 'Events handed to sinks, and takes that found nothing.',
  EventTakeSuccessCount: 'Events taken and committed.',
  Open: 'Whether the channel is open (gauge, `true` or `false`).',
  Closed: '1 while the channel is not open (gauge).',
  Unhealthy: '1 after a start that failed (gauge).',
  EventPutErrorCount: 'Groups of puts that the disk refused.',
  EventTakeErrorCount: 'Blocks of the backlog that could not be read.',
  CheckpointWriteErrorCount: 'Checkpoints that could not be written.',
  CheckpointBackupWriteErrorCount: 'Stays 0: there is no second checkpoint.',
  SyncCount: 'Groups of puts that were synced to the disk.',
  SyncMicros: 'Microseconds from the first byte of a group to its sync, summed up.',
  SyncedEventCount: 'Events of these groups.',
  SegmentCount: 'Segments of the log (gauge).',
  DiskBytes: 'Bytes of the segments on the disk (gauge).',
  RecoveryMs: 'Milliseconds that the last opening took (gauge).',
  ConnectionCreatedCount: 'Connections or files opened.',
  ConnectionClosedCount: 'Connections or files closed.',
  ConnectionFailedCount: 'Connections or files that could not be opened.',
  BatchEmptyCount: 'Takes that found no event.',
  BatchUnderflowCount: 'Batches smaller than the batch size.',
  BatchCompleteCount: 'Batches of the batch size.',
  EventDrainAttemptCount: 'Events that the sink tried to deliver.',
  EventDrainSuccessCount: 'Events delivered.',
  EventWriteFail: 'Failures to deliver.',
  ChannelReadFail: 'Failures to take from the channel.',
  EventRepeatedCount: 'With hdfs.delivery = exactly-once: events that came again and were passed over.',
  OpenBucketCount: 'Directories with a file in use (gauge).',
  OpenBucketBytes: 'Bytes of bodies in files in use (gauge).',
  FileCount: 'Files that are watched, or wait to be read (gauge).',
  FileFailedCount: 'Files that cannot be read, or are set aside (gauge).',
  FileLagBytes: 'Bytes of these files that are not put yet (gauge).',
  FileLagMs: 'How long the file that is furthest behind has had something to put (gauge).',
};

/** Values of gauges; the counters that are none count by themselves. */
export type Gauges = Readonly<Record<string, number>>;

/** Writes from one thread only. Values are whole numbers below 2^53. */
export interface Counters<Name extends string> {
  add(name: Name, delta: number): void;
  set(name: Name, value: number): void;
  get(name: Name): number;
}

export type SourceCounters = Counters<SourceCounterName>;
export type ChannelCounters = Counters<ChannelCounterName>;
export type SinkCounters = Counters<SinkCounterName>;

export function setGauges(counters: Counters<string>, gauges: Gauges | undefined): void {
  for (const name in gauges) counters.set(name, gauges[name]!);
}
