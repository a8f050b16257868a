/**
 * A channel over the log: puts go there as they stand in memory, in groups that share one sync, and are
 * answered when they are on the disk; takes come from memory where they can, else from the log. The durable
 * channels are this with their options. With a memory part, puts are answered at once and never written while
 * memory has room; what does not fit overflows to the log, and memory is used again once everything in the
 * log has its turn.
 *
 * A put's block keeps its reference until its events are taken, or until the log has it and memory is short.
 */
import { crashPoint } from '../../base/crash-points.ts';
import { messageOf } from '../../base/errors.ts';
import type { Channel, ChannelContext, PendingPut, PutStatus, Take } from '../../component/channel.ts';
import type { Counters, LogCounterName } from '../../component/counters.ts';
import { BatchBuilder } from '../../memory/block/builder.ts';
import { copyEvents } from '../../memory/block/copy-events.ts';
import type { Numbering } from '../../memory/block/numbering.ts';
import { BatchView } from '../../memory/block/view.ts';
import type { BlockRange } from '../../memory/store/range.ts';
import { BlockStore } from '../../memory/store/store.ts';
import type { BlockCipher } from '../../storage/log/cipher.ts';
import { EventLog, type LockedBlock, type LogSettings, type NewRecord } from '../../storage/log/log.ts';
import type { OffsetRange } from '../../storage/log/ranges.ts';
import { Admission, type AdmissionHost, type AdmissionLimits, type OfferedPut } from '../admission.ts';
import { Backlog, part, type TakenRange } from './backlog.ts';

export interface LogChannelSettings {
  readonly limits: AdmissionLimits;
  readonly log: Omit<LogSettings, 'owner' | 'report' | 'cipher'>;
  /** Reads the keys; null when blocks are written as they are. @throws CONF_OPTION_*, STORAGE_KEY */
  readonly cipher: () => BlockCipher | null;
  /** The memory part; null when every put goes to the log. */
  readonly memory: MemoryPart | null;
}

export interface MemoryPart {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

interface LogTake extends Take {
  readonly ranges: readonly TakenRange[];
}

/** A put from its first part to its answer. */
interface LogPut extends OfferedPut {
  readonly origin: PendingPut;
  isAdmitted: boolean;
  /** Parts that have not landed. */
  pending: number;
  /** Events of the parts that landed, up to one that did not. */
  stored: number;
  failed: boolean;
  /** What it was told to be answered, once all parts have landed. */
  decided: { readonly accepted: number; readonly status: PutStatus } | null;
}

/** Part of a put, or all of it. */
interface Part {
  readonly range: BlockRange;
  readonly put: LogPut;
  /** Its reference to the block is the one that came with the put. */
  readonly isFirst: boolean;
}

/** Parts of puts on their way to the disk. */
interface Group {
  readonly parts: readonly Part[];
  readonly first: number;
  state: 'flying' | 'stored' | 'failed';
}

/** Groups on their way at once: while one is synced the next is written. */
const GROUPS_MAX = 4;
/** Bytes of a group, about. */
const GROUP_BYTES_MAX = 1024 * 1024;
/** Blocks held in memory for sinks that are not far behind. */
const HELD_BYTES_MAX = 48 * 1024 * 1024;
/** Bytes read back from the log at once. */
const READ_BYTES = 8 * 1024 * 1024;
/** Pause before a log that cannot be read is tried again. */
const READ_AGAIN_MS = 1000;

/** What goes wrong, and the counter of it. */
const ERROR_COUNTERS = {
  put: 'EventPutErrorCount',
  take: 'EventTakeErrorCount',
  events: 'EventTakeErrorCount',
  checkpoint: 'CheckpointWriteErrorCount',
} as const;

export class LogChannel implements Channel, AdmissionHost<LogPut> {
  readonly blocking = false;
  readonly slotsUsed = 0;
  readonly #context: ChannelContext;
  readonly #counters: Counters<LogCounterName>;
  readonly #settings: LogChannelSettings;
  readonly #admission: Admission<LogPut>;
  readonly #store: BlockStore;
  readonly #builder: BatchBuilder;
  readonly #backlog = new Backlog();
  #log!: EventLog;
  /** Events in the channel, those on their way to the disk among them. */
  #events = 0;
  #gathered: Part[] = [];
  readonly #groups: Group[] = [];
  /** Offset up to which the backlog has what is untaken; what follows is in the log only. */
  #heldTo = 0;
  /** Set while the log could not be read: when it is tried again. */
  #readAgainMs = 0;
  #gaugesAtMs = 0;
  /** Events of the memory part, which the log does not know. */
  #memoryEvents = 0;
  /** Degraded for a reason that a group which lands ends. */
  #complained = false;
  /** Events that were passed over: shown until the channel is started again. */
  #damage: string | null = null;
  /** The log goes on with a block whose key is missing: nothing from there on is delivered, or lost. */
  #isLocked = false;

