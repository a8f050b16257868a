/**
 * What is done now and then: files that are idle are closed and their last line without an end is delivered,
 * those without a name are read on and let go, directories that nobody tells of are polled, what could not be
 * read is tried again, and positions are written.
 */
import { messageOf } from '../../base/errors.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { Delivery } from './delivery.ts';
import type { Discovery } from './discovery.ts';
import type { options } from './index.ts';
import type { TailParts } from './looker.ts';
import type { PositionStore } from './position-store.ts';
import type { TailFile } from './tail-file.ts';

const TICK_MS_MIN = 20;
const TICK_MS_MAX = 500;
/** A file is found idle after its idleTimeout and at most this share of it. */
const IDLE_SHARE = 1 / 20;
/** How often a file without a name is looked at: nobody tells of it. */
const NAMELESS_MS = 500;
/** How often a file that may be a copy is looked at. */
const HELD_MS = 250;

export interface UpkeepParts extends TailParts {
  readonly delivery: Delivery;
  readonly store: PositionStore;
}

export class Upkeep {
  readonly #parts: UpkeepParts;
  readonly #options: OptionsOf<typeof options>;
  #discovery: Discovery | null = null;
  #timers: NodeJS.Timeout[] = [];
  #pollTimer: NodeJS.Timeout | undefined;
  #tickedMs = 0;
  #idleLookedMs = 0;
  #saving: Promise<void> | null = null;
  #isStopped = false;
  readonly #troubles = new Map<string, string>();
  /** Polls in a row that found nothing, and accepted lines at the last one. */
  #idlePolls = 0;
  #acceptedAtPoll = 0;
  #told: string | null = null;

  constructor(parts: UpkeepParts, o: OptionsOf<typeof options>) {
    this.#parts = parts;
    this.#options = o;
  }

  start(discovery: Discovery): void {
    this.#discovery = discovery;
    const { idleTimeout, writePosInterval } = this.#options;
    const tickMs = Math.min(Math.max(idleTimeout / 4, TICK_MS_MIN), TICK_MS_MAX);
    this.#tickedMs = Date.now();
    this.#timers = [
      setInterval(() => this.#tick(), tickMs),
      setInterval(() => void this.#save(), writePosInterval),
    ];
    this.#schedulePoll();
  }

  #tick(): void {
    const nowMs = this.#parts.context.clock.now();
    const elapsedMs = Date.now() - this.#tickedMs;
    this.#tickedMs += elapsedMs;
    this.#discovery!.tick(nowMs, elapsedMs);
    for (const file of this.#parts.table.nameless) this.#tendNameless(file, nowMs);
    for (const file of this.#parts.copies.held()) this.#wakeAfter(file, nowMs, HELD_MS);
    for (const file of this.#parts.delivery.troubled) {
      if (file.isGone) this.#parts.delivery.troubled.delete(file);
      else this.#wakeAfter(file, nowMs, this.#options.maxBackoffSleep);
    }
    this.#closeIdle(nowMs);
    this.#tellTroubles();
    if (this.#parts.table.hasUnknown) void this.#save();
  }

  #wakeAfter(file: TailFile, nowMs: number, ms: number): void {
    if (!file.isBusy && nowMs - file.lookedMs >= ms) this.#parts.delivery.wake(file);
  }

  #isIdle(file: TailFile, nowMs: number): boolean {
    return !file.isBusy && nowMs - file.changedMs >= this.#options.idleTimeout;
  }

  /** Its last line is delivered first; then it is let go. */
  #tendNameless(file: TailFile, nowMs: number): void {
    const { table, copies, descriptors } = this.#parts;
    if (!this.#isIdle(file, nowMs) || file.lookedMs < file.changedMs) {
      this.#wakeAfter(file, nowMs, NAMELESS_MS);
    } else if (file.partial > 0 && file.trouble === null) {
      file.isEnding = true;
      this.#wakeAfter(file, nowMs, 0);
    } else {
      table.remove(file);
      copies.retire(file);
      this.#closed(file);
      void descriptors.close(file);
    }
  }

  #closeIdle(nowMs: number): void {
    if (nowMs - this.#idleLookedMs < this.#options.idleTimeout * IDLE_SHARE) return;
    this.#idleLookedMs = nowMs;
    const { table, descriptors } = this.#parts;
    // With more files than may be open, one with an unfinished line may have been closed.
    const files = table.size > descriptors.max ? table.values() : descriptors.values();
    for (const file of files) {
      if (file.home === null || !this.#isIdle(file, nowMs)) continue;
      if (file.partial > 0) {
        file.isEnding = true;
        this.#parts.delivery.wake(file);
      } else if (file.fd !== null) {
        this.#closed(file);
        void descriptors.close(file);
      }
    }
  }

  #closed(file: TailFile): void {
    this.#parts.context.log
      .named('org.apache.flume.source.taildir.TaildirSource')
      .info(`Closed file: ${file.path.text}, inode: ${file.ino}, pos: ${file.place.pos}`);
  }

  /** Flume's pauses: longer while nothing comes. */
  #schedulePoll(): void {
    if (this.#isStopped) return;
    const { backoffSleepIncrement, maxBackoffSleep } = this.#options;
    const accepted = this.#parts.context.counters.get('EventAcceptedCount');
    this.#idlePolls = accepted === this.#acceptedAtPoll ? this.#idlePolls + 1 : 1;
    this.#acceptedAtPoll = accepted;
    const ms = Math.min(this.#idlePolls * backoffSleepIncrement, maxBackoffSleep);
    this.#pollTimer = setTimeout(() => {
      void this.#discovery!.poll().finally(() => this.#schedulePoll());
    }, ms);
  }

  /** Positions that have moved; one writing at a time. */
  #save(): Promise<void> {
    this.#saving ??= this.#saveNow().finally(() => {
      this.#saving = null;
    });
    return this.#saving;
  }

  async #saveNow(): Promise<void> {
    const { table, store, context } = this.#parts;
    if (!table.isChanged) return;
    table.isChanged = false;
    table.hasUnknown = false;
    try {
      await store.save(table.values());
      this.trouble('positions', null);
    } catch (error) {
      table.isChanged = true;
      context.counters.add('GenericProcessingFail', 1);
      const text = `Failed writing positionFile: ${messageOf(error)}`;
      if (this.#troubles.get('positions') !== text) {
        context.log.error(
          `source ${context.name}: ${text} (it is tried again; after a crash lines since the last writing are read again)`,
        );
      }
      this.trouble('positions', text);
    }
  }

  /** Something that keeps the source from doing all its work; null when it is over. */
  trouble(what: string, reason: string | null): void {
    if (reason === null) this.#troubles.delete(what);
    else this.#troubles.set(what, reason);
    this.#tellTroubles();
  }

  #tellTroubles(): void {
    const { delivery, context } = this.#parts;
    const reasons = [...this.#troubles.values()];
    const [first] = delivery.troubled;
    if (first !== undefined) {
      const others = delivery.troubled.size - 1;
      reasons.push(
        `${first.path.text} cannot be read: ${first.trouble}${others > 0 ? ` (and ${others} other files)` : ''}`,
      );
    }
    const text = reasons.length === 0 ? null : reasons.join('; ');
    if (text === this.#told) return;
    this.#told = text;
    context.degraded(text);
  }

  /** Writes the positions a last time. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#pollTimer);
    await this.#saving;
    await this.#save();
  }
}
