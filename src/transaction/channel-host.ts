/**
 * The channel's end of all its lanes: reads puts, grants, commits and resets, lets the channel decide, and
 * writes the answers. All puts found in one pass are given to the channel together (group commit). Runs in
 * the channel's worker.
 */
import { IdTable } from '../base/id-table.ts';
import { WAIT_MS_MAX } from '../base/limits.ts';
import type { Channel, PendingPut, PutStatus, Take } from '../component/channel.ts';
import type { ChannelCounters } from '../component/counters.ts';
import { BatchView } from '../memory/block/view.ts';
import type { LaneEnd, SegmentTable } from '../memory/lane.ts';
import type { BlockRange } from '../memory/store/range.ts';
import { type Cut, cutTake } from './cut-take.ts';
import { HOLD_RUNS, KIND, MODE, PUT_STATUS, rangeFlags } from './messages.ts';

/**
 * Half the time after which commits that no bell was rung for are looked for first, in ms: as long as puts
 * are apart, within these bounds. Puts that come ten times a second or oftener find commits themselves, and
 * no look wakes this worker; where they end, the last commits are found soon.
 */
const LATE_MS_MIN = 10;
const LATE_MS_FIRST_MAX = 50;

interface Grant {
  readonly id: number;
  readonly eventsMax: number;
  readonly wait: boolean;
}

interface SinkLane {
  readonly lane: LaneEnd;
  readonly grants: Grant[];
  /** Takes handed out and not committed, oldest first. */
  readonly taken: IdTable<Take>;
  /** Cut out of takes that were settled in part: with the sink until it commits them or the lane ends. */
  readonly held: Map<number, Take>;
  /** Of the take whose COMMIT comes next. */
  cuts: Cut[];
  /** Owed a WAKE since an EMPTY answer. */
  waiting: boolean;
}

export class ChannelHost {
  readonly #channel: Channel;
  readonly #counters: ChannelCounters;
  readonly #puts: LaneEnd[] = [];
  readonly #sinks: SinkLane[] = [];
  /** Segments that puts may name; the channel keeps those of its backlog alive through it. */
  readonly segments: SegmentTable;
  /** Segments of sources that ended: dropped when the channel has read them. */
  readonly #orphans = new Set<number>();
  #turn = 0;
  /** Commits may have come for which no bell was rung. */
  #isPatient = false;
  /** When they are looked for: later each time that there was nothing. */
  #lateMs = LATE_MS_FIRST_MAX;
  #putAtMs = Number.NEGATIVE_INFINITY;
  /** Between the last two passes with puts. */
  #putsApartMs = Number.POSITIVE_INFINITY;

  constructor(channel: Channel, counters: ChannelCounters, segments: SegmentTable) {
    this.#channel = channel;
    this.#counters = counters;
    this.segments = segments;
  }

  addSource(lane: LaneEnd): void {
    this.#puts.push(lane);
  }

  addSink(lane: LaneEnd): void {
    const { numbering } = this.#channel;
    if (numbering !== undefined) lane.tell(numbering);
    this.#sinks.push({ lane, grants: [], taken: new IdTable(), held: new Map(), cuts: [], waiting: false });
  }

