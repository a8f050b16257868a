import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type HandedTake, TakeWindow } from '../../src/transaction/take-window.ts';

type Step =
  | {
      readonly op:
        | 'grant'
        | 'empty'
        | 'begin'
        | 'commit'
        | 'hold'
        | 'commitHeld'
        | 'reset'
        | 'echo'
        | 'clear';
    }
  | { readonly op: 'hand'; readonly ranges: number; readonly whole: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constantFrom(
        'grant',
        'grant',
        'empty',
        'begin',
        'begin',
        'commit',
        'commit',
        'hold',
        'commitHeld',
        'reset',
        'echo',
        'echo',
        'clear',
      ),
    }) as fc.Arbitrary<Step>,
  },
  {
    weight: 4,
    arbitrary: fc.record({
      op: fc.constant('hand' as const),
      ranges: fc.integer({ min: 1, max: 3 }),
      whole: fc.boolean(),
    }),
  },
);

interface Handed {
  readonly id: number;
  readonly ranges: readonly string[];
}

/** The window beside lists; the other end answers grants in their order, as a channel does. */
class WindowModel {
  readonly #window = new TakeWindow<string>();
  #granted: number[] = [];
  #handed: Handed[] = [];
  #current: { readonly handed: Handed; readonly take: HandedTake<string> }[] = [];
  /** Resets whose echo has not come, oldest first. */
  #resets: number[] = [];
  /** A take that a reset or a new lane has ended. */
  #lost: HandedTake<string> | null = null;
  /** Ranges of a take that is handed over in parts. */
  #parts: string[] = [];
  #ranges = 0;
  #held: number[] = [];
  /** A held part that a new lane has ended. */
  #lostHeld: number | null = null;

  run(next: Step): void {
    if (next.op === 'hand') this.#hand(next.ranges, next.whole);
    else this.#step(next.op);
    this.#check();
  }

  #step(op: Exclude<Step['op'], 'hand'>): void {
    const window = this.#window;
    switch (op) {
      case 'grant':
        if (this.#resets.length === 0) this.#granted.push(window.grant());
        return;
      case 'empty':
        if (this.#granted.length === 0 || this.#parts.length > 0) return;
        window.empty(this.#granted.shift()!);
        return;
      case 'begin':
        return this.#begin();
      case 'commit':
        return this.#commit();
      case 'hold':
        return this.#hold();
      case 'commitHeld':
        return this.#commitHeld();
      case 'reset':
        this.#forget();
        this.#resets.push(window.reset());
        return;
      case 'echo':
        return this.#echo();
      case 'clear':
        this.#forget();
        this.#resets = [];
        this.#lostHeld = this.#held[0] ?? this.#lostHeld;
        this.#held = [];
        window.clear();
    }
  }

  #forget(): void {
    this.#granted = [];
    this.#handed = [];
    const [lost] = this.#current;
    this.#lost = lost?.take ?? this.#lost;
    this.#current = [];
    this.#parts = [];
  }

  /** Until the echo of the last reset, what arrives belongs to what was reset. */
  #echo(): void {
    if (this.#resets.length === 0) return;
    this.#window.range(12_345, 'stale', true);
    this.#window.empty(12_346);
    this.#window.resetDone(this.#resets.shift()!);
  }

  #hand(count: number, whole: boolean): void {
    const id = this.#granted[0];
    if (id === undefined) return;
    for (let n = 0; n < count; n++) {
      const range = `range ${this.#ranges++}`;
      this.#parts.push(range);
      this.#window.range(id, range, whole && n === count - 1);
    }
    if (!whole) return;
    this.#granted.shift();
    this.#handed.push({ id, ranges: this.#parts });
    this.#parts = [];
  }

  #begin(): void {
    const first = this.#handed.shift();
    const take = this.#window.begin();
    if (first === undefined) return assert.equal(take, null);
    assert.equal(take?.id, first.id);
    assert.deepEqual(take.ranges, first.ranges);
    this.#current.push({ handed: first, take });
  }

  /** The newest first, so that the order is another one than that of the grants. */
  #commit(): void {
    if (this.#lost !== null) {
      const lost = this.#lost;
      assert.equal(this.#window.isDelivering(lost), false);
      assert.throws(() => this.#window.commit(lost), /no take/);
    }
    const last = this.#current.pop();
    if (last === undefined) return;
    assert.equal(this.#window.isDelivering(last.take), true);
    assert.equal(this.#window.commit(last.take), last.handed.id);
  }

  /** Of the oldest take that is being delivered; a reset leaves it. */
  #hold(): void {
    const [first] = this.#current;
    if (first === undefined) {
      const lost = this.#lost;
      if (lost !== null) assert.throws(() => this.#window.hold(lost), /no take/);
      return;
    }
    const id = this.#window.hold(first.take);
    assert.ok(id > first.handed.id && !this.#held.includes(id), 'it has a number of its own');
    this.#held.push(id);
  }

  #commitHeld(): void {
    const lost = this.#lostHeld;
    if (lost !== null) assert.throws(() => this.#window.commitHeld(lost), /no part/);
    const last = this.#held.pop();
    if (last === undefined) return;
    this.#window.commitHeld(last);
    assert.throws(() => this.#window.commitHeld(last), /no part/);
  }

  #check(): void {
    const window = this.#window;
    for (const id of this.#held) assert.equal(window.isHeld(id), true);
    assert.equal(window.granted, this.#granted.length);
    assert.equal(window.resetting, this.#resets.length > 0);
    assert.equal(window.delivering, this.#current.length > 0);
    const { length } = this.#handed;
    assert.equal(window.outstanding, this.#granted.length + length + this.#current.length);
  }
}

describe('take window', () => {
  test('hands over whole takes in the order of their grants, after a reset only new ones', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (list) => {
        const model = new WindowModel();
        for (const next of list) model.run(next);
      }),
      { numRuns: 300 },
    );
  });

  test('refuses what comes out of turn', () => {
    const window = new TakeWindow<string>();
    const first = window.grant();
    const second = window.grant();
    assert.throws(() => window.empty(second), /out of turn/);
    assert.throws(() => window.range(second, 'r', true), /out of turn/);
    window.empty(first);
    assert.throws(() => window.empty(first), /out of turn/);
  });
});
