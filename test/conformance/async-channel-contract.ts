/**
 * What a channel owes whose answers come later (from a disk, a database): all that channel-contract.ts asks
 * for, and that what was answered is there for the next one that is opened over the same place.
 *
 * The channel is used as its host uses it: puts and takes as objects, a clock that the test moves; the test
 * waits for answers and events as they come.
 */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { ChannelDeclaration } from '../../src/component/declaration.ts';
import { type Headers, NO_HEADERS } from '../../src/memory/block/headers.ts';
import { AsyncChannelRig, type Put, type Taken } from '../kit/async-channel.ts';
import { halvesOf } from '../kit/halves.ts';
import type { Properties } from '../kit/part.ts';
import { until } from '../kit/until.ts';

export interface AsyncChannelSubject {
  readonly name: string;
  readonly declaration: ChannelDeclaration;
  /** Options for an empty place of its own, which is used by every channel that is opened with them. */
  place(t: Pick<TestContext, 'after'>): Properties | Promise<Properties>;
  /** Options of a channel that holds `capacity` events. */
  capacity(capacity: number): Properties;
  /** How long a put that finds no room waits before it is refused; 0: not at all. */
  readonly keepAliveMs: number;
}

function numbered(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `event ${from + n}`);
}

export function asyncChannelContract(subject: AsyncChannelSubject): void {
  const { declaration } = subject;
  const open = async (t: TestContext, properties: Properties): Promise<AsyncChannelRig> => {
    const rig = await AsyncChannelRig.open(declaration, properties);
    t.after(() => rig.channel.stop());
    return rig;
  };
  const roomy = async (t: TestContext): Promise<Properties> => ({
    ...(await subject.place(t)),
    ...subject.capacity(1000),
  });
  describe(`channel contract: ${subject.name}`, () => {
    ordinary(open, roomy);
    lasting(open, roomy);
    limits(subject, open);
    test('any order of puts, takes, commits, rollbacks and restarts: as in a list', async (t) => {
      const place = await subject.place(t);
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 25 }), (list) =>
          run(declaration, { ...place, ...subject.capacity(1000) }, list),
        ),
        { numRuns: 25 },
      );
    });
  });
}

type OpenRig = (t: TestContext, properties: Properties) => Promise<AsyncChannelRig>;
type Roomy = (t: TestContext) => Promise<Properties>;

function ordinary(open: OpenRig, roomy: Roomy): void {
  test('events come out in the order of the puts, split at the size that a sink asks for', async (t) => {
    const rig = await open(t, await roomy(t));
    const puts = Array.from({ length: 5 }, (_, n) => rig.put(numbered(n * 10, 10)));
    for (const put of puts) assert.deepEqual(await rig.answerTo(put), { accepted: 10, status: 'ok' });
    assert.equal(rig.channel.size(), 50);
    assert.deepEqual(await rig.drain(), numbered(0, 50));
    assert.equal(rig.channel.hasNext(), false);
    assert.equal(rig.takeNow(1), null);
    assert.equal(rig.held, 0, 'all blocks are given back');
  });

  test('its host is woken when an answer has come', async (t) => {
    const rig = await open(t, await roomy(t));
    const put = rig.put(numbered(0, 3));
    await until('it woke its host', () => rig.wakes > 0 && put.answer);
    assert.deepEqual(put.answer, { accepted: 3, status: 'ok' });
  });

  test('a rolled back take is handed out again before anything else, in order', async (t) => {
    const rig = await open(t, await roomy(t));
    await rig.putAll(numbered(0, 30));
    const first = await rig.take(10);
    const second = await rig.take(10);
    rig.channel.rollback(second.take);
    rig.channel.rollback(first.take);
    assert.equal(rig.channel.size(), 30);
    assert.deepEqual(await rig.drain(), numbered(0, 30));
  });

  test('a take may be cut: one part is committed, the other comes again where it stood', async (t) => {
    const rig = await open(t, await roomy(t));
    await rig.putAll(numbered(0, 30));
    const first = await rig.take(20);
    const second = await rig.take(5);
    const [even, odd] = halvesOf(rig.channel, first);
    rig.channel.commit(even.take);
    assert.equal(rig.channel.size(), 20);
    rig.channel.rollback(second.take);
    rig.channel.rollback(odd.take);
    const left = [...odd.bodies, ...numbered(20, 10)];
    assert.deepEqual(await rig.drain(), left);
    assert.equal(rig.held, 0, 'all blocks are given back');
  });

  test('two sinks share the events; one may commit while the other rolls back', async (t) => {
    const rig = await open(t, await roomy(t));
    await rig.putAll(numbered(0, 20));
    const one = await rig.take(10);
    const other = await rig.take(10);
    rig.channel.commit(other.take);
    assert.equal(rig.channel.size(), 10);
    rig.channel.rollback(one.take);
    assert.deepEqual(await rig.drain(), numbered(0, 10));
  });
}

