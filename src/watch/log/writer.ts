/**
 * The one writer of log records: console on stderr, LOGFILE (rolls at a size), DAILY (rolls at midnight), as
 * text in Flume's layouts or as JSON by pino. Keeps the last records for status pages. Runs on the main
 * thread.
 */
import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { messageOf } from '../../base/errors.ts';
import { isoDay } from '../../base/java/dates.ts';
import type { LogLevel, LogRecord } from '../../base/log.ts';
import { consoleLine, fileLine } from './layout.ts';
import type { LogSettings } from './settings.ts';

const RANK: Readonly<Record<LogLevel | 'off', number>> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  fatal: 60,
  off: 100,
};
const KEPT_RECORDS = 1000;
/** A file that could not be written is tried again after this time: disks get room, mounts come back. */
const RETRY_MS = 30_000;
const STDERR = 2;

export class LogWriter {
  readonly #settings: LogSettings;
  readonly #recent: LogRecord[] = [];
  readonly #path: string;
  readonly #outputs: ((record: LogRecord) => void)[] = [];
  #fileBytes = 0;
  #day = '';
  /** Until when the file is not tried again; 0 while it can be written. */
  #brokenUntilMs = 0;
  #line = '';
  readonly #json: pino.Logger;

  constructor(settings: LogSettings) {
    this.#settings = settings;
    this.#path = join(settings.directory, settings.file);
    // pino formats a record into this string; the appenders write it.
    const destination = { write: (line: string) => (this.#line = line) };
    this.#json = pino({ level: 'trace', base: null, timestamp: false, messageKey: 'msg' }, destination);
    for (const appender of settings.appenders) {
      if (appender === 'console')
        this.#outputs.push((record) => this.#console(this.#format(record, consoleLine)));
      else this.#outputs.push((record) => this.#file(this.#format(record, fileLine), appender === 'DAILY'));
    }
    if (settings.appenders.some((appender) => appender !== 'console')) {
      this.#tryFile(() => this.#openFile());
    }
  }

  readonly write = (record: LogRecord): void => {
    if (RANK[record.level] < RANK[this.#levelOf(record.logger)]) return;
    this.#recent.push(record);
    if (this.#recent.length > KEPT_RECORDS * 2) this.#recent.splice(0, KEPT_RECORDS);
    for (const output of this.#outputs) output(record);
  };

  recent(): readonly LogRecord[] {
    return this.#recent.slice(-KEPT_RECORDS);
  }

  #levelOf(logger: string): LogLevel | 'off' {
    const { levels, root } = this.#settings;
    if (levels.size === 0) return root;
    for (let name = logger; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
      const level = levels.get(name);
      if (level !== undefined) return level;
    }
    return root;
  }

  #format(record: LogRecord, text: (record: LogRecord) => string): string {
    if (this.#settings.format === 'text') return text(record);
    const { timeMs, level, thread, logger, error } = record;
    const fields = {
      time: new Date(timeMs).toISOString(),
      logger,
      thread,
      ...(error === undefined ? {} : { error }),
    };
    this.#json[level](fields, record.text);
    return this.#line;
  }

  #console(line: string): void {
    try {
      writeSync(STDERR, line);
    } catch {
      // A closed or stuck stderr must not end the agent.
    }
  }

  #openFile(): void {
    mkdirSync(this.#settings.directory, { recursive: true });
    appendFileSync(this.#path, '');
    const { size, mtimeMs } = statSync(this.#path);
    this.#fileBytes = size;
    this.#day = isoDay(size > 0 ? mtimeMs : Date.now());
  }

  /** False when the file cannot be written now: the line goes to stderr. */
  #tryFile(write: () => void): boolean {
    const nowMs = Date.now();
    if (nowMs < this.#brokenUntilMs) return false;
    try {
      if (this.#brokenUntilMs > 0) this.#openFile();
      write();
      this.#brokenUntilMs = 0;
      return true;
    } catch (error) {
      if (this.#brokenUntilMs === 0) {
        this.#console(
          `Warning: the log file ${this.#path} cannot be written (${messageOf(error)}); the log goes to stderr ` +
            'until it can. Set -Dflume.log.dir to a directory that can be written.\n',
        );
      }
      this.#brokenUntilMs = nowMs + RETRY_MS;
      return false;
    }
  }

  #file(line: string, daily: boolean): void {
    const bytes = Buffer.byteLength(line);
    const written = this.#tryFile(() => {
      if (daily) this.#rollDaily();
      else if (this.#fileBytes + bytes > this.#settings.rollBytes) this.#roll();
      appendFileSync(this.#path, line);
      this.#fileBytes += bytes;
    });
    if (!written) this.#console(line);
  }

  #rollDaily(): void {
    const today = isoDay(Date.now());
    if (today === this.#day) return;
    if (existsSync(this.#path)) renameSync(this.#path, `${this.#path}.${this.#day}`);
    this.#day = today;
    this.#fileBytes = 0;
  }

  #roll(): void {
    this.#fileBytes = 0;
    if (!existsSync(this.#path)) return;
    const { backups } = this.#settings;
    if (backups === 0) return rmSync(this.#path);
    rmSync(`${this.#path}.${backups}`, { force: true });
    for (let n = backups - 1; n > 0; n--) {
      if (existsSync(`${this.#path}.${n}`)) renameSync(`${this.#path}.${n}`, `${this.#path}.${n + 1}`);
    }
    renameSync(this.#path, `${this.#path}.1`);
  }
}
