/**
 * SQLite inside the channel's worker, by node:sqlite: each call does its work before it returns. WAL with
 * synchronous=FULL: a commit is on the disk when it returns. Several channels, each in its own worker, may
 * share a file: writers wait for each other. Pages that deletes leave free go back to the disk, a few with
 * each commit, but for those that the next puts will need.
 */
import { dirname, resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { DirectoryLock } from '../../storage/lock.ts';
import { makeDirectory, syncDirectoryNow } from '../../storage/sync-directory.ts';
import {
  type Database,
  type DatabaseSettings,
  type IdRange,
  joined,
  noTable,
  type Row,
  sizeOf,
  TABLE,
} from './database.ts';

/** How long a writer waits for another one. */
const BUSY_MS = 5000;
/** Free pages that stay in the file, and those that one commit gives back at most: 4 and 8 MiB. */
const FREE_PAGES_KEPT = 1024;
const FREED_PAGES_MAX = 2048;
/** What the write-ahead log of SQLite keeps on the disk once its content is in the file. */
const WAL_BYTES_KEPT = 16 * 1024 * 1024;

const DDL = `CREATE TABLE IF NOT EXISTS ${TABLE} (
  channel TEXT NOT NULL, id INTEGER NOT NULL, headers BLOB, body BLOB NOT NULL,
  PRIMARY KEY (channel, id)
)`;

export async function open(file: string, settings: DatabaseSettings): Promise<Database> {
  const path = resolve(file);
  // One owner a channel, whatever process it is in; the directory stands beside the file.
  const owner = `${path}.${encodeURIComponent(settings.channel)}`;
  makeDirectory(owner);
  const lock = DirectoryLock.acquire(owner, `channel ${settings.channel}`);
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { timeout: BUSY_MS });
    // Counts for a file that has no table yet, and must stand before its first page is written.
    db.exec('PRAGMA auto_vacuum = INCREMENTAL');
    db.exec('PRAGMA journal_mode = WAL');
    db.exec('PRAGMA synchronous = FULL');
    db.exec(`PRAGMA journal_size_limit = ${WAL_BYTES_KEPT}`);
    if (settings.createSchema) db.exec(DDL);
    else if (!hasTable(db)) throw noTable(path, DDL);
    // A new file is there after a power cut only when its directory is on the disk, too.
    syncDirectoryNow(dirname(path));
    return new Sqlite(db, lock, settings.channel);
  } catch (error) {
    db?.close();
    lock.release();
    throw error;
  }
}

function hasTable(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(TABLE) !== undefined;
}

class Sqlite implements Database {
  readonly #db: DatabaseSync;
  readonly #lock: DirectoryLock;
  readonly #channel: string;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #select: StatementSync;
  readonly #freePages: StatementSync;

  constructor(db: DatabaseSync, lock: DirectoryLock, channel: string) {
    this.#db = db;
    this.#lock = lock;
    this.#channel = channel;
    this.#insert = db.prepare(`INSERT INTO ${TABLE} (channel, id, headers, body) VALUES (?, ?, ?, ?)`);
    this.#delete = db.prepare(`DELETE FROM ${TABLE} WHERE channel = ? AND id BETWEEN ? AND ?`);
    this.#freePages = db.prepare('PRAGMA freelist_count');
    this.#select = db.prepare(
      `SELECT id, headers, body FROM ${TABLE} WHERE channel = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?`,
    );
  }

  async state() {
    const row = this.#db
      .prepare(`SELECT coalesce(max(id), 0) AS last, count(*) AS events FROM ${TABLE} WHERE channel = ?`)
      .get(this.#channel)!;
    return { lastId: row.last as number, events: row.events as number };
  }

  async write(rows: readonly Row[], deletes: readonly IdRange[]): Promise<void> {
    this.#db.exec('BEGIN IMMEDIATE');
    for (const { id, headers, body } of rows) this.#insert.run(this.#channel, id, headers, body);
    for (const { first, last } of joined(deletes)) this.#delete.run(this.#channel, first, last);
    this.#db.exec('COMMIT');
    if (deletes.length > 0) this.#shrink();
  }

  #shrink(): void {
    const free = this.#freePages.get()!.freelist_count as number;
    if (free <= FREE_PAGES_KEPT) return;
    try {
      this.#db.exec(`PRAGMA incremental_vacuum(${Math.min(free - FREE_PAGES_KEPT, FREED_PAGES_MAX)})`);
    } catch {
      // The commit is done. A disk that is full, or another channel that writes, may let the next one do it.
    }
  }

  async has(id: number): Promise<boolean> {
    return this.#select.get(this.#channel, id - 1, id, 1) !== undefined;
  }

  async read(after: number, to: number, eventsMax: number, bytesMax: number): Promise<readonly Row[]> {
    const rows: Row[] = [];
    let bytes = 0;
    for (const found of this.#select.iterate(this.#channel, after, to, eventsMax)) {
      const row = found as unknown as Row;
      bytes += sizeOf(row);
      if (rows.length > 0 && bytes > bytesMax) break;
      rows.push(row);
    }
    return rows;
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close();
    this.#lock.release();
  }
}
