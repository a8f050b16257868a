import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BlockQueue, type QueueEntry } from '../../../src/memory/queue/queue.ts';

const HEADER_WORDS = 16;
const ENTRY_WORDS = 8;
const ENTRIES_MIN = 1024;

type Step =
  | { readonly op: 'push'; readonly counts: readonly number[] }
  | { readonly op: 'burst'; readonly entries: number }
  | { readonly op: 'take'; readonly events: number }
  | { readonly op: 'done'; readonly pick: number }
  | { readonly op: 'trim' }
  | { readonly op: 'reopen' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('push' as const),
      counts: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('burst' as const),
      entries: fc.integer({ min: 100, max: 900 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant('take' as const), events: fc.integer({ min: 1, max: 8 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ op: fc.constant('done' as const), pick: fc.nat(1000) }),
  },
  { weight: 2, arbitrary: fc.constant({ op: 'trim' as const }) },
  { weight: 1, arbitrary: fc.constant({ op: 'reopen' as const }) },
);

interface ModelEntry {
  readonly entry: QueueEntry;
  readonly position: number;
  readonly done: boolean[];
}

interface Run {
  readonly entry: ModelEntry;
  readonly event: number;
  readonly count: number;
}

function prefix(done: readonly boolean[]): number {
  const gap = done.indexOf(false);
  return gap < 0 ? done.length : gap;
}

/** The queue beside a plain list of entries with a flag for each event. */
class QueueModel {
  #queue: BlockQueue;
  #saved: SharedArrayBuffer;
  /** Entries from the head on. */
  readonly #entries: ModelEntry[] = [];
  #next = 0;
  #nextEvent = 0;
  readonly #out: Run[] = [];
  #number = 0;
  saves = 0;

  constructor(start: number) {
    this.#saved = new SharedArrayBuffer((HEADER_WORDS + ENTRIES_MIN * ENTRY_WORDS) * 4);
    new Int32Array(this.#saved).set([start, start]);
    this.#queue = this.#open();
  }

  #open(): BlockQueue {
    return new BlockQueue(this.#saved, (memory) => {
      this.saves++;
      this.#saved = memory;
      // The worker may die right here: what it saved must hold everything already.
      this.#check(new BlockQueue(memory, () => assert.fail('opening a queue moves nothing')));
    });
  }

  run(next: Step): void {
    if (next.op === 'push') for (const count of next.counts) this.#push(count);
    else if (next.op === 'burst') for (let n = 0; n < next.entries; n++) this.#push(1);
    else if (next.op === 'take') this.#take(next.events);
    else if (next.op === 'done') this.#done(next.pick);
    else if (next.op === 'trim') this.#queue.trim();
    else this.#reopen();
    this.#check(this.#queue);
  }

  #push(count: number): void {
    const n = this.#number++;
    const entry = {
      segment: (0xffff0000 + n) >>> 0,
      offset: n * 8,
      first: n % 7,
      count,
      slots: count + (n % 3),
    };
    const position = this.#queue.tail;
    this.#queue.push(entry);
    this.#entries.push({ entry, position, done: Array.from({ length: count }, () => false) });
  }

  #take(events: number): void {
    const entry = this.#entries[this.#next];
    if (entry === undefined) return;
    const count = Math.min(events, entry.done.length - this.#nextEvent);
    this.#out.push({ entry, event: this.#nextEvent, count });
    this.#nextEvent += count;
    if (this.#nextEvent === entry.done.length) this.#toNext();
  }

  #toNext(): void {
    this.#next++;
    const entry = this.#entries[this.#next];
    this.#nextEvent = entry === undefined ? 0 : prefix(entry.done);
  }

  #done(pick: number): void {
    if (this.#out.length === 0) return;
    const [{ entry, event, count }] = this.#out.splice(pick % this.#out.length, 1) as [Run];
    const whole = this.#queue.done(entry.position, event, count);
    entry.done.fill(true, event, event + count);
    assert.equal(
      whole,
      entry.done.every((done) => done),
      'says when the last event of an entry is done',
    );
    this.#dropDone();
  }

  #dropDone(): void {
    while (this.#entries[0]?.done.every((done) => done)) {
      this.#entries.shift();
      this.#next--;
    }
  }

  /** The worker died; what is known to be done is what was done without a gap. */
  #reopen(): void {
    this.#queue = this.#open();
    this.#out.length = 0;
    for (const { done } of this.#entries) done.fill(false, prefix(done));
    this.#next = -1;
    do this.#toNext();
    while (this.#entries[this.#next]?.done.every((done) => done));
  }

  #check(queue: BlockQueue): void {
    assert.equal(queue.length, this.#entries.length);
    for (const { entry, position, done } of this.#entries) {
      assert.deepEqual(queue.entry(position), entry);
      assert.equal(queue.doneOf(position), prefix(done));
    }
    if (this.#entries.length > 0) assert.equal(queue.head, this.#entries[0]!.position);
    else assert.equal(queue.head, queue.tail);
  }
}

describe('block queue', () => {
  test('loses nothing and repeats nothing done without a gap, whenever its worker dies', () => {
    const starts = fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0x7fffffff - 400, max: 0x7fffffff }),
      fc.integer({ min: -400, max: -1 }),
    );
    fc.assert(
      fc.property(starts, fc.array(step, { maxLength: 50 }), (start, list) => {
        const model = new QueueModel(start);
        for (const next of list) model.run(next);
      }),
      { numRuns: 100 },
    );
  });

  for (const start of [0, 0x7fffffff - 700, -700]) {
    test(`grows from position ${start >>> 0} with a part of its entries done`, () => {
      const model = new QueueModel(start);
      model.run({ op: 'burst', entries: 600 });
      for (let n = 0; n < 500; n++) model.run({ op: 'take', events: 1 });
      for (let n = 0; n < 400; n++) model.run({ op: 'done', pick: n * 17 });
      model.run({ op: 'burst', entries: 900 });
      model.run({ op: 'burst', entries: 900 });
      assert.ok(model.saves >= 1, 'it moved to a larger memory');
      model.run({ op: 'reopen' });
      for (let n = 0; n < 50; n++) model.run({ op: 'take', events: 1 });
      for (let n = 0; n < 50; n++) model.run({ op: 'done', pick: 0 });
    });
  }

  const bytesFor = (entries: number) => (HEADER_WORDS + entries * ENTRY_WORDS) * 4;

  /** A queue of entries that know their positions. */
  class Backlog {
    #saved = new SharedArrayBuffer(bytesFor(ENTRIES_MIN));
    readonly queue: BlockQueue;

    constructor(start: number) {
      new Int32Array(this.#saved).set([start, start]);
      this.queue = new BlockQueue(this.#saved, (memory) => {
        this.#saved = memory;
      });
    }

    get entries(): number {
      return (this.#saved.byteLength / 4 - HEADER_WORDS) / ENTRY_WORDS;
    }

    push(entries: number): void {
      for (let n = 0; n < entries; n++) {
        this.queue.push({ segment: 1, offset: this.queue.tail, first: 0, count: 1, slots: 1 });
      }
    }

    /** All but the newest ones. */
    doneBut(kept: number): void {
      while (this.queue.length > kept) this.queue.done(this.queue.head, 0, 1);
    }

    trim(): number {
      this.queue.trim();
      const again = new BlockQueue(this.#saved, () => assert.fail('nothing to save'));
      assert.equal(again.head, this.queue.head);
      assert.equal(again.tail, this.queue.tail);
      for (let at = again.head; at !== again.tail; at = (at + 1) | 0) {
        assert.equal(again.entry(at).offset, at);
      }
      return this.entries;
    }
  }

  for (const start of [0, 0x7fffffff - 700, -700]) {
    test(`gives memory back after a peak, from position ${start >>> 0} on`, () => {
      const backlog = new Backlog(start);
      backlog.push(5000);
      assert.equal(backlog.trim(), 8192);
      assert.equal(backlog.trim(), 8192, 'it is in use');
      backlog.doneBut(300);
      assert.equal(backlog.trim(), 8192, 'it was in use a while ago');
      assert.deepEqual(
        [1, 2, 3, 4, 5].map(() => backlog.trim()),
        [4096, 2048, 1024, 1024, 1024],
      );
      backlog.push(1000);
      assert.equal(backlog.trim(), 2048, 'and it grows again');
    });
  }

  test('keeps the memory that a swing between two trims needs', () => {
    const backlog = new Backlog(0);
    for (let n = 0; n < 5; n++) {
      backlog.push(1500);
      backlog.doneBut(0);
      assert.equal(backlog.trim(), 2048);
    }
    backlog.push(400);
    backlog.doneBut(0);
    assert.equal(backlog.trim(), 1024);
  });

  test('tells of its first memory before anything is in it', () => {
    const saved: SharedArrayBuffer[] = [];
    const queue = new BlockQueue(null, (memory) => saved.push(memory));
    assert.equal(saved.length, 1);
    queue.push({ segment: 1, offset: 64, first: 0, count: 1, slots: 1 });
    const again = new BlockQueue(saved[0]!, () => assert.fail('nothing to save'));
    assert.equal(again.length, 1);
  });

  test('refuses events that are done already', () => {
    const queue = new BlockQueue(null, () => {});
    queue.push({ segment: 1, offset: 64, first: 0, count: 4, slots: 4 });
    queue.done(0, 0, 2);
    assert.throws(() => queue.done(0, 1, 1), /done once/);
    assert.throws(() => queue.done(0, 2, 3), /done once/);
  });
});
