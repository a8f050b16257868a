/** A worker's logger: records become messages to the main thread. */
import type { Logger, LogLevel, LogRecord } from '../../base/log.ts';

export function workerLogger(thread: string, logger: string, emit: (record: LogRecord) => void): Logger {
  const write = (level: LogLevel, text: string, error?: unknown): void => {
    const record = { timeMs: Date.now(), level, thread, logger, text };
    emit(error === undefined ? record : { ...record, error: describe(error) });
  };
  return {
    trace: (text) => write('trace', text),
    debug: (text) => write('debug', text),
    info: (text) => write('info', text),
    warn: (text, error) => write('warn', text, error),
    error: (text, error) => write('error', text, error),
    named: (other) => workerLogger(thread, other, emit),
  };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
