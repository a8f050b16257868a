/**
 * The channel over a Database. Puts are copied to rows in groups: one transaction at a time holds all puts
 * that came meanwhile and all takes that were committed meanwhile; puts are answered when it is durable.
 * Takes come from the blocks as their sources wrote them while sinks keep up, else from rows read ahead in
 * order.
 *
 * When a transaction fails nobody knows whether it happened. The next session asks for the first id of the
 * group: it is there, and all is done; or it is not, and the puts are written again under new ids, each in a
 * transaction of its own, so that one that the database refuses takes no other with it. Puts that wait for a
 * lost database for too long are refused; of those whose transaction is unknown the next session erases what
 * it finds, before anything is handed out.
 *
 *     id:  … taken, deleted │ held in memory → #heldTo │ in the table only → #durableTo │ #flying
 */
import { crashPoint } from '../../base/crash-points.ts';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { Channel, ChannelContext, PendingPut, PutStatus, Take } from '../../component/channel.ts';
import { BatchBuilder } from '../../memory/block/builder.ts';
import { BatchView } from '../../memory/block/view.ts';
import type { BlockRange } from '../../memory/store/range.ts';
import { BlockStore } from '../../memory/store/store.ts';
import { Backlog, part, type TakenRange } from '../../transaction/log-channel/backlog.ts';
import { rowsOf, runsOf } from './blocks.ts';
import type { Database, IdRange, Row } from './database.ts';
import { openDatabase } from './open.ts';
import { Session } from './session.ts';
import { describe, type JdbcOptions, type Target, targetOf } from './target.ts';

/** A put on its way to the table, as far as there was room for it. */
interface Entry {
  readonly put: PendingPut;
  readonly range: BlockRange;
  readonly status: PutStatus;
  attempts: number;
}

interface Group {
  entries: readonly Entry[];
  readonly first: number;
  readonly last: number;
  readonly deletes: readonly IdRange[];
  /** When a tick first saw it. */
  sinceMs: number | null;
}

interface JdbcTake extends Take {
  readonly ranges: readonly TakenRange[];
}

/** Of a channel's name. */
const NAME_MAX = 255;
const GROUP_EVENTS_MAX = 10_000;
const GROUP_BYTES_MAX = 8 * 1024 * 1024;
/** Committed takes that are not deleted yet: more are not handed out until they are. */
const DELETES_EVENTS_MAX = 50_000;
/** Events and bytes that one read brings, and with how many held no more are read ahead. */
const READ_EVENTS = 5000;
const READ_BYTES = 4 * 1024 * 1024;
const AHEAD_EVENTS = 10_000;
/** Blocks held in memory for sinks that are not far behind. */
const HELD_BYTES_MAX = 48 * 1024 * 1024;
/** How long a put waits for a database that is lost. */
const PUT_WAIT_MS = 3000;
/** A transaction or a read that takes longer is given up with its connection. */
const STALL_MS = 30_000;
const STOP_MS = 5000;
/** Transactions in which a put may fail; the first one it may share with others. */
const ATTEMPTS_MAX = 3;

export function create(context: ChannelContext): Channel {
  const options = context.options as JdbcOptions;
  if (context.name.length > NAME_MAX) {
    throw new MillraceError(
      'CONF_OPTION_VALUE',
      `channel ${context.name}: its name has more than ${NAME_MAX} characters, which the table has room for`,
      { remedy: 'give it a shorter name' },
    );
  }
  const { target, remarks } = targetOf(context.name, options);
  return new JdbcChannel(context, options, target, remarks);
}

class JdbcChannel implements Channel {
  readonly blocking = false;
  readonly #context: ChannelContext;
  readonly #target: Target;
  readonly #eventsMax: number;
  readonly #remarks: readonly string[];
  readonly #session: Session;
  readonly #builder: BatchBuilder;
  readonly #backlog = new Backlog();
  #queue: Entry[] = [];
  #flying: Group | null = null;
  /** Ids of puts that were refused and may be in the table all the same. */
  #erase: IdRange[] = [];
  #deletes: IdRange[] = [];
  #deletesEvents = 0;
  /** Puts to write each in a transaction of its own. */
  #alone = 0;
  #events = 0;
  #nextId = 1;
  #heldTo = 0;
  #durableTo = 0;
  /** When a tick first saw that there is no database. */
  #lostSinceMs: number | null = null;
  #reading = false;
  #readingSinceMs: number | null = null;
  #degraded = false;
  #stopping = false;

