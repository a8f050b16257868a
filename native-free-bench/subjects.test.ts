import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { loadedAddons } from './native-off.ts';
import { SUBJECTS } from './subjects/index.ts';

/** Enough that lines reach over the ends of chunks and records go round the ring. */
const SIZE = 1500;

for (const subject of SUBJECTS) {
  describe(`native-free-bench ${subject.name}`, async () => {
    const cases = await subject.cases(SIZE);
    after(async () => {
      for (const one of cases) await one.close?.();
    });
    for (const one of cases) {
      test(`${one.name}: two passes give the right result`, async () => {
        assert.ok(one.items > 0 && one.items <= SIZE, `${one.items} items`);
        await one.pass();
        one.check();
        await one.pass();
        one.check();
      });
    }
  });
}

test('no case loads a native add-on', () => assert.deepEqual(loadedAddons(), []));