const BODIES = ['', 'a\nb\r\n', 'x'.repeat(100_000), Buffer.from([0, 255, 39, 92, 10, 128])] as const;
const HEADERS: readonly Headers[] = [
  new Map([
    ['Gruß', 'Zürich ✓'],
    ['empty', ''],
  ]),
  NO_HEADERS,
  new Map([['__proto__', "it's \\ \0"]]),
  NO_HEADERS,
];

function lasting(open: OpenRig, roomy: Roomy): void {
  test('the next one over the same place has what was put and not committed, in order', async (t) => {
    const properties = await roomy(t);
    const before = await open(t, properties);
    await before.putAll(numbered(0, 20));
    before.channel.commit((await before.take(5)).take);
    const handedOut = await before.take(5);
    assert.deepEqual(handedOut.bodies, numbered(5, 5));
    await before.channel.stop();
    const after = await open(t, properties);
    assert.equal(after.channel.size(), 15);
    assert.equal(after.counters.get('ChannelSize'), 15);
    await after.putAll(numbered(20, 5));
    assert.deepEqual(await after.drain(), numbered(5, 20));
    await after.channel.stop();
    const last = await open(t, properties);
    assert.equal(last.channel.size(), 0);
    await last.putAll(numbered(90, 2));
    assert.deepEqual(await last.drain(), numbered(90, 2));
  });

  test('the next one over the same place has what was cut out of a take and not committed', async (t) => {
    const properties = await roomy(t);
    const before = await open(t, properties);
    await before.putAll(numbered(0, 20));
    const [even, odd] = halvesOf(before.channel, await before.take(20));
    before.channel.commit(even.take);
    assert.equal(before.held, 0, 'blocks are given back, though a few of their events are held');
    await before.channel.stop();
    const after = await open(t, properties);
    assert.equal(after.channel.size(), 10);
    assert.deepEqual(await after.drain(), odd.bodies);
  });

  test('bodies and headers come back as they were, from memory and from the place', async (t) => {
    const properties = await roomy(t);
    const before = await open(t, properties);
    await before.putAll(BODIES, [...HEADERS]);
    const look = async (rig: AsyncChannelRig) => {
      const { take, bodies, headers } = await rig.take(10);
      assert.deepEqual(
        bodies,
        BODIES.map((body) => Buffer.from(body as string).toString('latin1')),
      );
      assert.deepEqual(
        headers.map((map) => [...map]),
        HEADERS.map((map) => [...map]),
      );
      return take;
    };
    before.channel.rollback(await look(before));
    await before.channel.stop();
    const after = await open(t, properties);
    after.channel.commit(await look(after));
    assert.equal(after.channel.size(), 0);
  });

  test('a put is answered when the channel stops, and what was accepted is kept', async (t) => {
    const properties = await roomy(t);
    const before = await open(t, properties);
    const puts = [before.put(numbered(0, 5)), before.put(numbered(5, 5))];
    await before.channel.stop();
    for (const put of puts) assert.ok(put.answer !== null);
    const kept = puts.filter((put) => put.answer?.status === 'ok').length * 5;
    assert.ok(puts.every((put) => put.answer!.status === 'ok' || put.answer!.accepted === 0));
    const after = await open(t, properties);
    assert.deepEqual(await after.drain(), numbered(0, kept));
  });
}

function limits({ keepAliveMs, place, capacity }: AsyncChannelSubject, open: OpenRig): void {
  test('a put that finds no room in time is refused and leaves nothing behind', async (t) => {
    const rig = await open(t, { ...(await place(t)), ...capacity(10) });
    await rig.putAll(numbered(0, 8));
    const put = rig.put(numbered(8, 5));
    if (keepAliveMs > 0) {
      rig.tick(keepAliveMs - 1);
      assert.equal(put.answer, null);
      rig.tick(2);
    }
    assert.deepEqual(await rig.answerTo(put), { accepted: 0, status: 'full-slots' });
    assert.equal(rig.channel.size(), 8);
    await rig.putAll(numbered(100, 2));
    assert.deepEqual(await rig.drain(), [...numbered(0, 8), ...numbered(100, 2)]);
    assert.equal(rig.held, 0, 'all blocks are given back');
  });

  test('of a put of single events the first ones are taken, as far as there is room', async (t) => {
    const rig = await open(t, { ...(await place(t)), ...capacity(10) });
    await rig.putAll(numbered(0, 8));
    const put = rig.put(numbered(8, 6), 'each');
    if (keepAliveMs > 0) {
      await rig.until('what fits is taken', () => rig.channel.size() === 10);
      rig.tick(keepAliveMs + 1);
    }
    assert.deepEqual(await rig.answerTo(put), { accepted: 2, status: 'full-slots' });
    assert.deepEqual(await rig.drain(), numbered(0, 10));
  });

  test('takes make room when they are committed', async (t) => {
    const rig = await open(t, { ...(await place(t)), ...capacity(10) });
    await rig.putAll(numbered(0, 10));
    const { take } = await rig.take(6);
    assert.equal(rig.channel.size(), 10, 'what is handed out is in the channel');
    rig.channel.commit(take);
    await rig.putAll(numbered(10, 6));
    assert.deepEqual(await rig.drain(), numbered(6, 10));
  });
}

