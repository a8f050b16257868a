import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeHeaders, encodeHeaders } from '../../../src/memory/block/headers.ts';

/** Well-formed text: a lone surrogate has no UTF-8. */
const text = fc.string({ unit: 'binary', maxLength: 40 });
const maps = fc.array(fc.tuple(text, text), { maxLength: 20 }).map((pairs) => new Map(pairs));

/** Headers are read from shared memory, at any offset. */
function throughSharedMemory(bytes: Uint8Array, offset: number): Map<string, string> {
  const memory = Buffer.from(new SharedArrayBuffer(bytes.length + offset + 3));
  memory.set(bytes, offset);
  return decodeHeaders(memory.subarray(offset, offset + bytes.length));
}

describe('header maps as bytes', () => {
  test('come back with the same names, values and order', () => {
    fc.assert(
      fc.property(maps, fc.nat(9), (map, offset) => {
        assert.deepEqual([...throughSharedMemory(encodeHeaders(map), offset)], [...map]);
      }),
      { numRuns: 300 },
    );
  });

  const cases: Record<string, Map<string, string>> = {
    'a name that objects treat specially': new Map([
      ['__proto__', 'x'],
      ['constructor', ''],
      ['', 'empty name'],
    ]),
    'long values': new Map([
      ['short', 'v'.repeat(31)],
      ['8 bits', 'v'.repeat(32)],
      ['16 bits', 'ü'.repeat(40_000)],
      ['32 bits', '€'.repeat(70_000)],
    ]),
    'many headers': new Map(Array.from({ length: 70_000 }, (_, i) => [`name ${i}`, `${i}`])),
    'values that look like numbers, null and booleans': new Map([
      ['a', '1'],
      ['b', 'null'],
      ['c', 'true'],
      ['d', '1e400'],
    ]),
  };
  for (const [name, map] of Object.entries(cases)) {
    test(`keep ${name}`, () => {
      assert.deepEqual([...throughSharedMemory(encodeHeaders(map), 4)], [...map]);
    });
  }

  test('are encoded once while they are among the last ones', () => {
    const first = encodeHeaders(new Map([['host', 'a']]));
    assert.equal(encodeHeaders(new Map([['host', 'a']])), first);
    for (let i = 0; i < 1000; i++) encodeHeaders(new Map([['n', String(i)]]));
    const again = encodeHeaders(new Map([['host', 'a']]));
    assert.notEqual(again, first, 'the cache is bounded');
    assert.deepEqual(again, first);
  });

  test('are told apart however names and values are cut', () => {
    const one = encodeHeaders(new Map([['1:a', '1:b']]));
    const other = encodeHeaders(new Map([['1', 'a1:1:b']]));
    assert.notDeepEqual(one, other);
  });
});
