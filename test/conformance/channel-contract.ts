/**
 * What every channel owes: events come out in the order of their puts, each once, whole; capacity and
 * transaction capacity are kept; a refused put leaves nothing behind; what is rolled back is handed out again
 * first and in order; several sinks at once share the events; what a new worker finds in the remains is what
 * was not committed.
 *
 * The channel is used as its host uses it: puts and takes as objects, a clock that the test moves.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Clock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/log.ts';
import type { Channel, PendingPut, PutStatus, Take } from '../../src/component/channel.ts';
import { CHANNEL_COUNTERS } from '../../src/component/counters.ts';
import type { ChannelDeclaration } from '../../src/component/declaration.ts';
import { parseOptions } from '../../src/component/options/parse.ts';
import { BatchBuilder } from '../../src/memory/block/builder.ts';
import { BatchView } from '../../src/memory/block/view.ts';
import { allocateCounters, CounterSlots } from '../../src/memory/counters/counters.ts';
import { SegmentTable } from '../../src/memory/lane.ts';
import type { ChannelMemory } from '../../src/memory/store/range.ts';
import { BlockStore } from '../../src/memory/store/store.ts';
import { halvesOf } from '../kit/halves.ts';

export interface ChannelSubject {
  readonly name: string;
  readonly declaration: ChannelDeclaration;
  /**
   * Options of a channel that holds `capacity` events and takes `transaction` at once,
   * refusing after `keepAliveS`.
   */
  options(capacity: number, transaction: number, keepAliveS: number): Readonly<Record<string, string>>;
  /** Whether a transaction's size is bounded on its own. */
  readonly boundsTransactions: boolean;
  /** Whether a put that finds no room is refused at all after keep-alive. */
  readonly refuses: boolean;
}

interface Answered {
  accepted: number;
  status: PutStatus;
}

class Rig {
  readonly channel: Channel;
  readonly #store: BlockStore;
  readonly #builder: BatchBuilder;
  readonly #segments: SegmentTable;
  nowMs = 1_000_000;

  private constructor(channel: Channel, store: BlockStore, segments: SegmentTable) {
    this.channel = channel;
    this.#store = store;
    this.#builder = new BatchBuilder(this.#store);
    this.#segments = segments;
  }

  static async open(
    subject: ChannelSubject,
    [capacity, transaction, keepAliveS]: readonly [number, number, number],
    memory: ChannelMemory = { load: () => null, save: () => {} },
    from?: Rig,
  ): Promise<Rig> {
    const { declaration } = subject;
    const component = 'channel c1';
    const { values, findings } = parseOptions(
      declaration.options,
      subject.options(capacity, transaction, keepAliveS),
      { component },
    );
    assert.deepEqual(
      findings.filter((finding) => finding.severity === 'error'),
      [],
    );
    const segments = from === undefined ? new SegmentTable() : from.#segments;
    const clock: Clock = { now: () => 1_000_000 } as Clock;
    const { create } = await declaration.load();
    const channel = create({
      name: 'c1',
      options: values,
      log: silentLogger,
      clock,
      counters: new CounterSlots(CHANNEL_COUNTERS, allocateCounters(CHANNEL_COUNTERS)),
      memory,
      segments,
      heapBytes: 1 << 30,
      storeNumber: 2,
      wake: () => {},
      degraded: () => {},
    });
    await channel.start();
    return new Rig(channel, from === undefined ? new BlockStore(1) : from.#store, segments);
  }

  put(bodies: readonly string[], mode: PendingPut['mode'] = 'batch'): Answered | null {
    this.#builder.begin();
    for (const body of bodies) this.#builder.appendText(body);
    const block = this.#builder.finish(0);
    const { segment, offset, count, slots } = block;
    segment.retain(1);
    this.#segments.add(segment.id, segment.memory);
    let answered: Answered | null = null;
    const complete = (accepted: number, status: PutStatus) => {
      assert.equal(answered, null, 'a put is answered once');
      if (accepted === 0) segment.release(1);
      answered = { accepted, status };
    };
    const range = { segment, offset, first: 0, count, slots };
    this.channel.put([{ range, mode, sinceMs: this.nowMs, complete }]);
    this.#last = () => answered;
    return answered;
  }

  #last: () => Answered | null = () => null;

  /** The answer to the last put, also when it came later. */
  get answer(): Answered | null {
    return this.#last();
  }

  tick(ms = 0): void {
    this.nowMs += ms;
    this.channel.tick(this.nowMs);
  }

  take(eventsMax: number): { take: Take; bodies: string[] } | null {
    const take = this.channel.take(eventsMax);
    if (take === null) return null;
    const bodies: string[] = [];
    for (const { segment, offset, first, count } of take.ranges) {
      const view = new BatchView(segment, offset);
      for (let i = first; i < first + count; i++) {
        bodies.push(view.bytes.toString('utf8', view.bodyStart(i), view.bodyStart(i) + view.bodyLength(i)));
      }
    }
    assert.equal(bodies.length, take.events);
    return { take, bodies };
  }

  /** Takes and commits everything. */
  drain(): string[] {
    const all: string[] = [];
    for (let taken = this.take(7); taken !== null; taken = this.take(7)) {
      all.push(...taken.bodies);
      this.channel.commit(taken.take);
    }
    return all;
  }
}

function numbered(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `event ${from + n}`);
}

