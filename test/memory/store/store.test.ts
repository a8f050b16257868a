import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SEGMENT_BYTES, SEGMENTS_FREE_MIN } from '../../../src/base/limits.ts';
import { Segment } from '../../../src/memory/store/segment.ts';
import { BlockStore } from '../../../src/memory/store/store.ts';

interface Held {
  readonly segment: Segment;
  readonly start: number;
  readonly end: number;
}

type Step =
  | { readonly op: 'write'; readonly need: number; readonly extend: number; readonly used: number }
  | { readonly op: 'cancel'; readonly need: number }
  | { readonly op: 'release'; readonly pick: number }
  | { readonly op: 'trim' };

const bytes = fc.oneof(fc.nat(20_000), fc.nat(SEGMENT_BYTES), fc.nat(3 * SEGMENT_BYTES));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('write' as const),
      need: bytes,
      extend: fc.oneof(fc.constant(0), bytes),
      used: fc.nat(100),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('cancel' as const), need: bytes }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('release' as const), pick: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.constant({ op: 'trim' as const }) },
);

/** Reservations only: what stands in them is the builder's test. */
class StoreModel {
  readonly #held: Held[] = [];
  readonly #dropped = new Set<number>();
  readonly #store = new BlockStore(3, (id) => {
    assert.equal(this.#dropped.has(id), false, 'a segment is given up once');
    this.#dropped.add(id);
  });

  run(next: Step): void {
    if (next.op === 'write') this.#write(next);
    else if (next.op === 'cancel') this.#cancel(next.need);
    else if (next.op === 'trim') this.#store.trim();
    else if (this.#held.length > 0) this.#held.splice(next.pick % this.#held.length, 1)[0]!.segment.release();
    this.#check();
  }

  #cancel(need: number): void {
    this.#store.open(need);
    this.#store.cancel();
  }

  #write({ need, extend, used }: Extract<Step, { op: 'write' }>): void {
    const reservation = this.#store.open(need);
    assert.ok(reservation.end - reservation.start >= need);
    this.#assertFree(reservation);
    if (extend > 0) {
      const { segment, start } = reservation;
      assert.deepEqual(this.#store.extend(extend), { from: segment, fromStart: start });
      assert.ok(reservation.end - reservation.start >= extend);
      this.#assertFree(reservation);
    }
    const { segment, start, end } = reservation;
    const length = Math.floor(((end - start) * used) / 800) * 8;
    this.#store.close(length);
    if (length === 0) return;
    segment.retain(1);
    this.#held.push({ segment, start, end: start + length });
  }

  #assertFree({ segment, start, end }: Held): void {
    assert.equal(start % 8, 0);
    assert.ok(start >= Segment.firstOffset && end <= segment.sizeBytes);
    for (const held of this.#held) {
      const apart = held.segment !== segment || held.end <= start || end <= held.start;
      assert.ok(apart, 'a reservation lies over bytes that are needed');
    }
  }

  #check(): void {
    const ids = new Set(this.#held.map(({ segment }) => segment.id));
    for (const id of ids) assert.equal(this.#dropped.has(id), false, 'a segment in use was given up');
    assert.ok(this.#store.segmentCount >= ids.size);
  }
}

/** Fills `count` segments and returns them, each retained once. */
function fill(store: BlockStore, count: number): Segment[] {
  return Array.from({ length: count }, () => {
    const { segment, start, end } = store.open(SEGMENT_BYTES - Segment.firstOffset);
    store.close(end - start);
    segment.retain(1);
    return segment;
  });
}

describe('block store', () => {
  test('never lends bytes that somebody needs, nor gives up a segment in use', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (list) => {
        const model = new StoreModel();
        for (const next of list) model.run(next);
      }),
      { numRuns: 150 },
    );
  });

  test('fills segments anew once all their blocks are released, and not before', () => {
    const store = new BlockStore(1);
    const [first, second] = fill(store, 2) as [Segment, Segment];
    first.retain(1);
    first.release();
    assert.notEqual(fill(store, 1)[0], first, 'one of two references is left');
    first.release();
    assert.equal(fill(store, 1)[0], first);
    assert.equal(second.live(), 1);
  });

  test('gives up what no peak since the last trim needed, but for a few', () => {
    const dropped: number[] = [];
    const store = new BlockStore(1, (id) => dropped.push(id));
    const segments = fill(store, 10);
    store.trim();
    for (const segment of segments) segment.release();
    store.trim();
    assert.deepEqual(dropped, [], 'they were in use until now');
    store.trim();
    assert.equal(store.segmentCount, SEGMENTS_FREE_MIN + 1);
    assert.equal(dropped.length, 10 - 1 - SEGMENTS_FREE_MIN);
    store.trim();
    assert.equal(store.segmentCount, SEGMENTS_FREE_MIN + 1);
  });

  test('takes memory with its first block only, and lets go of all at its end', () => {
    const store = new BlockStore(1);
    store.trim();
    assert.deepEqual([store.segmentCount, store.sizeBytes], [0, 0]);
    const [kept] = fill(store, 3) as [Segment];
    assert.ok(store.segmentCount >= 3);
    store.end();
    assert.deepEqual([store.segmentCount, store.sizeBytes], [0, 0]);
    assert.equal(kept.live(), 1, 'who still reads it keeps it');
  });

  test('makes a segment for a block that needs more, and uses it again', () => {
    const store = new BlockStore(1);
    const big = store.open(5 * SEGMENT_BYTES).segment;
    store.cancel();
    assert.ok(big.sizeBytes >= 5 * SEGMENT_BYTES + Segment.firstOffset);
    fill(store, 1);
    assert.equal(store.open(5 * SEGMENT_BYTES).segment.sizeBytes, big.sizeBytes);
  });

  test('has ids that no two segments alive and no two stores share', () => {
    const ids = [1, 2, 32_767].flatMap((number) => fill(new BlockStore(number), 3).map(({ id }) => id));
    assert.equal(new Set(ids).size, 9);
    for (const id of ids) assert.ok(id > 0 && id <= 0xffffffff && Number.isInteger(id));
    for (const number of [0, 1 << 15]) assert.throws(() => new BlockStore(number), /out of range/);
  });

  test('lends one reservation at a time and takes back no more than it lent', () => {
    const store = new BlockStore(1);
    assert.throws(() => store.extend(10), /no open reservation/);
    const { start, end } = store.open(100);
    assert.throws(() => store.open(1), /one reservation/);
    assert.throws(() => store.close(end - start + 8), /bad length/);
    assert.throws(() => store.close(4), /bad length/);
    store.close(96);
    assert.equal(store.open(8).start, start + 96);
  });
});
