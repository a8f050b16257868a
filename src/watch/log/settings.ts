/**
 * How logging is set up: `-Dflume.root.logger=LEVEL,appender…` (with one or two `=`), `flume.log.dir`,
 * `flume.log.file`, and levels from `log4j.properties` or `log4j2.xml` in the --conf directory. Appenders:
 * console, LOGFILE, DAILY.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogLevel } from '../../base/log.ts';

export type AppenderName = 'console' | 'LOGFILE' | 'DAILY';

export interface LogSettings {
  readonly root: LogLevel | 'off';
  readonly appenders: readonly AppenderName[];
  /** Levels by logger name; the longest matching prefix counts. */
  readonly levels: ReadonlyMap<string, LogLevel | 'off'>;
  readonly directory: string;
  readonly file: string;
  readonly format: 'text' | 'json';
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

export function logSettings(
  systemProperties: Readonly<Record<string, string>>,
  confDir: string | null,
): LogSettings {
  const fromFiles = confDir === null ? emptyFile() : readLogFiles(confDir);
  const root = systemProperties['flume.root.logger'] ?? fromFiles.root ?? 'INFO,LOGFILE';
  const [level, ...names] = root
    .replace(/^=/, '')
    .split(',')
    .map((item) => item.trim());
  const appenders = names.flatMap(appenderOf);
  return {
    root: LEVELS[level!.toLowerCase()] ?? 'info',
    appenders: appenders.length > 0 ? appenders : ['LOGFILE'],
    levels: fromFiles.levels,
    directory: systemProperties['flume.log.dir'] ?? './logs',
    file: systemProperties['flume.log.file'] ?? 'flume.log',
    format: systemProperties['millrace.log.format'] === 'json' ? 'json' : 'text',
  };
}

function appenderOf(name: string): AppenderName[] {
  switch (name.toLowerCase()) {
    case 'console':
    case 'stdout':
      return ['console'];
    case 'daily':
      return ['DAILY'];
    case 'logfile':
      return ['LOGFILE'];
    default:
      return [];
  }
}

interface LogFile {
  root: string | null;
  readonly levels: Map<string, LogLevel | 'off'>;
}

function emptyFile(): LogFile {
  return { root: null, levels: new Map() };
}

function readLogFiles(confDir: string): LogFile {
  const found = emptyFile();
  const set = (name: string, level: string) => {
    const known = LEVELS[level.trim().toLowerCase()];
    if (known !== undefined) found.levels.set(name, known);
  };
  const properties = join(confDir, 'log4j.properties');
  if (existsSync(properties)) {
    for (const line of readFileSync(properties, 'utf8').split('\n')) {
      const match = /^\s*log4j\.(rootLogger|logger\.([\w.]+))\s*=\s*(.*?)\s*$/.exec(line);
      if (match === null) continue;
      if (match[2] !== undefined) set(match[2], match[3]!.split(',')[0]!);
      else if (!match[3]!.includes('${')) found.root = match[3]!;
    }
    return found;
  }
  const xml = join(confDir, 'log4j2.xml');
  if (existsSync(xml)) readXml(readFileSync(xml, 'utf8'), found, set);
  return found;
}

function readXml(xml: string, found: LogFile, set: (name: string, level: string) => void): void {
  const text = xml.replace(/<!--[\s\S]*?-->/g, '');
  const attribute = (tag: string, name: string) => new RegExp(`\\b${name}="([^"]+)"`).exec(tag)?.[1];
  for (const [tag] of text.matchAll(/<Logger\s[^>]*>/g)) {
    const name = attribute(tag, 'name');
    const level = attribute(tag, 'level');
    if (name !== undefined && level !== undefined) set(name, level);
  }
  const root = /<Root\b([^>]*)>([\s\S]*?)<\/Root>/.exec(text);
  const level = root === null ? undefined : attribute(root[1]!, 'level');
  if (root === null || level === undefined || level.includes('${')) return;
  const appenders = [...root[2]!.matchAll(/<AppenderRef\s[^>]*>/g)].map(
    ([tag]) => attribute(tag, 'ref') ?? '',
  );
  found.root = [level, ...appenders].join(',');
}
