/**
 * Logging as components see it. Records leave a worker as messages and are written by the main thread
 * (watch/log), so that one writer owns files and the console, and so that a blocked worker can still log.
 */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export interface Logger {
  trace(text: string): void;
  debug(text: string): void;
  info(text: string): void;
  warn(text: string, error?: unknown): void;
  error(text: string, error?: unknown): void;
  /** A logger of the same sink under another Flume class name, e.g. `org.apache.flume.sink.LoggerSink`. */
  named(logger: string): Logger;
}

/** One line of log on its way to the main thread. */
export interface LogRecord {
  readonly timeMs: number;
  readonly level: LogLevel;
  /** Flume's thread name where users know it, else the worker's. */
  readonly thread: string;
  /** Flume class name, e.g. `org.apache.flume.sink.LoggerSink`, else `millrace.<room>`. */
  readonly logger: string;
  readonly text: string;
  /** Stack or message of the error that goes with it. */
  readonly error?: string;
}

export const silentLogger: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  named: () => silentLogger,
};
