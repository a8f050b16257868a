import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hashMapOrder, javaHashCode, javaMapText } from '../../../src/base/java/hashmap-order.ts';
import { facts } from './facts.ts';

type Line = readonly [text: string, hash: number] | readonly [keys: readonly string[], map: string];

const lines = facts<Line>('hash');

describe('HashMap', () => {
  test('hash codes are those of String.hashCode', () => {
    const texts = lines.filter((line): line is readonly [string, number] => typeof line[1] === 'number');
    for (const [text, hash] of texts) assert.equal(javaHashCode(text), hash, JSON.stringify(text));
    assert.ok(texts.length > 8, `${texts.length} texts`);
  });

  test('maps print as HashMap.toString prints them, whatever their size', () => {
    const maps = lines.filter(
      (line): line is readonly [readonly string[], string] => typeof line[1] === 'string',
    );
    for (const [keys, text] of maps) {
      assert.equal(javaMapText(new Map(keys.map((key, i) => [key, String(i)]))), text);
    }
    assert.ok(maps.length > 30, `${maps.length} maps`);
  });

  test('an empty map is {}', () => {
    assert.equal(javaMapText(new Map()), '{}');
    assert.deepEqual(hashMapOrder([]), []);
  });

  test('the order has each key once and, within a bucket, stays that of insertion', () => {
    const keys = fc.uniqueArray(fc.string({ maxLength: 6 }), { maxLength: 60 });
    fc.assert(
      fc.property(keys, (list) => {
        const order = hashMapOrder(list);
        assert.deepEqual([...order].sort(), [...list].sort());
        const place = new Map(list.map((key, i) => [key, i]));
        order.slice(1).forEach((key, i) => {
          const before = order[i]!;
          if (javaHashCode(before) === javaHashCode(key)) assert.ok(place.get(before)! < place.get(key)!);
        });
        // Taken out and put in once more in that order, the keys keep it.
        assert.deepEqual(hashMapOrder(order), order);
      }),
      { numRuns: 200 },
    );
  });
});
