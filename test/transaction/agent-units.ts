/** The parts of an agent in one thread: what source, channel and sink do in their workers, step by step. */
import assert from 'node:assert/strict';
import { CHANNEL_COUNTERS } from '../../src/component/counters.ts';
import type { HeldPart } from '../../src/component/sink.ts';
import type { BatchRange } from '../../src/memory/block/batch.ts';
import { BatchBuilder } from '../../src/memory/block/builder.ts';
import { allocateCounters, CounterSlots } from '../../src/memory/counters/counters.ts';
import { type LaneEnd, SegmentTable } from '../../src/memory/lane.ts';
import type { Segment } from '../../src/memory/store/segment.ts';
import { BlockStore } from '../../src/memory/store/store.ts';
import { Doorbell } from '../../src/memory/wait.ts';
import type { AdmissionLimits } from '../../src/transaction/admission.ts';
import { ChannelHost } from '../../src/transaction/channel-host.ts';
import { TAKE_RING_RESERVE } from '../../src/transaction/messages.ts';
import { type PutAnswer, PutClient } from '../../src/transaction/put-client.ts';
import { type HeldTake, TakeClient, type TakenBatch } from '../../src/transaction/take-client.ts';
import { build, ModelledChannel, nameOf } from './model.ts';

export interface SinkShape {
  readonly channel: number;
  readonly eventsMax: number;
  /** Takes handed over ahead; 0 when each is asked for. */
  readonly prefetch: number;
}

/** What a reactor knows of a unit. */
export interface Unit {
  readonly bell: Doorbell;
  pump(nowMs: number): boolean;
  nextMs(nowMs: number): number;
}

/** Thrown at an instruction where a worker may die. */
export class Death extends Error {}

/** What one source put into one channel. */
interface PutRecord {
  readonly names: readonly string[];
  answer: { accepted: number; status: PutAnswer } | null;
}

export class SourceModel implements Unit {
  readonly bell = new Doorbell();
  readonly number: number;
  readonly clients: readonly PutClient[];
  readonly #dropped = new Set<number>();
  readonly #store: BlockStore;
  readonly #builder: BatchBuilder;
  /** Segments written to, with the puts lost whose reference nobody may give back. */
  readonly #segments = new Map<Segment, { lost: boolean }>();
  readonly puts: PutRecord[][];
  #sequence: number;
  alive = true;

