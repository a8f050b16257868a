import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SEGMENT_BYTES } from '../../src/base/limits.ts';
import type { PutStatus, Take } from '../../src/component/channel.ts';
import { BatchBuilder } from '../../src/memory/block/builder.ts';
import { BlockQueue } from '../../src/memory/queue/queue.ts';
import { Segment } from '../../src/memory/store/segment.ts';
import { BlockStore } from '../../src/memory/store/store.ts';
import type { AdmissionLimits } from '../../src/transaction/admission.ts';
import { cutTake } from '../../src/transaction/cut-take.ts';
import { build, ModelledChannel, namesIn } from './model.ts';

type Step =
  | {
      readonly op: 'put';
      readonly mode: 'batch' | 'each';
      readonly lengths: readonly number[];
      /** Makes the block start a new segment, mostly. */
      readonly fresh: boolean;
    }
  | { readonly op: 'take'; readonly events: number }
  | { readonly op: 'commit' | 'rollback' | 'hold'; readonly pick: number }
  | { readonly op: 'tick'; readonly ms: number }
  | { readonly op: 'die' | 'stop' };

const pick = fc.nat(100);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('put' as const),
      mode: fc.constantFrom('batch', 'each'),
      lengths: fc.array(fc.oneof(fc.integer({ min: 12, max: 99 }), fc.integer({ min: 100, max: 450 })), {
        minLength: 1,
        maxLength: 12,
      }),
      fresh: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ op: fc.constant('take' as const), events: fc.integer({ min: 1, max: 15 }) }),
  },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('commit' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('rollback' as const), pick }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('hold' as const), pick }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('tick' as const), ms: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.constant({ op: 'die' as const }) },
  { weight: 1, arbitrary: fc.constant({ op: 'stop' as const }) },
);

const limits: fc.Arbitrary<AdmissionLimits> = fc.record({
  eventsMax: fc.integer({ min: 1, max: 40 }),
  slotsMax: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 5, max: 60 })),
  transactionEventsMax: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 15 })),
  keepAliveMs: fc.constantFrom(0, 50, 100, Number.POSITIVE_INFINITY),
});