  constructor(context: ChannelContext, settings: LogChannelSettings) {
    this.#context = context;
    this.#counters = context.counters as unknown as Counters<LogCounterName>;
    this.#settings = settings;
    this.#admission = new Admission(settings.limits, this);
    this.#store = new BlockStore(context.storeNumber);
    this.#builder = new BatchBuilder(this.#store);
  }

  async start(): Promise<void> {
    const { name, counters, log } = this.#context;
    const began = performance.now();
    try {
      this.#log = await EventLog.open({
        ...this.#settings.log,
        cipher: this.#settings.cipher(),
        owner: `channel ${name}`,
        report: (text, what) => this.#report(text, what),
      });
    } catch (error) {
      this.#counters.set('Closed', 1);
      this.#counters.set('Unhealthy', 1);
      throw error;
    }
    this.#counters.set('RecoveryMs', Math.round(performance.now() - began));
    this.#counters.set('Open', 1);
    this.#counters.set('Closed', 0);
    this.#counters.set('Unhealthy', 0);
    const { taken, durable } = this.#log;
    this.#events = taken.untakenCount(durable);
    this.#heldTo = taken.low;
    counters.set('ChannelCapacity', this.#settings.limits.eventsMax);
    counters.set('ChannelSize', this.#events);
    log.info(`channel ${name}: ${this.#events} events in ${this.#log.segmentCount} segments`);
  }

  #report(text: string, what: keyof typeof ERROR_COUNTERS): void {
    this.#context.log.error(`channel ${this.#context.name}: ${text}`);
    this.#counters.add(ERROR_COUNTERS[what], 1);
    if (what === 'events') {
      // Whoever looks at the channel later must see that it lost something.
      this.#damage ??= text;
      if (this.#log !== undefined) this.#recount();
    }
    this.#complain(text);
  }

  #complain(text: string): void {
    this.#complained = true;
    this.#context.degraded(this.#damage ?? text);
  }

  #recount(): void {
    let events = this.#memoryEvents;
    for (const { range } of this.#gathered) events += range.count;
    this.#events = this.#log.taken.untakenCount(this.#log.end) + events;
  }

  /** What is in memory only has no number. */
  get numbering(): Numbering | undefined {
    return this.#settings.memory === null ? this.#log.numbering : undefined;
  }

  get eventsUsed(): number {
    return this.#events;
  }

  size(): number {
    return this.#events;
  }

  put(puts: readonly PendingPut[]): void {
    const refusal = this.#log.refusal(Date.now());
    if (refusal !== null && this.#settings.memory === null) {
      this.#complain(refusal.message);
      for (const put of puts) put.complete(0, 'full-disk');
      return;
    }
    this.#admission.put(puts.map(logPut));
    this.#write();
  }

  admit(range: BlockRange, put: LogPut): void {
    this.#events += range.count;
    const isFirst = !put.isAdmitted;
    put.isAdmitted = true;
    if (this.#fitsMemory(range)) {
      this.#memoryEvents += range.count;
      put.stored += range.count;
      this.#backlog.push({ ...range, at: null, bytes: bytesOf(range) });
      return;
    }
    put.pending++;
    this.#gathered.push({ range, put, isFirst });
  }

  /** Memory takes a put only while nothing waits in the log: order is kept. */
  #fitsMemory(range: BlockRange): boolean {
    const { memory } = this.#settings;
    if (memory === null) return false;
    if (this.#gathered.length + this.#groups.length > 0 || this.#heldTo < this.#log.durable) return false;
    const { heldEvents, heldBytes } = this.#backlog;
    return heldEvents + range.count <= memory.eventsMax && heldBytes + bytesOf(range) <= memory.bytesMax;
  }

  answer(put: LogPut, accepted: number, status: PutStatus): void {
    put.decided = { accepted, status };
    this.#answerIfLanded(put);
  }