  constructor(number: number, storeNumber: number, channels: number, sequence: number) {
    this.number = number;
    this.#sequence = sequence;
    this.#store = new BlockStore(storeNumber, (id) => {
      this.#dropped.add(id);
      for (const client of this.clients) client.drop(id);
    });
    this.#builder = new BatchBuilder(this.#store);
    this.clients = Array.from({ length: channels }, (_, i) => new PutClient(`c${i}`));
    this.puts = this.clients.map(() => []);
  }

  get sequence(): number {
    return this.#sequence;
  }

  put(mode: 'batch' | 'each', lengths: readonly number[], bytesHint: number, flush: boolean): void {
    const block = build(this.#builder, this.number, this.#sequence, lengths, bytesHint);
    const names = lengths.map((_, i) => `${this.number}:${this.#sequence + i}`);
    this.#sequence += lengths.length;
    const { segment } = block;
    assert.equal(this.#dropped.has(segment.id), false, 'a segment that was given up is not written to');
    const state = this.#segments.get(segment) ?? { lost: false };
    this.#segments.set(segment, state);
    segment.retain(this.clients.length);
    this.clients.forEach((client, i) => {
      const record: PutRecord = { names, answer: null };
      this.puts[i]!.push(record);
      client.put(block, block.count, mode, (accepted, status) => {
        assert.equal(record.answer, null, 'a put is answered once');
        assert.equal(status === 'ok', accepted === names.length);
        record.answer = { accepted, status };
        if (status === 'lost') state.lost = true;
        else if (accepted === 0) segment.release();
      });
      if (flush) client.flush();
    });
  }

  pump(): boolean {
    let any = false;
    for (const client of this.clients) if (client.pump()) any = true;
    return any;
  }

  nextMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  flush(): void {
    for (const client of this.clients) client.flush();
  }

  trim(): void {
    this.#store.trim();
  }

  get unanswered(): number {
    return this.puts.flat().filter(({ answer }) => answer === null).length;
  }

  /** References into these segments are never given back. */
  lose(ids: ReadonlySet<number>): void {
    for (const [segment, state] of this.#segments) if (ids.has(segment.id)) state.lost = true;
  }

  /** After everything was taken: nothing holds memory but puts that nobody answered. */
  assertReleased(): void {
    for (const [segment, { lost }] of this.#segments) {
      if (!lost) assert.equal(segment.live(), 0, `segment ${segment.id} is still held`);
      assert.ok(segment.live() >= 0, 'a reference was given back twice');
    }
  }
}

export class ChannelModel implements Unit {
  readonly bell = new Doorbell();
  readonly #held = new Map<number, SharedArrayBuffer>();
  #queue: SharedArrayBuffer | null = null;
  /** Segments of the channel's own. */
  readonly copied = new Set<number>();
  #segments = new SegmentTable();
  #host: ChannelHost | null = null;
  readonly modelled: ModelledChannel;
  readonly counters = new CounterSlots(CHANNEL_COUNTERS, allocateCounters(CHANNEL_COUNTERS));
  /** Instructions left to live, once it was told to die. */
  fuse = Number.POSITIVE_INFINITY;
  deaths = 0;

  constructor(limits: AdmissionLimits) {
    const memory = {
      load: () => this.#queue,
      save: (saved: SharedArrayBuffer) => {
        this.#queue = saved;
      },
    };
    this.modelled = new ModelledChannel(
      limits,
      memory,
      {
        get: (id) => this.#segments.get(id),
        add: (id, memory) => {
          this.copied.add(id);
          this.#segments.add(id, memory);
        },
      },
      () => {
        if (--this.fuse <= 0) throw new Death();
      },
    );
    this.open();
  }

  get alive(): boolean {
    return this.#host !== null;
  }

  open(): void {
    let host: ChannelHost | null = null;
    this.#segments = new SegmentTable(
      (segment) => this.#held.set(segment.id, segment.memory),
      (id) => {
        this.#held.delete(id);
        host?.forget(id);
      },
    );
    for (const [id, memory] of [...this.#held]) this.#segments.add(id, memory);
    if (this.deaths > 0) this.modelled.reopen();
    host = new ChannelHost(this.modelled, this.counters, this.#segments);
    host.adoptOrphans();
    this.#host = host;
    this.fuse = Number.POSITIVE_INFINITY;
  }

  die(): void {
    this.#host = null;
    this.deaths++;
  }

  /** Ends as when its configuration changes: what waits is answered, takes go back. */
  close(): void {
    this.modelled.stop();
    this.#host!.close();
    this.die();
  }

  addLane(lane: LaneEnd, of: SourceModel | SinkModel): void {
    if (of instanceof SourceModel) this.#host!.addSource(lane);
    else this.#host!.addSink(lane);
  }

  /** @throws Death when it dies meanwhile. */
  pump(nowMs: number): boolean {
    return this.#host?.pump(nowMs) ?? false;
  }

  nextMs(nowMs: number): number {
    return this.#host?.nextPumpMs(nowMs) ?? Number.POSITIVE_INFINITY;
  }

  tidy(): void {
    this.#host?.tidy();
  }

  get heldCount(): number {
    return [...this.#held.keys()].filter((id) => !this.copied.has(id)).length;
  }
}

/** A part of a batch that the sink holds, with the other parts that are committed with it. */
interface HeldModel {
  readonly parts: readonly PartModel[];
  readonly held: HeldTake;
  readonly lane: LaneEnd;
  /** Delivered, and committed with the parts. */
  readonly done: readonly string[];
}

interface PartModel extends HeldPart {
  readonly names: readonly string[];
  isForgotten: boolean;
}

export class SinkModel implements Unit {
  readonly bell = new Doorbell();
  readonly shape: SinkShape;
  readonly client: TakeClient;
  readonly #channel: ChannelModel;
  #current: { readonly batch: TakenBatch; readonly names: readonly string[]; readonly lane: LaneEnd } | null =
    null;
  #held: HeldModel[] = [];
  lane: LaneEnd | null = null;
  alive = true;
  readonly #delivered: string[];
  readonly #committed: string[];

  constructor(shape: SinkShape, channel: ChannelModel, delivered: string[], committed: string[]) {
    this.#committed = committed;
    this.shape = shape;
    this.#channel = channel;
    this.#delivered = delivered;
    this.client = new TakeClient(shape.eventsMax, Math.max(1, shape.prefetch));
  }

  /** Reads what came and asks for more. */
  step(): boolean {
    const busy = this.client.pump();
    if (this.shape.prefetch > 0) this.client.prefetch();
    else if (this.#current === null && !this.client.asking && !this.client.knownEmpty) this.client.ask();
    return busy;
  }

  begin(): boolean {
    const asked = this.shape.prefetch === 0 && this.client.asking;
    if (this.#current !== null || asked) return false;
    const batch = this.client.begin();
    if (batch === null) return false;
    const names: string[] = [];
    batch.forEach((view, i) => {
      names.push(nameOf(view, i));
    });
    assert.equal(names.length, batch.count);
    assert.ok(names.length > 0 && names.length <= this.shape.eventsMax);
    if (this.#channel.alive) {
      const taken = this.#channel.modelled.takenNames;
      for (const name of names) assert.ok(taken.has(name), `${name} was not handed to a sink`);
    }
    this.#current = { batch, names, lane: this.lane! };
    return true;
  }

  /** A delivery that was under way goes on when its lane ends, too. */
  commit(): boolean {
    const current = this.#current;
    if (current === null) return false;
    this.#current = null;
    const names: string[] = [];
    if (!current.lane.closed) {
      current.batch.forEach((view, i) => {
        names.push(nameOf(view, i));
      });
      assert.deepEqual(names, current.names, 'a batch does not change while it is delivered');
    }
    const committed = this.client.commit(current.batch);
    assert.equal(committed, !current.lane.closed);
    this.#delivered.push(...current.names);
    if (committed) this.#committed.push(...current.names);
    return true;
  }

  /** Commits the events that `mask` has no bit for; the others become one or two parts that are held. */
  settle(mask: number): boolean {
    const current = this.#current;
    if (current === null) return false;
    const { batch, names, lane } = current;
    const ranges: BatchRange[][] = [[], []];
    const split: string[][] = [[], []];
    const done: string[] = [];
    let at = 0;
    batch.forEach((view, first) => {
      const [name, bit] = [names[at]!, at++];
      if (((mask >> (bit % 12)) & 1) === 0) {
        done.push(name!);
        return;
      }
      const part = bit % 3 === 0 ? 1 : 0;
      ranges[part]!.push({ view, first, count: 1 });
      split[part]!.push(name!);
    });
    const parts = ranges.map((own, n) => partOf(own, split[n]!)).filter(({ names }) => names.length > 0);
    if (parts.length === 0) return this.commit();
    this.#current = null;
    const held = this.client.settle(batch, parts);
    if (lane.closed) {
      assert.deepEqual(held, []);
      assert.ok(parts.every(({ isForgotten }) => isForgotten));
    }
    this.#delivered.push(...done);
    // A take that is torn too much is held whole.
    const isWhole = held.length === 1 && held[0]!.events === batch.count;
    if (!isWhole && !lane.closed) this.#committed.push(...done);
    for (const one of held) {
      const own = one.parts as readonly PartModel[];
      this.#held.push({ held: one, lane, parts: own, done: isWhole ? done : [] });
    }
    return true;
  }

  /** One that is held is delivered. */
  deliverHeld(pick: number): boolean {
    this.#held = this.#held.filter(({ parts }) => !parts.every(({ isForgotten }) => isForgotten));
    if (this.#held.length === 0) return false;
    const [{ parts, held, lane, done }] = this.#held.splice(pick % this.#held.length, 1) as [HeldModel];
    const names = parts.flatMap((part) => part.names);
    if (!lane.closed) {
      const read = parts.flatMap(({ ranges }) => ranges.map(({ view, first }) => nameOf(view, first)));
      assert.deepEqual(read, names, 'what is held does not change');
    }
    const hasRoom = lane.out.room() > TAKE_RING_RESERVE;
    const committed = this.client.commitHeld(held);
    assert.ok(committed || lane.closed);
    this.#delivered.push(...names);
    if (committed && hasRoom && !lane.closed) this.#committed.push(...names, ...done);
    return true;
  }

  /** Of parts that it holds. */
  keptSegments(): ReadonlySet<number> {
    const all = this.#held.flatMap(({ held }) => [...held.segments]);
    return new Set(all.map(({ id }) => id));
  }

  rollback(): void {
    if (this.#current === null) return;
    this.#current = null;
    this.client.rollback();
  }

  pump(): boolean {
    let busy = this.step();
    if (this.begin()) busy = true;
    if (this.commit()) busy = true;
    if (this.deliverHeld(0)) busy = true;
    this.step();
    this.client.flush();
    return busy;
  }

  nextMs(): number {
    return Number.POSITIVE_INFINITY;
  }
}

function partOf(ranges: readonly BatchRange[], names: readonly string[]): PartModel {
  const part: PartModel = {
    ranges,
    names,
    isRead: false,
    delivered: Promise.resolve(),
    isForgotten: false,
    forget: () => {
      part.isForgotten = true;
    },
  };
  return part;
}