/** One source's puts into a channel whose worker dies now and then. */
class Bench {
  #queue: SharedArrayBuffer | null = null;
  readonly segments = new Map<number, Segment>();
  readonly #store = new BlockStore(1, (id) => {
    assert.ok(this.channel.idle || !this.channel.segmentsInUse().has(id), 'given up while in use');
    this.segments.delete(id);
  });
  readonly #builder = new BatchBuilder(this.#store);
  readonly channel: ModelledChannel;
  takes: Take[] = [];
  readonly answers: { accepted: number; status: PutStatus }[] = [];
  /** References to blocks whose put was never answered. */
  readonly #leaked = new Map<Segment, number>();
  readonly #waiting = new Set<object>();
  #sequence = 0;
  nowMs = 1000;

  constructor(limits: AdmissionLimits) {
    const memory = {
      load: () => this.#queue,
      save: (saved: SharedArrayBuffer) => {
        this.#queue = saved;
      },
    };
    const copies = new Map<number, Segment>();
    this.channel = new ModelledChannel(limits, memory, {
      get: (id) => (this.segments.get(id) ?? copies.get(id))!,
      add: (id, shared) => void copies.set(id, new Segment(id, shared)),
    });
  }

  run(next: Step): void {
    switch (next.op) {
      case 'put':
        this.put(next.mode, next.lengths, next.fresh ? SEGMENT_BYTES - 20_000 : 0);
        break;
      case 'take':
        this.take(next.events);
        break;
      case 'commit':
      case 'rollback':
        this.end(next.op, next.pick);
        break;
      case 'hold':
        this.hold(next.pick);
        break;
      case 'tick':
        this.tick(next.ms);
        break;
      case 'die':
        this.die();
        break;
      case 'stop':
        this.channel.stop();
    }
    this.#checkReferences();
  }

  put(mode: 'batch' | 'each', lengths: readonly number[], bytesHint = 0): void {
    const block = build(this.#builder, 1, this.#sequence, lengths, bytesHint);
    this.#sequence += lengths.length;
    const { segment, offset, count, slots } = block;
    this.segments.set(segment.id, segment);
    segment.retain(1);
    const waiting = {};
    this.#waiting.add(waiting);
    const complete = (accepted: number, status: PutStatus) => {
      assert.ok(this.#waiting.delete(waiting), 'answered once');
      if (accepted === 0) segment.release();
      this.answers.push({ accepted, status });
    };
    this.channel.put([
      { range: { segment, offset, first: 0, count, slots }, mode, sinceMs: this.nowMs, complete },
    ]);
  }

  take(events: number): void {
    const take = this.channel.take(events);
    if (take !== null) this.takes.push(take);
  }

  end(how: 'commit' | 'rollback', index: number): void {
    if (this.takes.length === 0) return;
    const [take] = this.takes.splice(index % this.takes.length, 1) as [Take];
    this.channel[how](take);
  }

  /** Of one take every third event is held. */
  hold(index: number): void {
    if (this.takes.length === 0) return;
    const [take] = this.takes.splice(index % this.takes.length, 1) as [Take];
    const cuts = Array.from({ length: Math.ceil(take.events / 3) }, (_, n) => ({
      held: 1,
      first: n * 3,
      count: 1,
    }));
    const { rest, held } = cutTake(take, cuts, (...range) => this.channel.part(...range));
    this.takes.push(this.channel.hold(held.get(1)!));
    if (rest.events > 0) this.takes.push(rest);
  }

  tick(ms: number): void {
    this.nowMs += ms;
    this.channel.tick(this.nowMs);
  }

  /**
   * Puts that waited keep the references that their source gave them: nobody tells it what became of them.
   */
  die(): void {
    const before = [...this.segments.values()].map((one) => [one, this.channel.references(one)] as const);
    this.#waiting.clear();
    this.takes = [];
    this.channel.reopen();
    for (const [segment, references] of before) {
      const lost = references - this.channel.references(segment);
      this.#leaked.set(segment, (this.#leaked.get(segment) ?? 0) + lost);
    }
  }

  /** Every reference has an owner: memory is neither filled anew too early nor kept for ever. */
  #checkReferences(): void {
    for (const segment of this.segments.values()) {
      const wanted = this.channel.references(segment) + (this.#leaked.get(segment) ?? 0);
      assert.equal(segment.live(), wanted, `references into segment ${segment.id}`);
    }
  }

  /** Time goes by and a sink takes everything, until nothing is left. */
  drain(): void {
    while (this.takes.length > 0) this.end('commit', 0);
    for (let round = 0; !this.channel.idle; round++) {
      assert.ok(round < 2000, 'the channel does not come to rest');
      this.take(7);
      this.end('commit', 0);
      this.tick(10);
      this.#checkReferences();
    }
    assert.equal(this.#waiting.size, 0);
    assert.equal(this.channel.size(), 0);
    assert.equal(this.channel.take(1), null);
  }
}

describe('range channel', () => {
  test('does what a list of events does, for any puts, takes, rollbacks and deaths', () => {
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 60 }), (some, list) => {
        const bench = new Bench(some);
        for (const next of list) bench.run(next);
        bench.drain();
      }),
      { numRuns: 300 },
    );
  });

  const roomy: AdmissionLimits = {
    eventsMax: 100_000,
    slotsMax: Number.POSITIVE_INFINITY,
    transactionEventsMax: 1000,
    keepAliveMs: 100,
  };

  test('hands out at most so many ranges in a take, and goes on with the next one', () => {
    const bench = new Bench(roomy);
    for (let n = 0; n < 600; n++) bench.put('batch', [20]);
    bench.take(1000);
    bench.take(1000);
    assert.deepEqual(
      bench.takes.map(({ events }) => events),
      [256, 256],
    );
    bench.end('rollback', 0);
    bench.drain();
  });

  test('opens a backlog of which all but the first event is committed, however long', () => {
    const segment = Segment.allocate(1, SEGMENT_BYTES);
    let memory: SharedArrayBuffer | null = null;
    const queue = new BlockQueue(null, (saved) => {
      memory = saved;
    });
    const count = 50_000;
    for (let n = 0; n < count; n++) queue.push({ segment: 1, offset: 64, first: 0, count: 1, slots: 1 });
    for (let n = 1; n < count; n++) queue.done(n, 0, 1);
    const kept = { load: () => memory, save: () => assert.fail('it is large enough') };
    const unused = () => assert.fail('nothing is held');
    const channel = new ModelledChannel(roomy, kept, { get: () => segment, add: unused }).inner;
    assert.equal(channel.size(), 1);
    assert.equal(channel.take(10)?.events, 1);
    assert.equal(channel.take(10), null);
    assert.equal(channel.hasNext(), false);
  });

  test('does not keep blocks for few events of them that are held', () => {
    const bench = new Bench(roomy);
    for (let n = 0; n < 20; n++) bench.put('batch', Array(12).fill(400));
    bench.take(1000);
    bench.hold(0);
    assert.deepEqual(
      bench.takes.map(({ events }) => events),
      [80, 160],
    );
    bench.end('commit', 1);
    for (const segment of bench.segments.values()) assert.equal(segment.live(), 0);
    assert.equal(bench.channel.size(), 80);
    bench.put('batch', [20]);
    bench.end('rollback', 0);
    bench.take(1000);
    assert.equal(namesIn(bench.takes[0]!.ranges[0]!)[0], '1:0', 'they come again first');
    bench.drain();
  });

  test('has what was held, before anything else, when its worker dies', () => {
    const bench = new Bench(roomy);
    for (let n = 0; n < 20; n++) bench.put('batch', Array(12).fill(400));
    bench.take(120);
    bench.hold(0);
    bench.end('commit', 1);
    bench.die();
    assert.equal(bench.channel.size(), 160);
    bench.take(1000);
    const names = bench.takes[0]!.ranges.flatMap(namesIn);
    assert.deepEqual(
      names.slice(0, 40),
      Array.from({ length: 40 }, (_, n) => `1:${n * 3}`),
    );
    bench.drain();
  });

  test('takes a batch larger than itself bit by bit when it never refuses', () => {
    const bench = new Bench({ ...roomy, eventsMax: 3, keepAliveMs: Number.POSITIVE_INFINITY });
    bench.put('batch', [20, 20, 20, 20, 20, 20, 20]);
    bench.drain();
    assert.deepEqual(bench.answers, [{ accepted: 7, status: 'ok' }]);
  });

  test('names what a put had no room in: bytes first, as Flume acquires them first', () => {
    const small = { ...roomy, eventsMax: 10, slotsMax: 12, keepAliveMs: 0 };
    const cases: [string, number[], number[], 'batch' | 'each', number, PutStatus][] = [
      ['places', Array(9).fill(20), [20, 20], 'batch', 0, 'full-slots'],
      ['places for the rest', Array(9).fill(20), [20, 20], 'each', 1, 'full-slots'],
      ['bytes', [20, 20], [1101, 20], 'batch', 0, 'full-bytes'],
      ['bytes for the rest', [20, 20], [20, 1101], 'each', 1, 'full-bytes'],
      ['both', Array(9).fill(20), [301, 20], 'batch', 0, 'full-bytes'],
    ];
    for (const [what, before, lengths, mode, accepted, status] of cases) {
      const bench = new Bench(small);
      bench.put('batch', before);
      bench.put(mode, lengths);
      bench.tick(0);
      assert.deepEqual(bench.answers[1], { accepted, status }, what);
    }
  });

  test('refuses a batch of more than transactionCapacity at once, and not single events', () => {
    const bench = new Bench({ ...roomy, transactionEventsMax: 2 });
    bench.put('batch', [20, 20, 20]);
    bench.put('each', [20, 20, 20]);
    assert.deepEqual(bench.answers, [
      { accepted: 0, status: 'transaction-capacity' },
      { accepted: 3, status: 'ok' },
    ]);
    bench.take(10);
    assert.deepEqual(bench.takes[0]!.ranges.flatMap(namesIn), ['1:3', '1:4', '1:5']);
  });
});