export function channelContract(subject: ChannelSubject): void {
  describe(`channel contract: ${subject.name}`, () => {
    ordinary(subject);
    limits(subject);
    test('any order of puts, takes, commits and rollbacks: order, room and content as in a list', () =>
      fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 60 }), (list) => run(subject, list)),
        {
          numRuns: 150,
        },
      ));
  });
}

function ordinary(subject: ChannelSubject): void {
  test('events come out in the order of the puts, split at the size that a sink asks for', async () => {
    const rig = await Rig.open(subject, [100, 50, 0]);
    for (let put = 0; put < 5; put++) assert.equal(rig.put(numbered(put * 10, 10))?.status, 'ok');
    assert.equal(rig.channel.size(), 50);
    assert.deepEqual(rig.drain(), numbered(0, 50));
    assert.equal(rig.channel.size(), 0);
    assert.equal(rig.channel.hasNext(), false);
    assert.equal(rig.take(1), null);
  });

  test('a rolled back take is handed out again before anything else, in order', async () => {
    const rig = await Rig.open(subject, [100, 50, 0]);
    rig.put(numbered(0, 30));
    const first = rig.take(10)!;
    const second = rig.take(10)!;
    rig.channel.rollback(second.take);
    rig.channel.rollback(first.take);
    assert.equal(rig.channel.size(), 30);
    assert.deepEqual(rig.drain(), numbered(0, 30));
  });

  test('a take may be cut: one part is committed, the other comes again where it stood', async () => {
    const rig = await Rig.open(subject, [100, 50, 0]);
    rig.put(numbered(0, 30));
    const first = rig.take(20)!;
    const second = rig.take(5)!;
    const [even, odd] = halvesOf(rig.channel, first);
    rig.channel.commit(even.take);
    assert.equal(rig.channel.size(), 20);
    rig.channel.rollback(second.take);
    rig.channel.rollback(odd.take);
    assert.deepEqual(rig.drain(), [...odd.bodies, ...numbered(20, 10)]);
  });

  test('two sinks share the events; one may commit while the other rolls back', async () => {
    const rig = await Rig.open(subject, [100, 50, 0]);
    rig.put(numbered(0, 20));
    const one = rig.take(10)!;
    const other = rig.take(10)!;
    rig.channel.commit(other.take);
    assert.equal(rig.channel.size(), 10);
    rig.channel.rollback(one.take);
    assert.deepEqual(rig.drain(), numbered(0, 10));
  });

  test('a new worker finds what was put and not committed, in order', async () => {
    let memory: ReturnType<ChannelMemory['load']> = null;
    const shared: ChannelMemory = {
      load: () => memory,
      save: (saved) => {
        memory = saved;
      },
    };
    const before = await Rig.open(subject, [100, 50, 0], shared);
    before.put(numbered(0, 20));
    before.channel.commit(before.take(5)!.take);
    before.take(5);
    const after = await Rig.open(subject, [100, 50, 0], shared, before);
    assert.equal(after.channel.size(), 15);
    after.put(numbered(20, 5));
    assert.deepEqual(after.drain(), numbered(5, 20));
  });
}

