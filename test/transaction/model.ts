/**
 * A RangeChannel beside a plain list of events. Every call goes to both, and the channel must do exactly what
 * the list says: which events come out, when a put is refused and why, what is left after its worker died.
 */
import assert from 'node:assert/strict';
import type { Channel, PendingPut, PutStatus, SegmentLookup, Take } from '../../src/component/channel.ts';
import type { ChannelCounterName, Counters } from '../../src/component/counters.ts';
import type { BatchBuilder } from '../../src/memory/block/builder.ts';
import type { BuiltBlock } from '../../src/memory/block/built-block.ts';
import { slotsOf } from '../../src/memory/block/layout.ts';
import { BatchView } from '../../src/memory/block/view.ts';
import type { BlockRange, ChannelMemory } from '../../src/memory/store/range.ts';
import { Segment } from '../../src/memory/store/segment.ts';
import type { AdmissionLimits } from '../../src/transaction/admission.ts';
import { RANGES_PER_TAKE_MAX } from '../../src/transaction/messages.ts';
import { RangeChannel } from '../../src/transaction/range-channel.ts';

/**
 * Bodies name their event and say how they go on, so that reading one proves that every byte of it is right.
 */
export function bodyOf(source: number, sequence: number, length: number): Buffer {
  const name = `${source}:${sequence}:${length}:`;
  return Buffer.from(name.padEnd(length, String.fromCharCode(97 + (sequence % 26))));
}

/** `source:sequence` of an event. @throws when a byte of its body is not as it was put. */
export function nameOf(view: BatchView, index: number): string {
  const text = view.bodyText(index, 'latin1');
  const [source, sequence, length] = text.split(':', 3) as [string, string, string];
  const wanted = bodyOf(Number(source), Number(sequence), Number(length));
  assert.equal(text, wanted.toString('latin1'), 'the body of an event has changed');
  assert.equal(view.headers(index).get('n'), Number(sequence) % 3 === 0 ? sequence : undefined);
  return `${source}:${sequence}`;
}

export function namesIn({ segment, offset, first, count }: BlockRange): string[] {
  // Through a segment of its own, as another thread reads.
  const view = new BatchView(new Segment(segment.id, segment.memory), offset);
  return Array.from({ length: count }, (_, i) => nameOf(view, first + i));
}

/** Writes events `sequence…` of a source, one for each length, as one block. */
export function build(
  builder: BatchBuilder,
  source: number,
  sequence: number,
  lengths: readonly number[],
  bytesHint = 0,
): BuiltBlock {
  builder.begin(bytesHint);
  lengths.forEach((length, i) => {
    const n = sequence + i;
    const body = bodyOf(source, n, length);
    builder.append(body, 0, body.length, n % 3 === 0 ? new Map([['n', String(n)]]) : undefined);
  });
  return builder.finish(1);
}

interface ModelEvent {
  readonly name: string;
  /** By this they are handed out. */
  rank: number;
  readonly slots: number;
  state: 'queued' | 'taken' | 'done';
}

/** What was accepted in one go: the unit that is released, and of which a gap is forgotten. */
interface ModelEntry {
  readonly events: readonly ModelEvent[];
  readonly segment: Segment;
}

interface Pending {
  readonly put: PendingPut;
  readonly names: readonly string[];
  readonly slots: readonly number[];
  /** Events that the channel has taken so far. */
  pushed: number;
  /** From when on it waits for room in vain. */
  waitsSinceMs: number;
}

export class ModelledChannel implements Channel {
  readonly #limits: AdmissionLimits;
  readonly #memory: ChannelMemory;
  readonly #segments: SegmentLookup;
  #channel: RangeChannel;
  #entries: ModelEntry[] = [];
  /** Copies of events that a sink holds, in memory of the channel. */
  #copies: ModelEntry[] = [];
  #ranks = 0;
  #stores = 1;
  #pending: Pending[] = [];
  /** Handed out and not ended, by name. */
  readonly #out = new Map<string, ModelEvent[]>();
  #nowMs = 0;
  /** What a worker before this one left, as far as it is still there: it may exceed the limits. */
  #excess = { events: 0, slots: 0 };
  /** Names of all events that were ever accepted, in order. */
  readonly accepted: string[] = [];
  /** First events of all puts that were answered. */
  readonly answered = new Set<string>();
  /** Called at instructions where a worker may die: it throws to let it. */
  readonly #mayDie: () => void;

