/**
 * PostgreSQL by pg. The lock of a channel is an advisory lock of the writing session: the server gives it up
 * with the session, after the session's transaction has ended one way or the other. So it must be a session
 * of its own: a pooler between them has to work in session mode.
 */
import { createHash } from 'node:crypto';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import { Client } from 'pg';
import type { ServerTarget } from './connection-settings.ts';
import {
  CONNECT_MS,
  chunksOf,
  cutAt,
  type Database,
  type DatabaseSettings,
  type Driver,
  type IdRange,
  joined,
  noTable,
  openServer,
  politely,
  type Row,
  TABLE,
  untilLocked,
} from './database.ts';

const DDL = `CREATE TABLE IF NOT EXISTS ${TABLE} (
  channel varchar(255) NOT NULL, id bigint NOT NULL, headers bytea, body bytea NOT NULL,
  PRIMARY KEY (channel, id)
)`;

export function open(target: ServerTarget, settings: DatabaseSettings): Promise<Database> {
  const driver: Driver<Client> = {
    connect: async (made) => {
      const client = new Client(configOf(target, settings.channel));
      made(client);
      client.on('error', (error) => settings.onLost(error.message));
      client.on('end', () => settings.onLost('the server closed the connection'));
      await client.connect();
      const level = settings.isolation.replace('_', ' ');
      await client.query(`SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL ${level}`);
      return client;
    },
    prepare: async (writer) => {
      const pid = await lock(writer, settings);
      await prepare(writer, settings, target.database);
      return (clients) => new Postgres(settings.channel, clients, pid);
    },
    end,
  };
  return openServer(driver, settings);
}

function configOf(target: ServerTarget, channel: string) {
  const { host, port, database, user, password, schema } = target;
  return {
    host,
    port,
    database,
    user,
    password,
    ssl: tlsOf(target),
    application_name: `millrace channel ${channel}`,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    options: schema === undefined ? undefined : `-c search_path=${schema}`,
  };
}

function tlsOf({ tls, host }: ServerTarget): false | ConnectionOptions {
  if (tls === null) return false;
  return {
    rejectUnauthorized: tls.verify,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    checkServerIdentity: tls.verifyName
      ? (_, certificate) => checkServerIdentity(host, certificate)
      : () => undefined,
  };
}

/**
 * Takes the channel's lock; the session before this one is ended when it is in the way. Returns the session's
 * id.
 */
async function lock(client: Client, { channel, before }: DatabaseSettings): Promise<number> {
  const { rows } = await client.query<{ schema: string; pid: number }>(
    'SELECT current_schema() AS schema, pg_backend_pid() AS pid',
  );
  const { schema, pid } = rows[0]!;
  const key = createHash('sha256')
    .update(`millrace ${schema} ${channel}`)
    .digest()
    .readBigInt64BE(0)
    .toString();
  const tryOnce = async (): Promise<boolean> => {
    const found = await client.query<{ ok: boolean }>('SELECT pg_try_advisory_lock($1) AS ok', [key]);
    return found.rows[0]!.ok;
  };
  const old = before instanceof Postgres ? before.pid : null;
  if (old !== null && !(await tryOnce())) {
    // Ours, and its connection is lost: the server may not have noticed yet.
    const high = BigInt.asUintN(32, BigInt(key) >> 32n).toString();
    const low = BigInt.asUintN(32, BigInt(key)).toString();
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks
       WHERE locktype = 'advisory' AND classid::bigint = $1 AND objid::bigint = $2 AND pid = $3`,
      [high, low, old],
    );
  }
  await untilLocked(tryOnce, channel);
  return pid;
}

async function prepare(client: Client, settings: DatabaseSettings, database: string): Promise<void> {
  await client.query(
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
  );
  const { rows } = await client.query<{ fsync: string }>("SELECT current_setting('fsync') AS fsync");
  if (rows[0]!.fsync !== 'on')
    settings.warn('the server runs with fsync = off: commits do not survive a power cut');
  const there = await client.query<{ found: string | null }>('SELECT to_regclass($1) AS found', [TABLE]);
  if (there.rows[0]!.found !== null) return;
  if (!settings.createSchema) throw noTable(database, DDL);
  await client.query(DDL);
}

function end(client: Client): Promise<void> {
  return politely(client.end(), () => client.connection.stream.destroy());
}

class Postgres implements Database {
  readonly #clients: readonly Client[];
  readonly #writer: Client;
  readonly #reader: Client;
  readonly #channel: string;
  readonly pid: number;

  constructor(channel: string, clients: readonly Client[], pid: number) {
    this.#clients = clients;
    this.#writer = clients[0]!;
    this.#reader = clients.at(-1)!;
    this.#channel = channel;
    this.pid = pid;
  }

  async state() {
    const { rows } = await this.#writer.query<{ last: string; events: string }>(
      `SELECT coalesce(max(id), 0) AS last, count(*) AS events FROM ${TABLE} WHERE channel = $1`,
      [this.#channel],
    );
    return { lastId: Number(rows[0]!.last), events: Number(rows[0]!.events) };
  }

  async write(rows: readonly Row[], deletes: readonly IdRange[]): Promise<void> {
    const steps: (readonly [string, unknown[]])[] = [];
    for (const chunk of chunksOf(rows)) steps.push(insertOf(this.#channel, chunk));
    for (const { first, last } of joined(deletes)) {
      const text = `DELETE FROM ${TABLE} WHERE channel = $1 AND id BETWEEN $2 AND $3`;
      steps.push([text, [this.#channel, first, last]]);
    }
    if (steps.length > 1) await this.#writer.query('BEGIN');
    for (const [text, values] of steps) await this.#writer.query(text, values);
    if (steps.length > 1) await this.#writer.query('COMMIT');
  }

  async has(id: number): Promise<boolean> {
    const text = `SELECT 1 FROM ${TABLE} WHERE channel = $1 AND id = $2`;
    return (await this.#writer.query(text, [this.#channel, id])).rows.length > 0;
  }

  async read(after: number, to: number, eventsMax: number, bytesMax: number): Promise<readonly Row[]> {
    const sizes = await this.#reader.query<{ id: string; size: string }>(
      `SELECT id, octet_length(body) + coalesce(octet_length(headers), 0) + 32 AS size
       FROM ${TABLE} WHERE channel = $1 AND id > $2 AND id <= $3 ORDER BY id LIMIT $4`,
      [this.#channel, after, to, eventsMax],
    );
    if (sizes.rows.length === 0) return [];
    const cut = cutAt(
      sizes.rows.map(({ id, size }) => ({ id: Number(id), size: Number(size) })),
      bytesMax,
    );
    const { rows } = await this.#reader.query<Omit<Row, 'id'> & { id: string }>(
      `SELECT id, headers, body FROM ${TABLE} WHERE channel = $1 AND id > $2 AND id <= $3 ORDER BY id`,
      [this.#channel, after, cut],
    );
    return rows.map(({ id, headers, body }) => ({ id: Number(id), headers, body }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map(end));
  }
}

function insertOf(channel: string, rows: readonly Row[]): readonly [string, unknown[]] {
  const values: unknown[] = [channel];
  const tuples: string[] = [];
  for (const { id, headers, body } of rows) {
    const n = values.push(id, headers, body);
    tuples.push(`($1, $${n - 2}, $${n - 1}, $${n})`);
  }
  return [`INSERT INTO ${TABLE} (channel, id, headers, body) VALUES ${tuples.join(', ')}`, values];
}
