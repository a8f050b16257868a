import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { allocateCounters, CounterSlots } from '../../../src/memory/counters/counters.ts';

const NAMES = ['Received', 'Accepted', 'Failed'] as const;
type Name = (typeof NAMES)[number];

type Step =
  | { readonly op: 'add' | 'set'; readonly name: Name; readonly value: number }
  | { readonly op: 'started' | 'stopped'; readonly value: number }
  | { readonly op: 'reset' };

const value = fc.integer({ min: 0, max: 2 ** 40 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ op: fc.constantFrom('add', 'set'), name: fc.constantFrom(...NAMES), value }),
  fc.record({ op: fc.constantFrom('started', 'stopped'), value }),
  fc.constant({ op: 'reset' as const }),
);

interface Model {
  readonly counts: Map<Name, number>;
  start: number;
  stop: number;
}

function apply(model: Model, slots: CounterSlots<Name>, next: Step): void {
  switch (next.op) {
    case 'add':
      slots.add(next.name, next.value);
      model.counts.set(next.name, (model.counts.get(next.name) ?? 0) + next.value);
      return;
    case 'set':
      slots.set(next.name, next.value);
      model.counts.set(next.name, next.value);
      return;
    case 'started':
      slots.started(next.value);
      model.start = next.value;
      model.stop = 0;
      return;
    case 'stopped':
      slots.stopped(next.value);
      model.stop = next.value;
      return;
    case 'reset':
      slots.reset();
      model.counts.clear();
      model.start = 0;
      model.stop = 0;
  }
}

describe('counter slots', () => {
  test('show any other view of the same memory what the writer did', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (list) => {
        const memory = allocateCounters(NAMES);
        const writer = new CounterSlots(NAMES, memory);
        const reader = new CounterSlots(NAMES, memory);
        const model: Model = { counts: new Map(), start: 0, stop: 0 };
        for (const next of list) {
          apply(model, writer, next);
          for (const name of NAMES) assert.equal(reader.get(name), model.counts.get(name) ?? 0, name);
          assert.equal(reader.startTimeMs, model.start);
          assert.equal(reader.stopTimeMs, model.stop);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('count exactly beyond 32 bits', () => {
    const slots = new CounterSlots(NAMES, allocateCounters(NAMES));
    slots.set('Received', 2 ** 53 - 2);
    slots.add('Received', 1);
    assert.equal(slots.get('Received'), Number.MAX_SAFE_INTEGER);
  });
});
