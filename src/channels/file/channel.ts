/**
 * The file channel: puts go to the log as they stand in memory, in groups that share one sync, and are
 * answered when they are on the disk; takes come from memory where they can, else from the log.
 *
 * A put's block keeps its reference until its events are taken, or until the log has it and memory is short.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { crashPoint } from '../../base/crash-points.ts';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { Channel, ChannelContext, PendingPut, PutStatus, Take } from '../../component/channel.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import { BatchBuilder } from '../../memory/block/builder.ts';
import { copyEvents } from '../../memory/block/copy-events.ts';
import { BatchView } from '../../memory/block/view.ts';
import type { BlockRange } from '../../memory/store/range.ts';
import { BlockStore } from '../../memory/store/store.ts';
import { EventLog, type NewRecord } from '../../storage/log/log.ts';
import { Admission, type AdmissionHost } from '../../transaction/admission.ts';
import { Backlog, type TakenRange } from './backlog.ts';
import type { options } from './index.ts';

type Options = OptionsOf<typeof options>;

interface FileTake extends Take {
  readonly ranges: readonly TakenRange[];
}

interface Answer {
  readonly put: PendingPut;
  readonly accepted: number;
  readonly status: PutStatus;
}

/** A group of puts on its way to the disk. */
interface Group {
  readonly ranges: readonly BlockRange[];
  /** Puts that were decided with or before it: answered once it and all before it have landed. */
  readonly answers: Answer[];
  readonly first: number;
  state: 'flying' | 'stored' | 'failed';
}

/** Groups on their way at once: while one is synced the next is written. */
const GROUPS_MAX = 4;
/** Bytes of a group, about. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024;
/** Blocks held in memory for sinks that are not far behind. */
const HELD_BYTES_MAX = 48 * 1024 * 1024;
/** Bytes read back from the log at once. */
const READ_BYTES = 8 * 1024 * 1024;

export function create(context: ChannelContext): Channel {
  return new FileChannel(context, context.options as Options);
}

class FileChannel implements Channel, AdmissionHost {
  readonly blocking = false;
  readonly slotsUsed = 0;
  readonly #context: ChannelContext;
  readonly #options: Options;
  readonly #admission: Admission;
  readonly #store: BlockStore;
  readonly #builder: BatchBuilder;
  readonly #backlog = new Backlog();
  #log!: EventLog;
  /** Events in the channel, those on their way to the disk among them. */
  #events = 0;
  #gathered: BlockRange[] = [];
  #decided: Answer[] = [];
  readonly #groups: Group[] = [];
  /** Offset up to which the backlog has what is untaken; what follows is in the log only. */
  #heldTo = 0;
  #problems = 0;

