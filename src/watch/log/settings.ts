/**
 * How logging is set up: `-Dflume.root.logger=LEVEL,appender…` (with one or two `=`), `flume.log.dir`,
 * `flume.log.file`, then what the log4j files in the --conf directory say, then Flume's defaults. Appenders:
 * console, LOGFILE, DAILY.
 */
import { basename, dirname } from 'node:path';
import type { LogLevel } from '../../base/log.ts';
import { type Log4jFile, readLog4jFile } from './log4j.ts';

export type AppenderName = 'console' | 'LOGFILE' | 'DAILY';

export interface LogSettings {
  readonly root: LogLevel | 'off';
  readonly appenders: readonly AppenderName[];
  /** Levels by logger name; the longest matching prefix counts. */
  readonly levels: ReadonlyMap<string, LogLevel | 'off'>;
  readonly directory: string;
  readonly file: string;
  readonly rollBytes: number;
  /** Rolled files that are kept. */
  readonly backups: number;
  readonly format: 'text' | 'json';
  /** What was not understood. */
  readonly warnings: readonly string[];
}

const LEVELS: Readonly<Record<string, LogLevel | 'off'>> = {
  all: 'trace',
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  fatal: 'fatal',
  off: 'off',
};

const APPENDERS: Readonly<Record<string, AppenderName>> = {
  console: 'console',
  stdout: 'console',
  logfile: 'LOGFILE',
  daily: 'DAILY',
};

const ROLL_BYTES = 100 * 1024 * 1024;
const BACKUPS = 10;

export function logSettings(
  systemProperties: Readonly<Record<string, string>>,
  confDir: string | null,
): LogSettings {
  const log4j = confDir === null ? null : readLog4jFile(confDir, systemProperties);
  const root = systemProperties['flume.root.logger'] ?? log4j?.root ?? 'INFO,LOGFILE';
  const warnings: string[] = [];
  const [level, ...names] = root
    .replace(/^=/, '')
    .split(',')
    .map((item) => item.trim());
  const appenders = new Set<AppenderName>();
  for (const name of names) {
    const appender = own(APPENDERS, name);
    if (appender !== undefined) appenders.add(appender);
    else if (name !== '') warnings.push(`Log appender ${name} is not known (use console, LOGFILE or DAILY)`);
  }
  if (own(LEVELS, level!) === undefined) {
    const wanted = Object.keys(LEVELS).join(', ').toUpperCase();
    warnings.push(`Log level ${level} is not known: INFO is used (use one of ${wanted})`);
  }
  return {
    root: own(LEVELS, level!) ?? 'info',
    appenders: appenders.size > 0 ? [...appenders] : ['LOGFILE'],
    levels: levelsOf(log4j),
    ...placeOf(systemProperties, log4j),
    rollBytes: log4j?.rollBytes ?? ROLL_BYTES,
    backups: log4j?.backups ?? BACKUPS,
    format: systemProperties['millrace.log.format']?.toLowerCase() === 'json' ? 'json' : 'text',
    warnings,
  };
}

function own<V>(table: Readonly<Record<string, V>>, name: string): V | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function levelsOf(log4j: Log4jFile | null): Map<string, LogLevel | 'off'> {
  const levels = new Map<string, LogLevel | 'off'>();
  for (const [name, text] of log4j?.levels ?? []) {
    const level = own(LEVELS, text);
    if (level !== undefined) levels.set(name, level);
  }
  return levels;
}

/** What the command line says of the place is stronger than a file. */
function placeOf(
  systemProperties: Readonly<Record<string, string>>,
  log4j: Log4jFile | null,
): { directory: string; file: string } {
  const path = log4j?.path ?? 'logs/flume.log';
  return {
    directory: systemProperties['flume.log.dir'] ?? dirname(path),
    file: systemProperties['flume.log.file'] ?? basename(path),
  };
}
