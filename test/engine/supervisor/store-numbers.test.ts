import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { StoreNumbers } from '../../../src/engine/supervisor/store-numbers.ts';
import { STORE_NUMBER_MAX } from '../../../src/memory/store/store.ts';

describe('store numbers', () => {
  test('come round again, past those of open stores and of segments that channels keep', () => {
    const numbers = new StoreNumbers();
    const long = numbers.next('source long', []);
    const kept = numbers.next('source kept', []);
    const segment = kept * 65536 + 7;
    const seen = new Set<number>();
    for (let attempt = 0; attempt < STORE_NUMBER_MAX + 100; attempt++) {
      const number = numbers.next('source kept', [segment]);
      assert.ok(number >= 1 && number <= STORE_NUMBER_MAX);
      assert.notEqual(number, long);
      assert.notEqual(number, kept);
      seen.add(number);
    }
    assert.equal(seen.size, STORE_NUMBER_MAX - 2);
  });
});
