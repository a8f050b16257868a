/** What is in flight, kept by its number. */
import '../native-off.ts';
import assert from 'node:assert/strict';
import { IdTable } from '../../src/base/id-table.ts';
import type { Case, Subject } from '../kit.ts';

/** Clients that wait for an answer. */
const IN_FLIGHT = 16;

interface Waiting {
  readonly id: number;
  readonly answered: () => void;
}

interface Table {
  readonly add: (id: number, waiting: Waiting) => void;
  readonly take: (id: number) => Waiting | undefined;
}

function inFlight(name: string, size: number, { add, take }: Table): Case {
  let next = 1;
  let answers = 0;
  for (; next <= IN_FLIGHT; next++) add(next, { id: next, answered: () => answers++ });
  return {
    name,
    items: size,
    bytes: 0,
    pass: () => {
      answers = 0;
      for (const end = next + size; next < end; next++) {
        take(next - IN_FLIGHT)!.answered();
        add(next, { id: next, answered: () => answers++ });
      }
    },
    check: () => assert.equal(answers, size),
  };
}

export const ids: Subject = {
  name: 'ids',
  title: 'values in flight, by growing numbers, 16 at a time',
  size: 5000,
  cases: async (size) => {
    const table = new IdTable<Waiting>();
    const map = new Map<number, Waiting>();
    return [
      inFlight('id table', size, {
        add: (id, waiting) => table.add(id, waiting),
        take: (id) => table.take(id),
      }),
      inFlight('Map', size, {
        add: (id, waiting) => map.set(id, waiting),
        take: (id) => {
          const waiting = map.get(id);
          map.delete(id);
          return waiting;
        },
      }),
    ];
  },
};
