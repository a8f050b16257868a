import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { OFFSETS, PointerQueue } from '../../../src/wire/flume-file-channel/pointer-queue.ts';

describe('the queue of pointers', () => {
  test('is a list from which any element can be removed, as a Set is', () => {
    const pointer = fc.oneof(
      fc.nat(40),
      fc.nat(OFFSETS - 1),
      fc.nat(2_000).map((file) => file * OFFSETS + 7),
    );
    const steps = fc.array(fc.tuple(fc.constantFrom('add', 'add', 'remove', 'removeFirst'), pointer), {
      maxLength: 400,
    });
    fc.assert(
      fc.property(steps, (list) => {
        const queue = new PointerQueue();
        const model = new Set<number>();
        for (const [step, value] of list) {
          if (step === 'add') {
            if (!model.has(value)) queue.add(value);
            model.add(value);
            continue;
          }
          const victim = step === 'remove' ? value : ([...model][0] ?? value);
          assert.equal(queue.remove(victim), model.delete(victim));
        }
        assert.deepEqual([...queue], [...model]);
        assert.equal(queue.size, model.size);
      }),
      { numRuns: 100 },
    );
  });

  test('grows, closes its gaps and stays right over many more than it began with', () => {
    const queue = new PointerQueue();
    const model = new Set<number>();
    for (let i = 0; i < 60_000; i++) {
      const pointer = (i % 3) * OFFSETS + i * 64;
      queue.add(pointer);
      model.add(pointer);
      // Every event but each seventh is taken 500 later, in order.
      const old = i - 500;
      if (old < 0 || old % 7 === 0) continue;
      const taken = (old % 3) * OFFSETS + old * 64;
      assert.equal(queue.remove(taken), model.delete(taken));
    }
    assert.equal(queue.remove(1), false);
    assert.deepEqual([...queue], [...model]);
  });

  test('refuses what is no pointer', () => {
    for (const value of [-1, 0.5, Number.NaN, 2 ** 53]) assert.throws(() => new PointerQueue().add(value));
  });
});
