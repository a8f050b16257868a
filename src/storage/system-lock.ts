/**
 * A lock that the system lets go of when its process ends, in whatever container that ran. Node has none of
 * its own: SQLite's lock of an empty database file is used, which is one of fcntl, as Java's FileLock is.
 *
 * Systems and file systems without such locks answer null: nobody knows then. The file stays when the lock is
 * released, as somebody else may have opened it already. No other code may open the file in a process that
 * holds the lock: closing any descriptor of it would end it.
 */
import { DatabaseSync } from 'node:sqlite';

/** Whoever only looks holds it for a moment. */
const WAIT_MS = 200;
const SQLITE_BUSY = 5;

export class SystemLock {
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Takes the lock, and makes the file for it; null when nobody can tell. */
  static take(file: string): SystemLock | 'held' | null {
    let db: DatabaseSync | null = null;
    try {
      db = new DatabaseSync(file, { timeout: WAIT_MS });
      // Without a journal file beside it; nothing is ever written.
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      return new SystemLock(db);
    } catch (error) {
      db?.close();
      return isBusy(error) ? 'held' : null;
    }
  }

  /** Whether somebody holds it; null when nobody can tell. */
  static isHeld(file: string): boolean | null {
    let db: DatabaseSync | null = null;
    try {
      db = new DatabaseSync(file, { readOnly: true });
      db.exec('SELECT 1 FROM sqlite_schema');
      return false;
    } catch (error) {
      return isBusy(error) ? true : null;
    } finally {
      db?.close();
    }
  }

  release(): void {
    this.#db.close();
  }
}

function isBusy(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === SQLITE_BUSY;
}
