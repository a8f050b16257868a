/** Log records as lines, in the layouts of Flume's log4j files. */
import { fileLogTime, isoLogTime } from '../../base/java/dates.ts';
import type { LogRecord } from '../../base/log.ts';

/** Call sites that users' scripts match, as log4j's `%l` prints them. */
const CALL_SITES: Readonly<Record<string, string>> = {
  'org.apache.flume.sink.LoggerSink': 'org.apache.flume.sink.LoggerSink.process(LoggerSink.java:95)',
  'org.apache.flume.SinkRunner': 'org.apache.flume.SinkRunner$PollingRunner.run(SinkRunner.java:158)',
};

function tail(record: LogRecord): string {
  return record.error === undefined ? `${record.text}\n` : `${record.text}\n${record.error}\n`;
}

/** `%d (%t) [%p - %l] %m%n` */
export function consoleLine(record: LogRecord): string {
  const site = CALL_SITES[record.logger] ?? record.logger;
  const head = `${isoLogTime(record.timeMs)} (${record.thread}) [${record.level.toUpperCase()} - ${site}]`;
  return `${head} ${tail(record)}`;
}

/** `%d{dd MMM yyyy HH:mm:ss,SSS} %-5p [%t] (%C.%M:%L) %x - %m%n` */
export function fileLine(record: LogRecord): string {
  const level = record.level.toUpperCase().padEnd(5);
  const site = CALL_SITES[record.logger] ?? record.logger;
  return `${fileLogTime(record.timeMs)} ${level} [${record.thread}] (${site})  - ${tail(record)}`;
}
