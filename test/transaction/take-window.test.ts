import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TakeWindow } from '../../src/transaction/take-window.ts';

type Step =
  | { readonly op: 'grant' | 'empty' | 'begin' | 'commit' | 'reset' | 'echo' | 'clear' }
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
  #current: Handed | null = null;
  /** Resets whose echo has not come, oldest first. */
  #resets: number[] = [];
  /** Ranges of a take that is handed over in parts. */
  #parts: string[] = [];
  #ranges = 0;

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
        if (this.#current === null) return void assert.throws(() => window.commit(), /no take/);
        assert.equal(window.commit(), this.#current.id);
        this.#current = null;
        return;
      case 'reset':
        this.#forget();
        this.#resets.push(window.reset());
        return;
      case 'echo':
        return this.#echo();
      case 'clear':
        this.#forget();
        this.#resets = [];
        window.clear();
    }
  }

  #forget(): void {
    this.#granted = [];
    this.#handed = [];
    this.#current = null;
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
    if (this.#current !== null) return void assert.throws(() => this.#window.begin(), /being delivered/);
    const first = this.#handed.shift();
    const take = this.#window.begin();
    if (first === undefined) return assert.equal(take, null);
    assert.equal(take?.id, first.id);
    assert.deepEqual(take.ranges, first.ranges);
    this.#current = first;
  }

  #check(): void {
    const window = this.#window;
    assert.equal(window.granted, this.#granted.length);
    assert.equal(window.resetting, this.#resets.length > 0);
    assert.equal(window.delivering, this.#current !== null);
    const { length } = this.#handed;
    assert.equal(window.outstanding, this.#granted.length + length + (this.#current === null ? 0 : 1));
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