  constructor(context: ChannelContext, o: Options) {
    this.#context = context;
    this.#options = o;
    if (o.transactionCapacity > o.capacity) {
      throw new MillraceError(
        'CONF_OPTION_VALUE',
        `channel ${context.name}: transactionCapacity ${o.transactionCapacity} is more than capacity ${o.capacity}`,
        { option: 'transactionCapacity', remedy: 'raise capacity, or lower transactionCapacity' },
      );
    }
    if (o['encryption.keyProvider'] !== undefined || o['encryption.activeKey'] !== undefined) {
      throw new MillraceError(
        'CONF_OPTION_VALUE',
        `channel ${context.name}: encryption is not available in this version`,
        {
          option: 'encryption.keyProvider',
          remedy: 'put the directories on an encrypted disk, or leave encryption.* out',
        },
      );
    }
    this.#admission = new Admission(
      {
        eventsMax: o.capacity,
        slotsMax: Number.POSITIVE_INFINITY,
        transactionEventsMax: o.transactionCapacity,
        keepAliveMs: o['keep-alive'] * 1000,
      },
      this,
    );
    this.#store = new BlockStore(context.storeNumber);
    this.#builder = new BatchBuilder(this.#store);
  }

  async start(): Promise<void> {
    const o = this.#options;
    const base = join(homedir(), '.flume', 'file-channel');
    this.#log = await EventLog.open({
      checkpointDir: o.checkpointDir ?? join(base, 'checkpoint'),
      dataDirs: o.dataDirs ?? [join(base, 'data')],
      owner: `channel ${this.#context.name}`,
      segmentBytes: o.maxFileSize,
      freeBytesMin: o.minimumRequiredSpace,
      checkpointMs: Math.min(o.checkpointInterval, CHECKPOINT_MS_MAX),
      report: (text) => this.#report(text),
    });
    const { taken, durable } = this.#log;
    this.#events = taken.untakenCount(durable);
    this.#heldTo = taken.low;
    this.#context.counters.set('ChannelCapacity', o.capacity);
    this.#context.counters.set('ChannelSize', this.#events);
    if (!o.fsyncPerTransaction) {
      this.#context.log.info(
        `channel ${this.#context.name}: fsyncPerTransaction = false has no effect: every group of puts is synced`,
      );
    }
    this.#context.log.info(
      `channel ${this.#context.name}: ${this.#events} events in ${this.#log.segmentCount} segments`,
    );
  }

  #report(text: string): void {
    this.#problems++;
    this.#context.log.error(`channel ${this.#context.name}: ${text}`);
    this.#context.degraded(text);
    // What was passed over is not in the channel any more.
    if (this.#log !== undefined) this.#recount();
  }

  #recount(): void {
    let flying = 0;
    for (const range of this.#gathered) flying += range.count;
    this.#events = this.#log.taken.untakenCount(this.#log.end) + flying;
  }

  get eventsUsed(): number {
    return this.#events;
  }

  size(): number {
    return this.#events;
  }

  put(puts: readonly PendingPut[]): void {
    const refusal = this.#log.refusal(Date.now());
    if (refusal !== null) {
      this.#context.degraded(refusal.message);
      for (const put of puts) put.complete(0, 'full-disk');
      return;
    }
    this.#admission.put(puts);
    this.#write();
  }

  admit(range: BlockRange): void {
    this.#gathered.push(range);
    this.#events += range.count;
  }

  answer(put: PendingPut, accepted: number, status: PutStatus): void {
    if (accepted === 0) put.complete(0, status);
    else this.#decided.push({ put, accepted, status });
  }

  /** Sends what was gathered to the log, group by group. */
  #write(): void {
    while (this.#gathered.length > 0 && this.#groups.length < GROUPS_MAX) {
      const records: NewRecord[] = [];
      const ranges: BlockRange[] = [];
      let bytes = 0;
      while (this.#gathered.length > ranges.length && bytes < GROUP_BYTES_MAX) {
        const range = this.#gathered[ranges.length]!;
        const record = this.#recordOf(range);
        records.push(record);
        ranges.push(range);
        bytes += record.value.length;
      }
      this.#gathered.splice(0, ranges.length);
      const { first, settled } = this.#log.append(records);
      // Answers of puts that are not wholly in this group wait for a later one.
      const answers = this.#gathered.length === 0 ? this.#decided.splice(0) : [];
      const group: Group = { ranges, answers, first, state: 'flying' };
      this.#groups.push(group);
      void this.#land(group, settled);
    }
    if (this.#gathered.length === 0 && this.#decided.length > 0) this.#answerBehind();
  }

  /** Puts that were decided without a further event: they wait for the last group, if there is one. */
  #answerBehind(): void {
    const last = this.#groups.at(-1);
    if (last !== undefined) last.answers.push(...this.#decided);
    else for (const { put, accepted, status } of this.#decided) put.complete(accepted, status);
    this.#decided = [];
  }

  /** The block as it stands in memory; what is only a part of one is copied. */
  #recordOf({ segment, offset, first, count }: BlockRange): NewRecord {
    const view = new BatchView(segment, offset);
    if (!view.isForeign && first === 0 && count === view.count) {
      return { count, value: segment.bytes.subarray(offset, offset + view.lengthBytes) };
    }
    const block = copyEvents(view, first, count, this.#builder);
    const start = block.offset;
    return { count, value: Buffer.from(block.segment.bytes.subarray(start, start + block.length)) };
  }

  async #land(group: Group, settled: Promise<void>): Promise<void> {
    try {
      await settled;
      group.state = 'stored';
    } catch (error) {
      group.state = 'failed';
      this.#report(messageOf(error));
    }
    while (this.#groups.length > 0 && this.#groups[0]!.state !== 'flying')
      this.#finish(this.#groups.shift()!);
    this.#write();
    this.#context.wake();
  }

  #finish(group: Group): void {
    let at = group.first;
    for (const range of group.ranges) {
      if (group.state === 'stored') this.#keep(range, at);
      else range.segment.release(1);
      at += range.count;
    }
    if (group.state === 'stored' && this.#problems > 0) this.#recovered();
    for (const { put, accepted, status } of group.answers) {
      if (group.state === 'stored') put.complete(accepted, status);
      else put.complete(0, 'failed');
    }
    crashPoint('answered');
  }

  /** A disk that takes puts again. */
  #recovered(): void {
    this.#problems = 0;
    this.#context.degraded(null);
  }

  /** A stored range stays in memory for the sinks while it follows what is there and there is room. */
  #keep(range: BlockRange, at: number): void {
    if (at !== this.#heldTo || this.#backlog.heldBytes >= HELD_BYTES_MAX) {
      range.segment.release(1);
      return;
    }
    const { lengthBytes } = new BatchView(range.segment, range.offset);
    this.#backlog.push({ ...range, at, bytes: lengthBytes, left: range.count });
    this.#heldTo = at + range.count;
  }

  hasNext(): boolean {
    return !this.#backlog.isEmpty || this.#heldTo < this.#durable();
  }

  /** Up to where events may be handed out: groups before it have all landed and been answered. */
  #durable(): number {
    return this.#groups[0]?.first ?? this.#log.durable;
  }

  take(eventsMax: number): FileTake | null {
    if (this.#backlog.isEmpty) this.#readBack();
    const ranges = this.#backlog.take(eventsMax);
    if (ranges.length === 0) return null;
    return { ranges, events: ranges.reduce((sum, range) => sum + range.count, 0) };
  }

  /** Copies the next blocks of the log into memory. */
  #readBack(): void {
    const durable = this.#durable();
    if (this.#heldTo >= durable) return;
    let bytes = 0;
    const from = this.#heldTo;
    this.#heldTo = durable;
    this.#log.read(from, (key, value) => {
      if (key.first >= durable) return false;
      if (bytes >= READ_BYTES) {
        this.#heldTo = key.first;
        return false;
      }
      bytes += value.length;
      this.#load(key.first, Math.max(from, key.first), Math.min(key.first + key.count, durable), value);
      return true;
    });
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
        left: count,
      });
    }
  }

  commit(take: Take): void {
    for (const range of (take as FileTake).ranges) {
      this.#log.take(range.at, range.at + range.count);
      this.#events -= range.count;
      this.#backlog.done(range);
    }
  }

  rollback(take: Take): void {
    this.#backlog.giveBack((take as FileTake).ranges);
  }

  tick(nowMs: number): void {
    this.#admission.tick(nowMs);
    this.#write();
    this.#log.maintain(nowMs);
  }

  nextTickMs(nowMs: number): number {
    return Math.min(
      this.#admission.nextTickMs(nowMs),
      this.#log.isClean ? Number.POSITIVE_INFINITY : TICK_MS,
    );
  }

  /** Takes are on the disk before the sink asks for more than it was granted. */
  commitsCanWait(): boolean {
    return false;
  }

  segmentsInUse(): ReadonlySet<number> {
    const ids = new Set<number>([...this.#backlog.segmentIds(), ...this.#admission.waitingSegments()]);
    for (const { segment } of this.#gathered) ids.add(segment.id);
    for (const { ranges } of this.#groups) for (const { segment } of ranges) ids.add(segment.id);
    return ids;
  }

  async stop(): Promise<void> {
    this.#admission.stop();
    this.#write();
    while (this.#groups.length > 0 || this.#gathered.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await this.#log.close();
  }
}

/** The checkpoint is small: it is written at least this often while takes come. */
const CHECKPOINT_MS_MAX = 1000;
const TICK_MS = 50;
