/** Properties of a JDBC connection, by the names that the drivers of PostgreSQL, MySQL and MariaDB know. */
import { readFileSync } from 'node:fs';
import { MillraceError, messageOf } from '../../base/errors.ts';

export interface ConnectionSettings {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly tls: TlsSettings | null;
  /** PostgreSQL's schema. */
  readonly schema: string | undefined;
}

export interface TlsSettings {
  /** Whether the server's certificate is checked, and whether its name is, too. */
  readonly verify: boolean;
  readonly verifyName: boolean;
  /** PEM of the authorities; those of Node.js when absent. */
  readonly ca: string | undefined;
}

export interface ServerTarget extends ConnectionSettings {
  readonly kind: 'postgresql' | 'mysql' | 'mariadb';
  readonly host: string;
  readonly port: number;
  readonly database: string;
}

const TRUST = { verify: false, verifyName: false };
const CHAIN = { verify: true, verifyName: false };
const FULL = { verify: true, verifyName: true };

/** sslmode of PostgreSQL, sslMode of MySQL and of MariaDB. Where TLS is only preferred, there is none. */
const MODES: Readonly<Record<string, typeof FULL | null>> = {
  disable: null,
  disabled: null,
  allow: null,
  prefer: null,
  preferred: null,
  require: TRUST,
  required: TRUST,
  trust: TRUST,
  'verify-ca': CHAIN,
  verify_ca: CHAIN,
  'verify-full': FULL,
  verify_identity: FULL,
};

/** Names in any letter case. */
export function connectionSettings(
  properties: ReadonlyMap<string, string>,
  channel: string,
): { readonly settings: ConnectionSettings; readonly unknown: readonly string[] } {
  const rest = new Map([...properties].map(([name, value]) => [name.toLowerCase(), { name, value }]));
  const take = (...names: string[]): string | undefined => {
    const found = names.map((name) => rest.get(name)?.value).find((value) => value !== undefined);
    for (const name of names) rest.delete(name);
    return found;
  };
  const user = take('user', 'username');
  const password = take('password');
  const schema = take('currentschema');
  const mode = take('sslmode');
  const on = take('ssl', 'usessl', 'requiressl') === 'true';
  const check = take('verifyservercertificate') === 'true';
  const file = take('sslrootcert', 'serversslcert');
  const level = mode === undefined ? (on ? (check ? CHAIN : TRUST) : null) : MODES[mode.toLowerCase()];
  if (level === undefined) {
    throw unusable(channel, 'sslmode', mode!, `give one of ${Object.keys(MODES).join(', ')}`);
  }
  const tls = level === null ? null : { ...level, ca: file === undefined ? undefined : pem(channel, file) };
  const unknown = [...rest.values()].map(({ name }) => name);
  return { settings: { user, password, tls, schema }, unknown };
}

function pem(channel: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unusable(
      channel,
      'sslrootcert',
      file,
      `name a PEM file that the agent may read: ${messageOf(error)}`,
    );
  }
}

function unusable(channel: string, property: string, value: string, remedy: string): MillraceError {
  return new MillraceError('CONF_OPTION_VALUE', `channel ${channel}: ${property} = ${value} cannot be used`, {
    component: `channel ${channel}`,
    option: 'driver.url',
    value,
    remedy,
  });
}
