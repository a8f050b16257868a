/** Which database the options name, in the words of JDBC: URL, user, properties file. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import { connectionSettings, type ServerTarget } from './connection-settings.ts';
import type { options } from './index.ts';

export type Target = { readonly kind: 'sqlite'; readonly file: string } | ServerTarget;

export interface TargetFound {
  readonly target: Target;
  /** What became of options that mean nothing here: told at the start. */
  readonly remarks: readonly string[];
}

/** What and where, without a password. */
export function describe(target: Target): string {
  if (target.kind === 'sqlite') return `SQLite ${resolve(target.file)}`;
  return `${NAMES[target.kind]} ${target.host}:${target.port}/${target.database}`;
}

export type JdbcOptions = OptionsOf<typeof options>;

const NAMES = { sqlite: 'SQLite', postgresql: 'PostgreSQL', mysql: 'MySQL', mariadb: 'MariaDB' } as const;
const PORTS = { postgresql: 5432, mysql: 3306, mariadb: 3306 } as const;
const EMBEDDED =
  'leave driver.url out for an embedded SQLite database, or name a PostgreSQL, MySQL or MariaDB';
const KNOWN =
  'give jdbc:sqlite:FILE, jdbc:postgresql://HOST:PORT/DATABASE, jdbc:mysql://… or jdbc:mariadb://…';

/** @throws CONF_OPTION_VALUE */
export function targetOf(channel: string, o: JdbcOptions): TargetFound {
  const url = o['driver.url']?.trim() ?? '';
  const remarks: string[] = [];
  if (url === '') {
    const target: Target = { kind: 'sqlite', file: join(homedir(), '.flume', 'jdbc-channel', 'sqlite') };
    if (o['db.type'] !== undefined && o['db.type'] !== 'DERBY')
      remarks.push(`db.type = ${o['db.type']} needs driver.url; without it the database is SQLite`);
    return { target, remarks: [...remarks, ...unused(o, 'sqlite')] };
  }
  const [, scheme = '', rest = ''] = /^jdbc:([a-z0-9]+):(.*)$/is.exec(url) ?? [];
  switch (scheme.toLowerCase()) {
    case 'sqlite':
      if (rest === '') throw wrong(channel, url, 'names no file', KNOWN);
      return { target: { kind: 'sqlite', file: rest }, remarks: unused(o, 'sqlite') };
    case 'postgresql':
    case 'mysql':
    case 'mariadb': {
      const kind = scheme.toLowerCase() as ServerTarget['kind'];
      const target = serverOf(channel, kind, url, rest, o, remarks);
      return { target, remarks: [...remarks, ...unused(o, kind)] };
    }
    case 'derby':
      throw wrong(channel, url, 'is a Derby database, which only Java can open', DERBY);
    default:
      throw wrong(channel, url, 'is of no database that this channel knows', KNOWN);
  }
}

const DERBY = `${EMBEDDED}; let Flume empty the Derby database first: stop its sources and wait until its sinks are done`;

function serverOf(
  channel: string,
  kind: ServerTarget['kind'],
  url: string,
  rest: string,
  o: JdbcOptions,
  remarks: string[],
): ServerTarget {
  let parsed: URL;
  try {
    parsed = new URL(`${kind}:${rest}`);
  } catch {
    throw wrong(channel, url, 'cannot be read', `${KNOWN}, with one host`);
  }
  const database = decodeURIComponent(parsed.pathname.slice(1));
  if (parsed.hostname === '') throw wrong(channel, url, 'names no host', KNOWN);
  if (database === '') throw wrong(channel, url, 'names no database', KNOWN);
  const properties = new Map(propertiesOf(channel, o['connection.properties.file']));
  for (const [name, value] of parsed.searchParams) properties.set(name, value);
  if (o['db.username'] !== undefined) properties.set('user', o['db.username']);
  if (o['db.password'] !== undefined) properties.set('password', o['db.password']);
  const { settings, unknown } = connectionSettings(properties, channel);
  if (unknown.length > 0)
    remarks.push(`properties of the connection without a meaning here: ${unknown.join(', ')}`);
  return {
    kind,
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? PORTS[kind] : Number(parsed.port),
    database,
    ...settings,
  };
}

/** Lines `key = value` of a properties file. */
function propertiesOf(channel: string, file: string | undefined): [string, string][] {
  if (file === undefined) return [];
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new MillraceError(
      'CONF_OPTION_VALUE',
      `channel ${channel}: ${file} cannot be read: ${messageOf(error)}`,
      {
        component: `channel ${channel}`,
        option: 'connection.properties.file',
        value: file,
        remedy: 'name a properties file that the agent may read',
        cause: error,
      },
    );
  }
  const pairs: [string, string][] = [];
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!\s=:][^\s=:]*)\s*[=:\s]\s*(.*)$/.exec(line);
    if (match !== null) pairs.push([match[1]!, match[2]!.replace(/\\(.)/g, '$1')]);
  }
  return pairs;
}

function unused(o: JdbcOptions, kind: Target['kind']): string[] {
  const remarks: string[] = [];
  const named = NAMES[kind];
  if (o['driver.class'] !== undefined)
    remarks.push(`driver.class = ${o['driver.class']} is not used: the database is ${named}`);
  if (o['db.type'] === 'DERBY') remarks.push(`db.type = DERBY is not used: the database is ${named}`);
  if (kind === 'sqlite' && o['transaction.isolation'] !== 'READ_COMMITTED')
    remarks.push(
      `transaction.isolation = ${o['transaction.isolation']} is not used: SQLite is always SERIALIZABLE`,
    );
  if (kind === 'sqlite' && (o['db.username'] !== undefined || o['db.password'] !== undefined))
    remarks.push('db.username and db.password are not used: SQLite has no users');
  const system = { ...o['sysprop.*'], ...o['org.apache.flume.channel.jdbc.sysprop.*'] };
  for (const name of Object.keys(system)) remarks.push(`sysprop.${name} is not used: there is no JVM`);
  return remarks;
}

/** Passwords may stand in a URL: only its beginning is told. */
function wrong(channel: string, url: string, what: string, remedy: string): MillraceError {
  const shown = url.replace(/[?;].*$/s, '').replace(/\/\/[^/@]*@/, '//');
  return new MillraceError('CONF_OPTION_VALUE', `channel ${channel}: driver.url = ${shown} ${what}`, {
    component: `channel ${channel}`,
    option: 'driver.url',
    value: shown,
    remedy,
  });
}
