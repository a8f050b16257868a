/**
 * MySQL and MariaDB by mysql2. The lock of a channel is a user lock of the writing session (GET_LOCK): the
 * server gives it up with the session, after it has rolled back what the session had not committed.
 */
import { createHash } from 'node:crypto';
import mysql, { type Connection, type ConnectionOptions, type RowDataPacket } from 'mysql2/promise';
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
  channel VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, id BIGINT NOT NULL,
  headers LONGBLOB, body LONGBLOB NOT NULL, PRIMARY KEY (channel, id)
) ENGINE=InnoDB`;
/** Bytes are written as hexadecimal digits: two each. */
const PACKET_SHARE = 2.5;

export function open(target: ServerTarget, settings: DatabaseSettings): Promise<Database> {
  const driver: Driver<Connection> = {
    connect: async (made) => {
      const connection = await mysql.createConnection(configOf(target));
      made(connection);
      connection.on('error', (error: Error) => settings.onLost(error.message));
      connection.on('end', () => settings.onLost('the server closed the connection'));
      const level = settings.isolation.replace('_', ' ');
      await connection.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${level}`);
      await connection.query("SET SESSION sql_mode = 'STRICT_ALL_TABLES'");
      return connection;
    },
    prepare: async (writer) => {
      const session = await lock(writer, target.database, settings);
      const packetBytes = await prepare(writer, settings, target.database);
      return (connections) => new Mysql(settings.channel, connections, { session, packetBytes });
    },
    end,
  };
  return openServer(driver, settings);
}

function configOf({ host, port, database, user, password, tls }: ServerTarget): ConnectionOptions {
  return {
    host,
    port,
    database,
    connectTimeout: CONNECT_MS,
    supportBigNumbers: true,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(tls === null
      ? {}
      : {
          ssl: {
            rejectUnauthorized: tls.verify,
            verifyIdentity: tls.verifyName,
            ...(tls.ca === undefined ? {} : { ca: tls.ca }),
          },
        }),
  };
}

async function rowsOf(connection: Connection, text: string, values: (string | number)[] = []) {
  const [rows] = await connection.execute<RowDataPacket[]>(text, values);
  return rows;
}

/**
 * Takes the channel's lock; the session before this one is ended when it is in the way. Returns the session's
 * id.
 */
async function lock(
  connection: Connection,
  database: string,
  { channel, before }: DatabaseSettings,
): Promise<number> {
  const digest = createHash('sha256').update(`${database} ${channel}`).digest('hex');
  const name = `millrace ${digest.slice(0, 40)}`;
  const tryOnce = async (): Promise<boolean> => {
    const [row] = await rowsOf(connection, 'SELECT GET_LOCK(?, 0) AS ok', [name]);
    return row!.ok === 1;
  };
  const old = before instanceof Mysql ? before.session : null;
  if (old !== null && !(await tryOnce())) {
    // Ours, and its connection is lost: the server may not have noticed yet.
    const [holder] = await rowsOf(connection, 'SELECT IS_USED_LOCK(?) AS session', [name]);
    if (holder!.session === old) await connection.query(`KILL ${old}`).catch(() => {});
  }
  await untilLocked(tryOnce, channel);
  const [row] = await rowsOf(connection, 'SELECT CONNECTION_ID() AS id');
  return row!.id as number;
}

/** Returns the bytes of a statement's rows that the server takes. */
async function prepare(
  connection: Connection,
  settings: DatabaseSettings,
  database: string,
): Promise<number> {
  const [server] = await rowsOf(
    connection,
    'SELECT @@GLOBAL.innodb_flush_log_at_trx_commit AS flush, @@max_allowed_packet AS packet',
  );
  if (server!.flush !== 1) {
    settings.warn(
      `the server runs with innodb_flush_log_at_trx_commit = ${server!.flush}: commits may not survive a power cut`,
    );
  }
  const there = await rowsOf(
    connection,
    'SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?',
    [TABLE],
  );
  if (there.length === 0) {
    if (!settings.createSchema) throw noTable(database, DDL);
    await connection.query(DDL);
  }
  return Math.floor(Number(server!.packet) / PACKET_SHARE);
}

function end(connection: Connection): Promise<void> {
  return politely(connection.end(), () => connection.destroy());
}

class Mysql implements Database {
  readonly #connections: readonly Connection[];
  readonly #writer: Connection;
  readonly #reader: Connection;
  readonly #channel: string;
  readonly #packetBytes: number;
  readonly session: number;

  constructor(
    channel: string,
    connections: readonly Connection[],
    server: { readonly session: number; readonly packetBytes: number },
  ) {
    this.#connections = connections;
    this.#writer = connections[0]!;
    this.#reader = connections.at(-1)!;
    this.#channel = channel;
    this.session = server.session;
    this.#packetBytes = server.packetBytes;
  }

  async state() {
    const [row] = await rowsOf(
      this.#writer,
      `SELECT coalesce(max(id), 0) AS last, count(*) AS events FROM ${TABLE} WHERE channel = ?`,
      [this.#channel],
    );
    return { lastId: Number(row!.last), events: Number(row!.events) };
  }

  async write(rows: readonly Row[], deletes: readonly IdRange[]): Promise<void> {
    await this.#writer.query('START TRANSACTION');
    for (const chunk of chunksOf(rows, this.#packetBytes)) {
      const tuples = chunk.map(({ id, headers, body }) => [
        this.#channel,
        id,
        bytesOf(headers),
        bytesOf(body),
      ]);
      await this.#writer.query(`INSERT INTO ${TABLE} (channel, id, headers, body) VALUES ?`, [tuples]);
    }
    for (const { first, last } of joined(deletes)) {
      const text = `DELETE FROM ${TABLE} WHERE channel = ? AND id BETWEEN ? AND ?`;
      await this.#writer.execute(text, [this.#channel, first, last]);
    }
    await this.#writer.query('COMMIT');
  }

  async has(id: number): Promise<boolean> {
    const text = `SELECT 1 FROM ${TABLE} WHERE channel = ? AND id = ?`;
    return (await rowsOf(this.#writer, text, [this.#channel, id])).length > 0;
  }

  async read(after: number, to: number, eventsMax: number, bytesMax: number): Promise<readonly Row[]> {
    const sizes = await rowsOf(
      this.#reader,
      `SELECT id, octet_length(body) + coalesce(octet_length(headers), 0) + 32 AS size
       FROM ${TABLE} WHERE channel = ? AND id > ? AND id <= ? ORDER BY id LIMIT ${eventsMax}`,
      [this.#channel, after, to],
    );
    if (sizes.length === 0) return [];
    const cut = cutAt(
      sizes.map(({ id, size }) => ({ id: Number(id), size: Number(size) })),
      bytesMax,
    );
    const rows = await rowsOf(
      this.#reader,
      `SELECT id, headers, body FROM ${TABLE} WHERE channel = ? AND id > ? AND id <= ? ORDER BY id`,
      [this.#channel, after, cut],
    );
    return rows as unknown as readonly Row[];
  }

  async close(): Promise<void> {
    await Promise.all(this.#connections.map(end));
  }
}

/** mysql2 writes Buffers as bytes, other arrays as lists. */
function bytesOf(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