  constructor(
    limits: AdmissionLimits,
    memory: ChannelMemory,
    segments: SegmentLookup,
    mayDie: () => void = () => {},
  ) {
    this.#mayDie = mayDie;
    this.#limits = limits;
    this.#memory = memory;
    this.#segments = segments;
    this.#channel = this.#open();
  }

  #open(): RangeChannel {
    const unused = () => assert.fail('a range channel needs nothing of its context but memory');
    const counters: Counters<ChannelCounterName> = { add: unused, set: unused, get: unused };
    const log = { named: () => log } as never;
    return new RangeChannel(
      {
        name: 'c1',
        options: {},
        log,
        clock: { nowMs: unused } as never,
        counters,
        memory: this.#memory,
        segments: this.#segments,
        heapBytes: null,
        storeNumber: 100 + this.#stores++,
        wake: () => {},
        degraded: () => {},
      },
      this.#limits,
    );
  }

  /** The worker died and another one opens what it left. Nobody will hear of puts that waited. */
  reopen(): void {
    this.#channel = this.#open();
    this.#pending = [];
    this.#out.clear();
    for (const { events } of [...this.#entries, ...this.#copies]) {
      const gap = events.findIndex(({ state }) => state !== 'done');
      if (gap >= 0) for (const event of events.slice(gap)) event.state = 'queued';
    }
    // Copies were handed out before anything that was not.
    this.#copies = this.#copies.filter(isOpen);
    const copies = this.#copies.flatMap(({ events }) => events);
    copies.forEach((event, n) => {
      event.rank = n - copies.length;
    });
    this.#entries
      .flatMap(({ events }) => events)
      .forEach((event) => {
        event.rank = this.#ranks++;
      });
    // Events committed beyond a gap are there again, though their places may have been given to others.
    this.#excess = this.#used();
    this.#check();
  }

  /** References that the channel and the puts waiting in it hold into `segment`. */
  references(segment: Segment): number {
    const entries = this.#entries.filter((entry) => entry.segment.id === segment.id);
    const waiting = this.#pending.filter(
      ({ put, pushed }) => pushed === 0 && put.range.segment.id === segment.id,
    );
    return entries.filter(isOpen).length + waiting.length;
  }

  /** The channel itself, without the list. */
  get inner(): RangeChannel {
    return this.#channel;
  }

  get idle(): boolean {
    return this.#pending.length === 0 && this.#entries.length === 0 && !this.#copies.some(isOpen);
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  get takenNames(): ReadonlySet<string> {
    return new Set(this.#events('taken').map(({ name }) => name));
  }

  #events(...states: ModelEvent['state'][]): ModelEvent[] {
    const all = [...this.#entries, ...this.#copies].flatMap(({ events }) => events);
    return all.filter(({ state }) => states.includes(state)).sort((a, b) => a.rank - b.rank);
  }

  #used(): { events: number; slots: number } {
    const held = this.#events('queued', 'taken');
    return { events: held.length, slots: held.reduce((sum, { slots }) => sum + slots, 0) };
  }

  #accept(pending: Pending, count: number): void {
    const { names, slots, put, pushed } = pending;
    const events = names.slice(pushed, pushed + count).map((name, i) => {
      return { name, rank: this.#ranks++, slots: slots[pushed + i]!, state: 'queued' as const };
    });
    this.#entries.push({ events, segment: put.range.segment });
    this.accepted.push(...names.slice(pushed, pushed + count));
    pending.pushed += count;
    pending.waitsSinceMs = Math.max(pending.waitsSinceMs, this.#nowMs);
  }

  #complete(pending: Pending, accepted: number, status: PutStatus): void {
    const { put, names } = pending;
    assert.ok(this.#pending.includes(pending), 'a put is answered once');
    if (accepted > pending.pushed) this.#accept(pending, accepted - pending.pushed);
    assert.equal(accepted, pending.pushed, 'the answer says what was accepted');
    assert.equal(status === 'ok', accepted === names.length);
    if (status === 'transaction-capacity') assert.ok(names.length > this.#limits.transactionEventsMax);
    if (status === 'full-bytes' || status === 'full-slots') {
      assert.ok(put.mode === 'each' || accepted === 0, 'a batch is put whole or not at all');
      assert.equal(status, this.#lack(pending), 'the answer says what there was no room in');
      const untilMs = pending.waitsSinceMs + this.#limits.keepAliveMs;
      assert.ok(this.#nowMs >= untilMs, 'it waited for keep-alive since it last got room');
    }
    this.#pending.splice(this.#pending.indexOf(pending), 1);
    this.#mayDie();
    put.complete(accepted, status);
    this.answered.add(names[0]!);
  }

  /** What keeps the next transaction of a put from being accepted now. */
  #lack({ put, names, slots, pushed }: Pending): PutStatus | null {
    const bitByBit = put.mode === 'each' || this.#limits.keepAliveMs === Number.POSITIVE_INFINITY;
    const count = bitByBit ? 1 : names.length;
    const more = slots.slice(pushed, pushed + count).reduce((sum, one) => sum + one, 0);
    const used = this.#used();
    if (used.slots + more > this.#limits.slotsMax) return 'full-bytes';
    return used.events + count > this.#limits.eventsMax ? 'full-slots' : null;
  }

  /** What the channel took of the first waiting put without answering it yet. */
  #sync(): void {
    const more = this.#channel.size() - this.#used().events;
    if (more === 0) return;
    const first = this.#pending[0];
    assert.ok(more > 0 && first !== undefined, `${more} events more than were put`);
    assert.ok(first.put.mode === 'each' || this.#limits.keepAliveMs === Number.POSITIVE_INFINITY);
    this.#accept(first, more);
  }

  #check(): void {
    while (this.#entries[0] !== undefined && !isOpen(this.#entries[0])) this.#entries.shift();
    const used = this.#used();
    assert.equal(this.#channel.size(), used.events);
    assert.ok(used.events <= Math.max(this.#limits.eventsMax, this.#excess.events), 'capacity in events');
    assert.ok(used.slots <= Math.max(this.#limits.slotsMax, this.#excess.slots), 'capacity in bytes');
    this.#excess.events = Math.min(this.#excess.events, used.events);
    this.#excess.slots = Math.min(this.#excess.slots, used.slots);
    const inUse = this.#channel.segmentsInUse();
    for (const { segment } of this.#entries) assert.ok(inUse.has(segment.id));
    for (const { put } of this.#pending) assert.ok(inUse.has(put.range.segment.id));
  }

  get blocking(): boolean {
    return this.#channel.blocking;
  }

  start(): void {
    this.#channel.start();
  }

  stop(): void {
    this.#channel.stop();
    assert.equal(this.#pending.length, 0, 'stopping answers every put');
  }

  put(puts: readonly PendingPut[]): void {
    const wrapped = puts.map((put) => {
      const names = namesIn(put.range);
      const view = new BatchView(put.range.segment, put.range.offset);
      const slots = names.map((_, i) => slotsOf(view.bodyLength(put.range.first + i)));
      assert.equal(
        put.range.slots,
        slots.reduce((sum, one) => sum + one, 0),
      );
      const pending: Pending = { put, names, slots, pushed: 0, waitsSinceMs: put.sinceMs };
      this.#pending.push(pending);
      const complete = (accepted: number, status: PutStatus) => this.#complete(pending, accepted, status);
      return { ...put, complete };
    });
    this.#channel.put(wrapped);
    this.#sync();
    this.#check();
  }

  hasNext(): boolean {
    const has = this.#channel.hasNext();
    if (this.#events('queued').length > 0) assert.ok(has, 'there is something to take');
    return has;
  }

  take(eventsMax: number): Take | null {
    const wanted = this.#events('queued').slice(0, eventsMax);
    const take = this.#channel.take(eventsMax);
    if (take === null) {
      assert.equal(wanted.length, 0, 'an event that is there is handed out');
      return null;
    }
    assert.ok(take.ranges.length <= RANGES_PER_TAKE_MAX);
    if (take.ranges.length < RANGES_PER_TAKE_MAX) assert.equal(take.events, wanted.length);
    const got = wanted.slice(0, take.events);
    assert.deepEqual(
      take.ranges.flatMap(namesIn),
      got.map(({ name }) => name),
      'events come out in order, those rolled back first',
    );
    assert.equal(
      take.ranges.reduce((sum, { slots }) => sum + slots, 0),
      got.reduce((sum, { slots }) => sum + slots, 0),
    );
    for (const event of got) {
      event.state = 'taken';
      this.#out.set(event.name, [...(this.#out.get(event.name) ?? []), event]);
    }
    this.#check();
    this.#mayDie();
    return take;
  }

  part(range: BlockRange, skip: number, count: number): BlockRange {
    const part = this.#channel.part(range, skip, count);
    assert.deepEqual(namesIn(part), namesIn(range).slice(skip, skip + count));
    return part;
  }

  /** Of a take, or of a part of one. */
  #end(take: Take, state: ModelEvent['state']): void {
    const names = take.ranges.flatMap(namesIn);
    assert.equal(names.length, take.events);
    let wanted = 0;
    for (const name of names) {
      const event = this.#takeOut(name);
      event.state = state;
      wanted += event.slots;
    }
    const slots = take.ranges.reduce((sum, range) => sum + range.slots, 0);
    assert.equal(slots, wanted, 'parts of a take have the room of their events');
  }

  /** The first of that name: after a death an event may be handed out twice. */
  #takeOut(name: string): ModelEvent {
    const [event, ...others] = this.#out.get(name) ?? [];
    assert.ok(event !== undefined, 'what a sink was handed stays as it is, and ends once');
    if (others.length > 0) this.#out.set(name, others);
    else this.#out.delete(name);
    return event;
  }

  hold(take: Take): Take {
    const names = take.ranges.flatMap(namesIn);
    const held = this.#channel.hold(take);
    assert.deepEqual(held.ranges.flatMap(namesIn), names, 'copies are what was copied');
    if (held === take) return take;
    const copies = new Map<Segment['id'], ModelEvent[]>();
    const placed = held.ranges.flatMap(
      ({ segment, offset, count }) => Array(count).fill(segment.id * 2 ** 24 + offset) as number[],
    );
    names.forEach((name, n) => {
      const event = this.#takeOut(name);
      const copy: ModelEvent = { ...event, state: 'taken' };
      event.state = 'done';
      this.#out.set(name, [...(this.#out.get(name) ?? []), copy]);
      const block = copies.get(placed[n]!) ?? [];
      copies.set(placed[n]!, [...block, copy]);
    });
    const { segment } = held.ranges[0]!;
    for (const events of copies.values()) this.#copies.push({ events, segment });
    this.#check();
    this.#mayDie();
    return held;
  }

  commit(take: Take): void {
    this.#end(take, 'done');
    this.#channel.commit(take);
    this.#check();
    this.#mayDie();
  }

  rollback(take: Take): void {
    this.#end(take, 'queued');
    this.#channel.rollback(take);
    this.#check();
  }

  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#channel.tick(nowMs);
    this.#sync();
    this.#check();
    const first = this.#pending[0];
    if (first === undefined) return;
    assert.notEqual(this.#lack(first), null, 'a put waits only for room');
    const nextMs = this.#channel.nextTickMs(nowMs);
    assert.ok(nextMs > 0 && nextMs <= this.#limits.keepAliveMs, `next tick in ${nextMs} ms`);
  }

  nextTickMs(nowMs: number): number {
    return this.#channel.nextTickMs(nowMs);
  }

  commitsCanWait(): boolean {
    const can = this.#channel.commitsCanWait();
    if (can) assert.equal(this.#pending.length, 0, 'a put waits for the room that commits make');
    return can;
  }

  size(): number {
    return this.#channel.size();
  }

  segmentsInUse(): ReadonlySet<number> {
    return this.#channel.segmentsInUse();
  }
}

function isOpen({ events }: ModelEntry): boolean {
  return events.some(({ state }) => state !== 'done');
}
