/**
 * Keeps one Database open. What fails is closed, another is opened with growing pauses, and what was under
 * way is settled with it before anybody may use it.
 *
 *     start → up ⇄ down (closing → opening → settling, again and again) → stopped
 */
import { messageOf } from '../../base/errors.ts';
import type { Database } from './database.ts';

const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 5000;

export interface SessionHooks {
  /** `before` is the one that was lost; `onLost` is for a session that ends by itself. */
  open(before: Database | null, onLost: (reason: string) => void): Promise<Database>;
  /** Finds out what became of the write that was under way when the one before was lost. */
  settle(db: Database): Promise<void>;
  up(): void;
  /** Called for every attempt that failed, too. */
  down(reason: string): void;
}

export class Session {
  readonly #hooks: SessionHooks;
  #db: Database | null = null;
  #reconnecting: Promise<void> | null = null;
  #stopped = false;
  /** Before the next attempt; 0 when the last session has worked. */
  #pauseMs = 0;
  /** Ends the pause between two attempts. */
  #hurry: () => void = () => {};

  constructor(hooks: SessionHooks) {
    this.#hooks = hooks;
  }

  /** Null while there is none. */
  get db(): Database | null {
    return this.#db;
  }

  async start(): Promise<Database> {
    this.#db = await this.#open(null);
    return this.#db;
  }

  async #open(before: Database | null): Promise<Database> {
    let opened: Database | null = null;
    opened = await this.#hooks.open(before, (reason) => {
      if (opened !== null) this.fail(opened, reason);
    });
    return opened;
  }

  /** The session was written to: when it is lost the next attempt comes at once. */
  proven(): void {
    this.#pauseMs = 0;
  }

  /** `db` is of no use any more. */
  fail(db: Database, reason: string): void {
    if (this.#db !== db) return;
    this.#db = null;
    if (this.#stopped) return;
    this.#hooks.down(reason);
    this.#reconnecting = this.#reconnect(db);
  }

  async #reconnect(lost: Database): Promise<void> {
    let before = lost;
    await before.close().catch(() => {});
    while (!this.#stopped) {
      await this.#pause(this.#pauseMs);
      this.#pauseMs = Math.min(Math.max(this.#pauseMs * 2, PAUSE_FIRST_MS), PAUSE_MAX_MS);
      if (this.#stopped) return;
      try {
        const db = await this.#open(before);
        if (await this.#settled(db)) {
          this.#db = db;
          this.#hooks.up();
          return;
        }
        before = db;
      } catch (error) {
        this.#hooks.down(messageOf(error));
      }
    }
  }

  async #settled(db: Database): Promise<boolean> {
    try {
      await this.#hooks.settle(db);
      return true;
    } catch (error) {
      await db.close().catch(() => {});
      this.#hooks.down(messageOf(error));
      return false;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#stopped) this.#hurry();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#hurry();
    await this.#reconnecting;
    const db = this.#db;
    this.#db = null;
    await db?.close().catch(() => {});
  }
}