  /** One pass over all lanes; true when anything was done. */
  pump(nowMs: number): boolean {
    const puts = this.#readPuts(nowMs);
    if (puts.length > 0) {
      this.#channel.put(puts);
      this.#putsApartMs = nowMs - this.#putAtMs;
      this.#putAtMs = nowMs;
    }
    const asked = this.#readSinks();
    this.#channel.tick(nowMs);
    const handed = this.#serve();
    this.#counters.set('ChannelSize', this.#channel.size());
    for (const lane of this.#puts) lane.flush();
    for (const sink of this.#sinks) sink.lane.flush();
    this.#setPatience();
    const isBusy = puts.length > 0 || asked || handed;
    this.#lateMs = isBusy
      ? Math.min(Math.max(this.#putsApartMs, LATE_MS_MIN), LATE_MS_FIRST_MAX)
      : Math.min(2 * this.#lateMs, WAIT_MS_MAX);
    return isBusy;
  }

  /** Ms until `pump` should be called even if nothing rings. */
  nextPumpMs(nowMs: number): number {
    return Math.min(
      this.#channel.nextTickMs(nowMs),
      this.#isPatient ? this.#lateMs : Number.POSITIVE_INFINITY,
    );
  }

  /**
   * A sink that has grants open here gets what comes next without asking: its commits and further grants need
   * not wake this worker. Whatever ends that patience (a put that waits, the last grant served) happens in a
   * pass that does something, and another pass follows. Commits that came without a bell are looked for now
   * and then: who watches the channel sees them soon.
   */
  #setPatience(): void {
    const can = this.#channel.commitsCanWait();
    this.#isPatient = false;
    for (const { lane, grants, taken } of this.#sinks) {
      const isPatient = can && grants.length > 0;
      lane.in.setPatient(isPatient);
      if (isPatient && taken.size > 0) this.#isPatient = true;
    }
  }

  #readPuts(nowMs: number): PendingPut[] {
    const puts: PendingPut[] = [];
    for (let i = this.#puts.length - 1; i >= 0; i--) {
      const lane = this.#puts[i]!;
      if (lane.closed) {
        this.#puts.splice(i, 1);
        for (const id of lane.received) this.#orphans.add(id);
        lane.end();
        continue;
      }
      const count = lane.in.available();
      for (let n = 0; n < count; n++) puts.push(this.#readPut(lane, lane.in.peek(n), nowMs));
      if (count > 0) lane.in.advance(count);
    }
    return puts;
  }

  #readPut(lane: LaneEnd, at: number, nowMs: number): PendingPut {
    const { words } = lane.in;
    const id = words[at + 1]!;
    const segment = this.segments.get(words[at + 2]!, lane);
    const offset = words[at + 3]!;
    const first = words[at + 4]!;
    const count = words[at + 5]!;
    const slots = words[at + 6]! || new BatchView(segment, offset).slots(first, count);
    const range: BlockRange = { segment, offset, first, count, slots };
    this.#counters.add('EventPutAttemptCount', count);
    const complete = (accepted: number, status: PutStatus): void => {
      if (accepted > 0) this.#counters.add('EventPutSuccessCount', accepted);
      answer(lane, id, accepted, status);
    };
    return { range, mode: words[at + 7] === MODE.each ? 'each' : 'batch', sinceMs: nowMs, complete };
  }

  #readSinks(): boolean {
    let any = false;
    for (let i = this.#sinks.length - 1; i >= 0; i--) {
      const sink = this.#sinks[i]!;
      const { closed } = sink.lane;
      // Commits that were sent before the lane ended count: their events are delivered.
      if (this.#readRecords(sink)) any = true;
      if (!closed) continue;
      this.#sinks.splice(i, 1);
      this.#rollbackAll(sink);
      sink.lane.end();
      any = true;
    }
    return any;
  }

  #readRecords(sink: SinkLane): boolean {
    const count = sink.lane.in.available();
    for (let n = 0; n < count; n++) this.#readSink(sink, sink.lane.in.peek(n));
    if (count > 0) sink.lane.in.advance(count);
    return count > 0;
  }

  #readSink(sink: SinkLane, at: number): void {
    const { words } = sink.lane.in;
    const id = words[at + 1]!;
    switch (words[at]) {
      case KIND.grant:
        sink.grants.push({ id, eventsMax: words[at + 2]!, wait: words[at + 3] === 1 });
        return;
      case KIND.hold:
        for (let run = 0; run < HOLD_RUNS; run++) {
          const [first, count] = [words[at + 2 + run * 2]!, words[at + 3 + run * 2]!];
          if (count > 0) sink.cuts.push({ held: id, first, count });
        }
        return;
      case KIND.commit:
        this.#commit(sink, id);
        return;
      case KIND.reset:
        this.#rollback(sink);
        write(sink.lane, KIND.reset, id);
    }
  }

  #commit(sink: SinkLane, id: number): void {
    let take = sink.taken.take(id) ?? sink.held.get(id);
    if (take === undefined) return;
    sink.held.delete(id);
    if (sink.cuts.length > 0) {
      const { rest, held } = cutTake(take, sink.cuts, (...range) => this.#channel.part(...range));
      sink.cuts = [];
      for (const [number, part] of held) sink.held.set(number, this.#channel.hold?.(part) ?? part);
      take = rest;
    }
    if (take.events === 0) return;
    this.#counters.add('EventTakeSuccessCount', take.events);
    this.#channel.commit(take);
  }

  /** Newest first, so that the channel's order is restored. */
  #rollback(sink: SinkLane): void {
    for (const take of sink.taken.values().reverse()) this.#channel.rollback(take);
    sink.taken.clear();
    sink.grants.length = 0;
  }

  /** The lane has ended: what is held goes back, too. */
  #rollbackAll(sink: SinkLane): void {
    for (const take of [...sink.held.values()].reverse()) this.#channel.rollback(take);
    sink.held.clear();
    this.#rollback(sink);
  }