function limits(subject: ChannelSubject): void {
  test('a put that finds no room waits, and is taken whole when there is room', async () => {
    const rig = await Rig.open(subject, [10, 10, 3]);
    rig.put(numbered(0, 8));
    assert.equal(rig.put(numbered(8, 5)), null);
    rig.tick(1000);
    assert.equal(rig.answer, null);
    const taken = rig.take(8)!;
    rig.tick();
    assert.equal(rig.answer, null, 'a take makes no room before it is committed');
    rig.channel.commit(taken.take);
    rig.tick();
    assert.deepEqual(rig.answer, { accepted: 5, status: 'ok' });
    assert.deepEqual(rig.drain(), numbered(8, 5));
  });

  test('a waiting put of single events is taken as far as there is room', async () => {
    const rig = await Rig.open(subject, [10, 10, 3]);
    rig.put(numbered(0, 8));
    assert.equal(rig.put(numbered(8, 6), 'each'), null);
    rig.tick();
    assert.equal(rig.channel.size(), 10);
    if (subject.refuses) {
      rig.tick(3001);
      assert.deepEqual(rig.answer, { accepted: 2, status: 'full-slots' });
    }
    assert.deepEqual(rig.drain().slice(0, 10), numbered(0, 10));
  });

  if (subject.refuses) {
    test('a put that found no room in time is refused and leaves nothing behind', async () => {
      const rig = await Rig.open(subject, [10, 10, 3]);
      rig.put(numbered(0, 8));
      rig.put(numbered(8, 5));
      rig.tick(2999);
      assert.equal(rig.answer, null);
      rig.tick(2);
      assert.deepEqual(rig.answer, { accepted: 0, status: 'full-slots' });
      assert.equal(rig.channel.size(), 8);
      assert.equal(rig.put(numbered(100, 2))?.status, 'ok');
      assert.deepEqual(rig.drain(), [...numbered(0, 8), ...numbered(100, 2)]);
    });
  }

  if (subject.boundsTransactions) {
    test('a batch over the transaction capacity is refused at once; single events are not bound by it', async () => {
      const rig = await Rig.open(subject, [100, 5, 3]);
      assert.deepEqual(rig.put(numbered(0, 6)), { accepted: 0, status: 'transaction-capacity' });
      assert.equal(rig.channel.size(), 0);
      assert.equal(rig.put(numbered(0, 5))?.status, 'ok');
      assert.equal(rig.put(numbered(5, 20), 'each')?.status, 'ok');
      assert.deepEqual(rig.drain(), numbered(0, 25));
    });
  }

  test('a put that waits when the channel stops is answered', async () => {
    const rig = await Rig.open(subject, [5, 5, 3]);
    rig.put(numbered(0, 5));
    assert.equal(rig.put(numbered(5, 5)), null);
    await rig.channel.stop();
    assert.deepEqual(rig.answer, { accepted: 0, status: 'closed' });
  });
}

type Operation =
  | { readonly op: 'put'; readonly count: number }
  | { readonly op: 'take'; readonly count: number }
  | { readonly op: 'commit' | 'rollback' | 'cut'; readonly which: number };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ op: fc.constant('put' as const), count: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ op: fc.constant('take' as const), count: fc.integer({ min: 1, max: 12 }) }),
  fc.record({
    op: fc.constantFrom('commit' as const, 'rollback' as const, 'cut' as const),
    which: fc.nat(9),
  }),
);

const CAPACITY = 40;

/** The list model: events by number; `out` are takes that are neither committed nor rolled back. */
async function run(subject: ChannelSubject, operations: readonly Operation[]): Promise<void> {
  const rig = await Rig.open(subject, [CAPACITY, CAPACITY, 0]);
  let inside: string[] = [];
  let next = 0;
  const out: { take: Take; bodies: string[] }[] = [];
  const held = () => inside.length + out.reduce((sum, { bodies }) => sum + bodies.length, 0);
  const number = (body: string) => Number(body.slice('event '.length));
  for (const step of operations) {
    if (step.op === 'put') {
      const bodies = numbered(next, step.count);
      // A put that would have to wait is for the tests above: here it would block those behind it.
      if (held() + bodies.length > CAPACITY) continue;
      assert.deepEqual(rig.put(bodies), { accepted: bodies.length, status: 'ok' });
      inside.push(...bodies);
      next += step.count;
    } else if (step.op === 'take') {
      const taken = rig.take(step.count);
      if (taken === null) {
        assert.deepEqual(inside, [], 'a channel that has events hands some out');
        continue;
      }
      assert.deepEqual(taken.bodies, inside.splice(0, taken.bodies.length));
      out.push(taken);
    } else if (out.length > 0) {
      const [taken] = out.splice(step.which % out.length, 1);
      if (step.op === 'commit') rig.channel.commit(taken!.take);
      else if (step.op === 'cut') {
        const halves = halvesOf(rig.channel, taken!);
        out.push(...halves.filter(({ bodies }) => bodies.length > 0));
      } else {
        rig.channel.rollback(taken!.take);
        inside = [...inside, ...taken!.bodies].sort((a, b) => number(a) - number(b));
      }
    }
    assert.equal(rig.channel.size(), held());
  }
  assert.deepEqual(rig.drain(), inside);
}
