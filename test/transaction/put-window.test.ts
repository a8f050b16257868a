import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PutWindow } from '../../src/transaction/put-window.ts';

type Step =
  | { readonly op: 'send'; readonly bytes: number }
  | { readonly op: 'answer'; readonly pick: number }
  | { readonly op: 'lose' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('send' as const), bytes: fc.nat(1000) }) },
  { weight: 5, arbitrary: fc.record({ op: fc.constant('answer' as const), pick: fc.nat(100) }) },
  { weight: 1, arbitrary: fc.constant({ op: 'lose' as const }) },
);

interface Sent {
  readonly id: number;
  readonly bytes: number;
  readonly tag: number;
}

describe('put window', () => {
  test('gives every put one end: its answer, in any order, or its loss, oldest first', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (list) => {
        const window = new PutWindow<number>();
        let model: Sent[] = [];
        let tag = 0;
        for (const next of list) {
          if (next.op === 'send') {
            const { bytes } = next;
            model.push({ id: window.send(bytes, tag), bytes, tag: tag++ });
          } else if (next.op === 'lose') {
            assert.deepEqual(window.lose(), model);
            model = [];
          } else if (model.length > 0) {
            const [sent] = model.splice(next.pick % model.length, 1) as [Sent];
            assert.deepEqual(window.answer(sent.id), sent);
            assert.throws(() => window.answer(sent.id), /unknown put/);
          }
          assert.equal(window.count, model.length);
          assert.equal(
            window.bytes,
            model.reduce((sum, sent) => sum + sent.bytes, 0),
          );
          assert.equal(new Set(model.map(({ id }) => id)).size, model.length);
        }
      }),
      { numRuns: 100 },
    );
  });
});
