/** A table of ids does what a Map does, whatever the order of what comes and goes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { IdTable } from '../../src/base/id-table.ts';

const ID_MAX = 2 ** 32 - 1;

interface Item {
  readonly id: number;
}

describe('id table', () => {
  /** Steps: add the next id (after a gap), or take one of those that are there. */
  const steps = fc.array(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ gap: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 200 })) }),
      },
      { weight: 4, arbitrary: fc.record({ pick: fc.nat() }) },
    ),
    { maxLength: 300 },
  );

  test('holds what was added and not taken, in the order in which it came', () => {
    fc.assert(
      fc.property(steps, fc.constantFrom(1, 15, 1000, ID_MAX - 400, ID_MAX - 3), (list, first) => {
        const table = new IdTable<Item>();
        const model = new Map<number, Item>();
        let id = first;
        for (const step of list) {
          if ('gap' in step) {
            const item = { id };
            table.add(id, item);
            model.set(id, item);
            id += step.gap;
            if (id > ID_MAX) id -= ID_MAX;
          } else if (model.size > 0) {
            const taken = [...model.keys()][step.pick % model.size]!;
            assert.equal(table.get(taken), model.get(taken));
            assert.equal(table.take(taken), model.get(taken));
            model.delete(taken);
            assert.equal(table.get(taken), undefined);
            assert.equal(table.take(taken), undefined);
          }
          assert.equal(table.size, model.size);
          for (const [known, item] of model) assert.equal(table.get(known), item);
        }
        assert.deepEqual(table.values(), [...model.values()]);
        table.clear();
        assert.deepEqual([table.size, table.values(), table.get(first)], [0, [], undefined]);
      }),
      { numRuns: 200 },
    );
  });

  test('refuses a number that is there, and knows none that cannot be', () => {
    const table = new IdTable<Item>();
    table.add(7, { id: 7 });
    assert.throws(() => table.add(7, { id: 7 }), /7 is there already/);
    for (const id of [0, -1, -7, 2 ** 32, 2 ** 32 + 7, 0.5]) assert.equal(table.get(id), undefined);
  });
});