  #answerIfLanded({ origin, decided, pending, failed, stored }: LogPut): void {
    if (decided === null || pending > 0) return;
    if (failed) origin.complete(stored, 'failed');
    else origin.complete(decided.accepted, decided.status);
  }

  /** Sends what was gathered to the log, group by group. */
  #write(): void {
    while (this.#gathered.length > 0 && this.#groups.length < GROUPS_MAX) {
      const records: NewRecord[] = [];
      let bytes = 0;
      while (this.#gathered.length > records.length && bytes < GROUP_BYTES_MAX) {
        const record = this.#recordOf(this.#gathered[records.length]!.range);
        records.push(record);
        bytes += record.value.length;
      }
      const parts = this.#gathered.splice(0, records.length);
      const { first, settled } = this.#log.append(records);
      const group: Group = { parts, first, state: 'flying' };
      this.#groups.push(group);
      void this.#land(group, settled);
    }
  }

  /** The block as it stands in memory; what is only a part of one is copied. */
  #recordOf({ segment, offset, first, count }: BlockRange): NewRecord {
    const view = new BatchView(segment, offset);
    if (!view.isForeign && first === 0 && count === view.count) {
      return { count, value: segment.bytes.subarray(offset, offset + view.lengthBytes) };
    }
    const indices = Array.from({ length: count }, (_, n) => first + n);
    const block = copyEvents(view, indices, this.#builder, view.originTimeMs);
    const start = block.offset;
    return { count, value: Buffer.from(block.segment.bytes.subarray(start, start + block.length)) };
  }

  async #land(group: Group, settled: Promise<void>): Promise<void> {
    try {
      const began = performance.now();
      await settled;
      group.state = 'stored';
      this.#counters.add('SyncCount', 1);
      this.#counters.add('SyncMicros', Math.round((performance.now() - began) * 1000));
      for (const { range } of group.parts) this.#counters.add('SyncedEventCount', range.count);
    } catch (error) {
      group.state = 'failed';
      this.#report(messageOf(error), 'put');
    }
    while (this.#groups.length > 0 && this.#groups[0]!.state !== 'flying')
      this.#finish(this.#groups.shift()!);
    this.#write();
    this.#context.wake();
  }

  #finish(group: Group): void {
    const isStored = group.state === 'stored';
    let at = group.first;
    for (const { range, put, isFirst } of group.parts) {
      const end = at + range.count;
      if (isStored && !put.failed) {
        put.stored += range.count;
        this.#keep(range, at);
      } else {
        // The sender is told that it was refused: whoever holds the put's own reference gives it back then.
        if (isStored) this.#log.take(at, end);
        if (!isFirst) range.segment.release(1);
        this.#events -= range.count;
        put.failed = true;
      }
      put.pending--;
      this.#answerIfLanded(put);
      at = end;
    }
    if (isStored && this.#complained) this.#recovered();
    crashPoint('answered');
  }

  /** A disk that takes puts, or gives them back, again. */
  #recovered(): void {
    this.#complained = false;
    this.#context.degraded(this.#damage);
  }

  /** A stored range stays in memory for the sinks while it follows what is there and there is room. */
  #keep(range: BlockRange, at: number): void {
    if (at !== this.#heldTo || this.#backlog.heldBytes >= HELD_BYTES_MAX) {
      range.segment.release(1);
      return;
    }
    this.#backlog.push({ ...range, at, bytes: bytesOf(range) });
    this.#heldTo = at + range.count;
  }

  hasNext(): boolean {
    return !this.#backlog.isEmpty || (!this.#isLocked && this.#heldTo < this.#durable());
  }

  /** Up to where events may be handed out: groups before it have all landed and been answered. */
  #durable(): number {
    return this.#groups[0]?.first ?? this.#log.durable;
  }

  take(eventsMax: number): LogTake | null {
    if (this.#backlog.isEmpty) this.#readBack();
    const ranges = this.#backlog.take(eventsMax);
    if (ranges.length === 0) return null;
    return { ranges, events: ranges.reduce((sum, range) => sum + range.count, 0) };
  }

  /** Copies the next blocks of the log into memory. */
  #readBack(): void {
    const durable = this.#durable();
    if (this.#isLocked || this.#heldTo >= durable) return;
    if (Date.now() < this.#readAgainMs) return;
    let bytes = 0;
    const from = this.#heldTo;
    let next = durable;
    try {
      const locked = this.#log.read(from, (key, value) => {
        if (key.first >= durable) return false;
        if (bytes >= READ_BYTES) {
          next = key.first;
          return false;
        }
        bytes += value.length;
        const end = Math.min(key.first + key.count, durable);
        this.#load(key.first, Math.max(from, key.first), end, value);
        this.#heldTo = end;
        return true;
      });
      this.#heldTo = next;
      if (this.#readAgainMs > 0) this.#recovered();
      this.#readAgainMs = 0;
      if (locked !== null) this.#lock(locked);
    } catch (error) {
      this.#readAgainMs = Date.now() + READ_AGAIN_MS;
      setTimeout(() => this.#context.wake(), READ_AGAIN_MS + 1).unref();
      this.#report(`The log cannot be read: ${messageOf(error)}`, 'take');
    }
  }

  /** Events behind the block wait with it: order is kept, and the key may come back. */
  #lock({ first, count, why, remedy }: LockedBlock): void {
    this.#isLocked = true;
    this.#heldTo = first;
    const events = `events ${first} to ${first + count - 1} (${count})`;
    this.#damage = `The block of ${events} ${why}: delivery stops there, nothing is lost; ${remedy}`;
    this.#context.log.error(`channel ${this.#context.name}: ${this.#damage}`);
    this.#counters.add('EventTakeErrorCount', 1);
    this.#complain(this.#damage);
  }

  #load(first: number, from: number, to: number, value: Buffer): void {
    const reservation = this.#store.open(value.length);
    const { segment, start } = reservation;
    value.copy(segment.bytes, start);
    this.#store.close(value.length);
    for (const [begin, end] of this.#log.taken.untaken(from, to)) {
      const count = end - begin;
      segment.retain(1);
      this.#backlog.push({
        segment,
        offset: start,
        first: begin - first,
        count,
        slots: 0,
        at: begin,
        bytes: value.length,
      });
    }
  }

  part(range: BlockRange, skip: number, count: number): TakenRange {
    return part(range as TakenRange, skip, count);
  }

  hold({ ranges, events }: LogTake): LogTake {
    return { ranges: this.#backlog.hold(ranges, this.#builder), events };
  }

  commit(take: Take): void {
    const taken: OffsetRange[] = [];
    for (const range of (take as LogTake).ranges) {
      if (range.at === null) this.#memoryEvents -= range.count;
      else taken.push([range.at, range.at + range.count]);
      this.#events -= range.count;
      this.#backlog.done(range);
    }
    if (taken.length > 0) this.#log.takeAll(taken);
  }

  rollback(take: Take): void {
    this.#backlog.giveBack((take as LogTake).ranges);
  }

  tick(nowMs: number): void {
    this.#admission.tick(nowMs);
    this.#write();
    this.#log.maintain(nowMs);
    if (nowMs < this.#gaugesAtMs) return;
    this.#gaugesAtMs = nowMs + GAUGES_MS;
    this.#counters.set('SegmentCount', this.#log.segmentCount);
    this.#counters.set('DiskBytes', this.#log.diskBytes);
  }

  nextTickMs(nowMs: number): number {
    return Math.min(
      this.#admission.nextTickMs(nowMs),
      this.#log.isClean ? Number.POSITIVE_INFINITY : TICK_MS,
    );
  }

  /** A commit moves the mark that the records behind it take to the disk: it is not read late. */
  commitsCanWait(): boolean {
    return false;
  }

  segmentsInUse(): ReadonlySet<number> {
    const ids = new Set<number>([...this.#backlog.segmentIds(), ...this.#admission.waitingSegments()]);
    for (const { range } of this.#gathered) ids.add(range.segment.id);
    for (const { parts } of this.#groups) for (const { range } of parts) ids.add(range.segment.id);
    return ids;
  }

  async stop(): Promise<void> {
    this.#admission.stop();
    this.#write();
    while (this.#groups.length > 0 || this.#gathered.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await this.#log.close();
    this.#counters.set('Open', 0);
    this.#counters.set('Closed', 1);
  }
}

function logPut(origin: PendingPut): LogPut {
  const { range, mode, sinceMs } = origin;
  return {
    origin,
    range,
    mode,
    sinceMs,
    isAdmitted: false,
    pending: 0,
    stored: 0,
    failed: false,
    decided: null,
  };
}

const TICK_MS = 50;
const GAUGES_MS = 1000;

/** Bytes of the whole block that a range stands in. */
function bytesOf({ segment, offset }: BlockRange): number {
  return new BatchView(segment, offset).lengthBytes;
}