  /** Answers grants in turn, a take a sink and round, so that sinks share the channel. */
  #serve(): boolean {
    let any = false;
    let idle = 0;
    const total = this.#sinks.length;
    while (idle < total) {
      const sink = this.#sinks[this.#turn++ % total]!;
      if (this.#serveOne(sink)) {
        any = true;
        idle = 0;
      } else {
        idle++;
      }
    }
    return any;
  }

  #serveOne(sink: SinkLane): boolean {
    if (sink.waiting && this.#channel.hasNext()) {
      sink.waiting = false;
      write(sink.lane, KIND.wake, 0);
    }
    const grant = sink.grants[0];
    if (grant === undefined) return false;
    const take = this.#channel.take(grant.eventsMax);
    if (take === null) {
      if (grant.wait) return false;
      this.#counters.add('EventTakeAttemptCount', 1);
      sink.grants.shift();
      sink.waiting = true;
      write(sink.lane, KIND.empty, grant.id);
      return true;
    }
    this.#counters.add('EventTakeAttemptCount', take.events);
    sink.grants.shift();
    sink.taken.add(grant.id, take);
    hand(sink.lane, grant.id, take, this.#channel.numbering !== undefined);
    return true;
  }

  /**
   * Ends all lanes; takes that are out are rolled back. The channel has stopped and
   * answered the puts that waited.
   */
  close(): void {
    for (const lane of this.#puts) {
      lane.flush();
      lane.end();
    }
    for (const sink of this.#sinks) {
      this.#readRecords(sink);
      this.#rollbackAll(sink);
      sink.lane.end();
    }
    this.#puts.length = 0;
    this.#sinks.length = 0;
  }

  /** Reads which segments were given up, and gives up those whose source has ended and which are read. */
  tidy(): void {
    for (const lane of this.#puts) lane.receive(this.segments);
    if (this.#orphans.size === 0) return;
    // A source that outlived this channel's worker before announces its segments again: it will name them.
    for (const lane of this.#puts) for (const id of lane.received) this.#orphans.delete(id);
    const used = this.#channel.segmentsInUse();
    for (const id of this.#orphans) {
      if (used.has(id)) continue;
      this.#orphans.delete(id);
      this.segments.delete(id);
    }
  }

  /** Segments left by an earlier worker belong to lanes that are gone. */
  adoptOrphans(): void {
    for (const id of this.segments.ids()) this.#orphans.add(id);
  }

  forget(segmentId: number): void {
    for (const sink of this.#sinks) sink.lane.drop(segmentId);
  }
}

function answer(lane: LaneEnd, id: number, accepted: number, status: PutStatus): void {
  if (lane.closed) return;
  const { words } = lane.out;
  const at = lane.out.claim();
  words[at] = KIND.done;
  words[at + 1] = id;
  words[at + 2] = accepted;
  words[at + 3] = PUT_STATUS.indexOf(status);
  lane.publish();
}

function write(lane: LaneEnd, kind: number, id: number): void {
  const at = lane.out.claim();
  lane.out.words[at] = kind;
  lane.out.words[at + 1] = id;
  lane.publish();
}

function hand(lane: LaneEnd, id: number, take: Take, isNumbered: boolean): void {
  const { words } = lane.out;
  const last = take.ranges.length - 1;
  for (let i = 0; i <= last; i++) {
    const range = take.ranges[i]!;
    lane.announce(range.segment);
    const at = lane.out.claim();
    words[at] = KIND.range;
    words[at + 1] = id;
    words[at + 2] = range.segment.id;
    words[at + 3] = range.offset;
    words[at + 4] = range.first;
    words[at + 5] = range.count;
    const number = isNumbered ? (range.at ?? null) : null;
    words[at + 6] = number ?? 0;
    words[at + 7] = rangeFlags(number, i === last);
    lane.publish();
  }
}