  constructor(context: ChannelContext, options: JdbcOptions, target: Target, remarks: readonly string[]) {
    this.#context = context;
    this.#target = target;
    this.#remarks = remarks;
    this.#eventsMax = options['maximum.capacity'] || Number.POSITIVE_INFINITY;
    this.#builder = new BatchBuilder(new BlockStore(context.storeNumber));
    this.#session = new Session({
      open: (before, onLost) =>
        openDatabase(target, {
          channel: context.name,
          createSchema: options['create.schema'],
          isolation: options['transaction.isolation'],
          connections: options['maximum.connections'],
          warn: (text) => context.log.warn(`channel ${context.name}: ${text}`),
          onLost,
          before,
        }),
      settle: (db) => this.#settle(db),
      up: () => this.#up(),
      down: (reason) => this.#report(`database: ${reason}; trying again`),
    });
  }

  async start(): Promise<void> {
    const { name, log, counters } = this.#context;
    for (const remark of this.#remarks) log.warn(`channel ${name}: ${remark}`);
    const db = await this.#session.start();
    const { lastId, events } = await db.state();
    this.#nextId = lastId + 1;
    this.#durableTo = lastId;
    this.#events = events;
    if (this.#eventsMax !== Number.POSITIVE_INFINITY) counters.set('ChannelCapacity', this.#eventsMax);
    counters.set('ChannelSize', events);
    log.info(`channel ${name}: ${events} events in ${describe(this.#target)}`);
  }

  #report(text: string): void {
    this.#degraded = true;
    this.#context.log.error(`channel ${this.#context.name}: ${text}`);
    this.#context.degraded(text);
  }

  #up(): void {
    this.#lostSinceMs = null;
    // With something to write, the next transaction shows whether it can be written to.
    if (this.#queue.length === 0 && this.#deletes.length === 0) this.#well();
    this.#write();
    this.#readAhead();
    this.#context.wake();
  }

  #well(): void {
    if (!this.#degraded) return;
    this.#degraded = false;
    this.#context.degraded(null);
    this.#context.log.info(`channel ${this.#context.name}: the database is back`);
  }

  put(puts: readonly PendingPut[]): void {
    for (const put of puts) {
      const { range, mode } = put;
      const room = this.#stopping ? 0 : this.#eventsMax - this.#events;
      const count = range.count <= room ? range.count : mode === 'each' ? Math.max(0, room) : 0;
      const status = count === range.count ? 'ok' : this.#stopping ? 'closed' : 'full-slots';
      if (count === 0) put.complete(0, status);
      else this.#queue.push({ put, range: { ...range, count }, status, attempts: 0 });
      this.#events += count;
    }
    this.#write();
  }

  /** Starts the next transaction, when there is something for it. */
  #write(): void {
    const { db } = this.#session;
    if (db === null || this.#flying !== null) return;
    const group = this.#gather();
    if (group === null) return;
    this.#flying = group;
    void this.#fly(db, group);
  }

  #gather(): Group | null {
    const entries: Entry[] = [];
    let events = 0;
    let bytes = 0;
    const entriesMax = this.#alone > 0 ? 1 : Number.POSITIVE_INFINITY;
    while (entries.length < Math.min(this.#queue.length, entriesMax)) {
      const entry = this.#queue[entries.length]!;
      if (entries.length > 0 && (events >= GROUP_EVENTS_MAX || bytes >= GROUP_BYTES_MAX)) break;
      entries.push(entry);
      events += entry.range.count;
      bytes += bytesOf(entry.range);
    }
    if (events === 0 && this.#deletes.length === 0) return null;
    this.#queue.splice(0, entries.length);
    if (this.#alone > 0 && entries.length > 0) this.#alone--;
    const first = this.#nextId;
    this.#nextId += events;
    const deletes = this.#deletes;
    this.#deletes = [];
    return { entries, first, last: first + events - 1, deletes, sinceMs: null };
  }

  async #fly(db: Database, group: Group): Promise<void> {
    const rows: Row[] = [];
    for (const { range } of group.entries) {
      for (const row of rowsOf(range, group.first + rows.length)) rows.push(row);
    }
    try {
      crashPoint('append');
      await db.write(rows, group.deletes);
    } catch (error) {
      this.#session.fail(db, messageOf(error));
      return;
    }
    // Given up meanwhile: the session that follows looks what came of it.
    if (this.#session.db !== db) return;
    crashPoint('stored');
    this.#session.proven();
    this.#land(group);
    this.#well();
    this.#write();
    this.#context.wake();
  }

  /** The group is in the table. */
  #land(group: Group): void {
    this.#flying = null;
    this.#deletesEvents -= countOf(group.deletes);
    let isNext = this.#heldTo === this.#durableTo;
    let id = group.first;
    for (const { put, range, status } of group.entries) {
      isNext &&= this.#backlog.heldBytes < HELD_BYTES_MAX;
      if (isNext) {
        this.#backlog.push({ ...range, at: id, bytes: bytesOf(range) });
        this.#heldTo = id + range.count - 1;
      } else {
        range.segment.release(1);
      }
      id += range.count;
      put.complete(range.count, status);
    }
    if (group.entries.length > 0) this.#durableTo = group.last;
    crashPoint('answered');
  }

  /** Asks a new session what became of the group that the one before was writing. */
  async #settle(db: Database): Promise<void> {
    while (this.#erase.length > 0) {
      const erase = this.#erase;
      await db.write([], erase);
      this.#erase = this.#erase.slice(erase.length);
    }
    const group = this.#flying;
    if (group === null) return;
    const isStored = group.entries.length > 0 && (await db.has(group.first));
    // Its puts may have been refused while the database was asked.
    if (this.#erase.length > 0) return await this.#settle(db);
    if (isStored) this.#land(group);
    else this.#takeBack(group);
  }

  /** The group did not happen: its puts are tried again, each alone, and refused when that does not help. */
  #takeBack(group: Group): void {
    this.#flying = null;
    this.#deletes = [...group.deletes, ...this.#deletes];
    const again: Entry[] = [];
    for (const entry of group.entries) {
      entry.attempts++;
      if (entry.attempts < ATTEMPTS_MAX) again.push(entry);
      else this.#refuse(entry, 'failed');
    }
    this.#queue = [...again, ...this.#queue];
    this.#alone += again.length;
  }

  #refuse({ put, range }: Entry, status: PutStatus): void {
    this.#events -= range.count;
    put.complete(0, status);
  }

  hasNext(): boolean {
    return !this.#backlog.isEmpty && this.#deletesEvents < DELETES_EVENTS_MAX;
  }

  take(eventsMax: number): JdbcTake | null {
    if (!this.hasNext()) return null;
    const ranges = this.#backlog.take(eventsMax);
    this.#readAhead();
    return { ranges, events: ranges.reduce((sum, range) => sum + range.count, 0) };
  }

  #readAhead(): void {
    const { db } = this.#session;
    if (db === null || this.#reading || this.#heldTo >= this.#durableTo) return;
    const { isEmpty, heldEvents, heldBytes } = this.#backlog;
    if (!isEmpty && (heldEvents >= AHEAD_EVENTS || heldBytes >= HELD_BYTES_MAX)) return;
    this.#reading = true;
    void this.#read(db, this.#durableTo);
  }

  async #read(db: Database, to: number): Promise<void> {
    try {
      const rows = await db.read(this.#heldTo, to, READ_EVENTS, READ_BYTES);
      const runs = runsOf(rows, this.#builder, (text) => this.#report(text));
      for (const { block, first, count, id } of runs) {
        const { segment, offset, length } = block;
        segment.retain(1);
        this.#backlog.push({ segment, offset, first, count, slots: 0, at: id, bytes: length });
      }
      this.#heldTo = rows.at(-1)?.id ?? to;
    } catch (error) {
      this.#session.fail(db, messageOf(error));
    } finally {
      this.#reading = false;
      this.#readingSinceMs = null;
    }
    if (this.#heldTo === this.#durableTo) this.#recount();
    this.#readAhead();
    this.#context.wake();
  }

  /** With everything read, what is in the channel is known: rows may have been removed by somebody else. */
  #recount(): void {
    let events = this.#backlog.heldEvents;
    for (const { range } of [...this.#queue, ...(this.#flying?.entries ?? [])]) events += range.count;
    if (events === this.#events) return;
    const { name, log } = this.#context;
    log.warn(`channel ${name}: ${this.#events - events} events are not in the table any more`);
    this.#events = events;
  }

  part(range: BlockRange, skip: number, count: number): TakenRange {
    return part(range as TakenRange, skip, count);
  }

  hold({ ranges, events }: JdbcTake): JdbcTake {
    return { ranges: this.#backlog.hold(ranges, this.#builder), events };
  }

  commit(take: Take): void {
    for (const range of (take as JdbcTake).ranges) {
      const first = range.at!;
      this.#deletes.push({ first, last: first + range.count - 1 });
      this.#backlog.done(range);
    }
    this.#deletesEvents += take.events;
    this.#events -= take.events;
    this.#write();
  }

  rollback(take: Take): void {
    this.#backlog.giveBack((take as JdbcTake).ranges);
  }

  tick(nowMs: number): void {
    const { db } = this.#session;
    if (db === null) this.#refuseOverdue(nowMs);
    else this.#giveUpStalled(db, nowMs);
    this.#write();
    this.#readAhead();
  }

  /** Puts that have waited too long for a lost database. */
  #refuseOverdue(nowMs: number): void {
    this.#lostSinceMs ??= nowMs;
    const isOverdue = (entry: Entry) => nowMs >= this.#deadlineMs(entry);
    const group = this.#flying;
    if (group?.entries.some(isOverdue)) {
      this.#erase.push({ first: group.first, last: group.last });
      this.#flying = null;
      this.#deletes = [...group.deletes, ...this.#deletes];
      for (const entry of group.entries) this.#refuse(entry, 'failed');
    }
    const overdue = this.#queue.filter(isOverdue);
    if (overdue.length === 0) return;
    this.#queue = this.#queue.filter((entry) => !isOverdue(entry));
    this.#alone = Math.min(this.#alone, this.#queue.length);
    for (const entry of overdue) this.#refuse(entry, 'failed');
  }

  /** When it is refused if the database stays away. */
  #deadlineMs({ put }: Entry): number {
    return Math.max(put.sinceMs, this.#lostSinceMs ?? 0) + PUT_WAIT_MS;
  }

  #giveUpStalled(db: Database, nowMs: number): void {
    if (this.#flying !== null) this.#flying.sinceMs ??= nowMs;
    if (this.#reading) this.#readingSinceMs ??= nowMs;
    const sinceMs = Math.min(this.#flying?.sinceMs ?? nowMs, this.#readingSinceMs ?? nowMs);
    if (nowMs - sinceMs >= STALL_MS) this.#session.fail(db, `no answer for ${STALL_MS / 1000} s`);
  }

  nextTickMs(nowMs: number): number {
    if (this.#session.db !== null)
      return this.#flying !== null || this.#reading ? STALL_MS : Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const entry of [...this.#queue, ...(this.#flying?.entries ?? [])])
      next = Math.min(next, this.#deadlineMs(entry) - nowMs);
    return Math.max(0, next);
  }

  /** Takes are deleted with the next transaction. */
  commitsCanWait(): boolean {
    return false;
  }

  size(): number {
    return this.#events;
  }

  segmentsInUse(): ReadonlySet<number> {
    const ids = new Set<number>(this.#backlog.segmentIds());
    for (const { range } of this.#queue) ids.add(range.segment.id);
    for (const { range } of this.#flying?.entries ?? []) ids.add(range.segment.id);
    return ids;
  }

  /** Writes what it can; what is left is refused. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const end = Date.now() + STOP_MS;
    this.#write();
    while (this.#flying !== null && this.#session.db !== null && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await this.#session.stop();
    const left = [...(this.#flying?.entries ?? []), ...this.#queue];
    this.#flying = null;
    this.#queue = [];
    for (const entry of left) this.#refuse(entry, 'closed');
  }
}

function countOf(ranges: readonly IdRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

/** Bytes of the whole block that a range stands in. */
function bytesOf({ segment, offset }: BlockRange): number {
  return new BatchView(segment, offset).lengthBytes;
}
