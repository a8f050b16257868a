/**
 * What Flume's log4j files in the --conf directory say, as far as it has a meaning here: `log4j.properties`
 * (Flume up to 1.9) or, without one, `log4j2.xml`: root level and appenders, levels of loggers, and of the
 * appender LOGFILE the file, its largest size and its backups. Layouts are fixed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProperties, parseProperties } from '../../config/properties/parse.ts';

export interface Log4jFile {
  /** `LEVEL,appender…` as -Dflume.root.logger would have it. */
  readonly root: string | null;
  /** Level texts by logger name. */
  readonly levels: ReadonlyMap<string, string>;
  readonly path: string | null;
  readonly rollBytes: number | null;
  readonly backups: number | null;
}

type Variables = (name: string) => string | undefined;

export function readLog4jFile(
  confDir: string,
  systemProperties: Readonly<Record<string, string>>,
): Log4jFile | null {
  const properties = join(confDir, 'log4j.properties');
  if (existsSync(properties)) return fromProperties(readFileSync(properties), systemProperties);
  const xml = join(confDir, 'log4j2.xml');
  return existsSync(xml) ? fromXml(readFileSync(xml, 'utf8'), systemProperties) : null;
}

/** A system property is stronger than one of the file, as in log4j. */
function fromProperties(bytes: Uint8Array, systemProperties: Readonly<Record<string, string>>): Log4jFile {
  const { properties } = parseProperties(decodeProperties(bytes), 'log4j.properties');
  const own: Variables = (name) => systemProperties[name] ?? properties.get(name)?.value.trim();
  const value = (key: string) => resolved(properties.get(key)?.value.trim(), own);
  const levels = new Map<string, string>();
  for (const key of properties.keys()) {
    const level = key.startsWith('log4j.logger.') ? value(key) : null;
    if (level !== null) levels.set(key.slice('log4j.logger.'.length), level.split(',', 1)[0]!.trim());
  }
  const directory = value('flume.log.dir');
  const file = value('flume.log.file');
  return {
    root: value('log4j.rootLogger') ?? value('flume.root.logger'),
    levels,
    path:
      value('log4j.appender.LOGFILE.File') ??
      (directory === null && file === null ? null : join(directory ?? 'logs', file ?? 'flume.log')),
    rollBytes: bytesOf(value('log4j.appender.LOGFILE.MaxFileSize')),
    backups: countOf(value('log4j.appender.LOGFILE.MaxBackupIndex')),
  };
}

function fromXml(text: string, systemProperties: Readonly<Record<string, string>>): Log4jFile {
  const xml = text.replace(/<!--[\s\S]*?-->/g, '');
  const properties = new Map<string, string>();
  for (const [, name, value] of xml.matchAll(/<Property\s+name="([^"]+)"\s*>([^<]*)</g)) {
    properties.set(name!, value!.trim());
  }
  const variables: Variables = (name) => {
    if (name.startsWith('sys:')) return systemProperties[name.slice(4)];
    return name.startsWith('env:') ? process.env[name.slice(4)] : properties.get(name);
  };
  const levels = new Map<string, string>();
  for (const [tag] of xml.matchAll(/<Logger\s[^>]*>/g)) {
    const name = attribute(tag, 'name');
    const level = attribute(tag, 'level');
    if (name !== undefined && level !== undefined) levels.set(name, level);
  }
  const [appender = ''] =
    /<(RollingFile|RollingRandomAccessFile|File)\b[^>]*\bname="LogFile"[^>]*(?:\/>|>[\s\S]*?<\/\1>)/i.exec(
      xml,
    ) ?? [];
  const policy = /<SizeBasedTriggeringPolicy\s[^>]*>/.exec(appender)?.[0] ?? '';
  const strategy = /<DefaultRolloverStrategy\s[^>]*>/.exec(appender)?.[0] ?? '';
  return {
    root: rootOf(xml, variables),
    levels,
    path: resolved(attribute(appender, 'fileName'), variables),
    rollBytes: bytesOf(attribute(policy, 'size') ?? null),
    backups: countOf(attribute(strategy, 'max') ?? null),
  };
}

function rootOf(xml: string, variables: Variables): string | null {
  const [, tag, inside] = /<Root\b([^>]*)>([\s\S]*?)<\/Root>/.exec(xml) ?? [];
  const level = resolved(attribute(tag ?? '', 'level'), variables);
  if (level === null) return null;
  const references = [...inside!.matchAll(/<AppenderRef\s[^>]*>/g)];
  return [level, ...references.map(([reference]) => attribute(reference, 'ref') ?? '')].join(',');
}

function attribute(tag: string, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]+)"`).exec(tag)?.[1];
}

/** With `${name}` and `${name:-default}` filled in; null when something stays open. */
function resolved(text: string | undefined, variables: Variables): string | null {
  const filled = text?.replace(/\$\{([^}]*?)(?::-([^}]*))?\}/g, (whole, name: string, otherwise?: string) => {
    return variables(name) ?? otherwise ?? whole;
  });
  return filled === undefined || filled.includes('${') ? null : filled;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** `100MB`, of log4j's kind: 1024 × 1024. */
function bytesOf(text: string | null): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([KMG]?)B?$/i.exec(text ?? '');
  return match === null ? null : Math.floor(Number(match[1]) * UNITS[match[2]!.toUpperCase()]!);
}

function countOf(text: string | null): number | null {
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