type Operation =
  | { readonly op: 'put'; readonly count: number; readonly wait: boolean }
  | { readonly op: 'take'; readonly count: number }
  | { readonly op: 'commit' | 'rollback' | 'cut'; readonly which: number }
  | { readonly op: 'restart' };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant('put' as const),
      count: fc.integer({ min: 1, max: 12 }),
      wait: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constant('take' as const), count: fc.integer({ min: 1, max: 12 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constantFrom('commit' as const, 'rollback' as const, 'cut' as const),
      which: fc.nat(9),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('restart' as const) }) },
);

/** The list model: events by number; `out` are takes that are neither committed nor rolled back. */
class ModelRun {
  readonly #declaration: ChannelDeclaration;
  readonly #properties: Properties;
  #rig!: AsyncChannelRig;
  #inside: string[] = [];
  #out: Taken[] = [];
  #puts: Put[] = [];
  #next = 0;

  constructor(declaration: ChannelDeclaration, properties: Properties) {
    this.#declaration = declaration;
    this.#properties = properties;
  }

  async open(): Promise<void> {
    this.#rig = await AsyncChannelRig.open(this.#declaration, this.#properties);
    assert.equal(this.#rig.channel.size(), this.#inside.length);
  }

  async step(step: Operation): Promise<void> {
    if (step.op === 'restart') return await this.#restart();
    if (step.op === 'put') await this.#put(step.count, step.wait);
    else if (step.op === 'take') await this.#take(step.count);
    else if (this.#out.length > 0) this.#end(step.op, step.which);
    const out = this.#out.reduce((sum, { bodies }) => sum + bodies.length, 0);
    assert.equal(this.#rig.channel.size(), this.#inside.length + out);
  }

  async #put(count: number, wait: boolean): Promise<void> {
    const bodies = numbered(this.#next, count);
    const put = this.#rig.put(bodies);
    this.#puts.push(put);
    this.#inside.push(...bodies);
    this.#next += count;
    if (wait) await this.#rig.answerTo(put);
  }

  async #take(count: number): Promise<void> {
    if (this.#inside.length === 0) {
      assert.equal(this.#rig.takeNow(count), null);
      return;
    }
    const taken = await this.#rig.take(count);
    assert.deepEqual(taken.bodies, this.#inside.splice(0, taken.bodies.length));
    this.#out.push(taken);
  }

  #end(op: 'commit' | 'rollback' | 'cut', which: number): void {
    const [taken] = this.#out.splice(which % this.#out.length, 1);
    if (op === 'cut') {
      const halves = halvesOf(this.#rig.channel, taken!);
      this.#out.push(...halves.filter(({ bodies }) => bodies.length > 0));
      return;
    }
    this.#rig.channel[op](taken!.take);
    if (op === 'rollback') this.#comeBack([taken!]);
  }

  #comeBack(taken: readonly Taken[]): void {
    const number = (body: string) => Number(body.slice('event '.length));
    for (const { bodies } of taken) this.#inside.push(...bodies);
    this.#inside.sort((a, b) => number(a) - number(b));
  }

  async #restart(): Promise<void> {
    for (const put of this.#puts) assert.equal((await this.#rig.answerTo(put)).status, 'ok');
    this.#puts = [];
    await this.#rig.channel.stop();
    this.#comeBack(this.#out.splice(0));
    await this.open();
  }

  async finish(): Promise<void> {
    for (const { take } of this.#out) this.#rig.channel.rollback(take);
    this.#comeBack(this.#out.splice(0));
    assert.deepEqual(await this.#rig.drain(), this.#inside);
  }

  async stop(): Promise<void> {
    await this.#rig.channel.stop();
  }
}

async function run(
  declaration: ChannelDeclaration,
  properties: Properties,
  operations: readonly Operation[],
): Promise<void> {
  const model = new ModelRun(declaration, properties);
  await model.open();
  try {
    for (const step of operations) await model.step(step);
    await model.finish();
  } finally {
    await model.stop();
  }
}
