import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BatchBuilder } from '../../../src/memory/block/builder.ts';
import {
  HeaderCursor,
  MAP_HEAD_BYTES_MAX,
  STRING_HEAD_BYTES_MAX,
  writeMapHead,
  writeStringHead,
} from '../../../src/memory/block/header-bytes.ts';
import { decodeHeaders, encodeHeaders } from '../../../src/memory/block/headers.ts';
import { BatchView } from '../../../src/memory/block/view.ts';
import { BlockStore } from '../../../src/memory/store/store.ts';

const LENGTHS = [0, 1, 31, 32, 255, 256, 65_535, 65_536];
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(...LENGTHS.map((length) => 'x'.repeat(length))),
);
const maps = fc.array(fc.tuple(text, text), { maxLength: 20 }).map((pairs) => new Map(pairs));

/** Writes a map the way a wire decoder does. Returns its length. */
function writeMap(map: ReadonlyMap<string, string>, bytes: Buffer, from: number): number {
  let at = writeMapHead(bytes, from, map.size);
  for (const one of [...map].flat()) {
    at = writeStringHead(bytes, at, Buffer.byteLength(one));
    at += bytes.write(one, at);
  }
  return at - from;
}

function bytesMax(map: ReadonlyMap<string, string>): number {
  let sum = MAP_HEAD_BYTES_MAX;
  for (const one of [...map].flat()) sum += STRING_HEAD_BYTES_MAX + Buffer.byteLength(one);
  return sum;
}

function readMap(bytes: Buffer, at: number): Map<string, string> {
  const cursor = new HeaderCursor();
  cursor.bytes = bytes;
  cursor.at = at;
  const next = () => {
    const length = cursor.stringLength();
    cursor.at += length;
    return bytes.toString('utf8', cursor.at - length, cursor.at);
  };
  const map = new Map<string, string>();
  for (let left = cursor.mapSize(); left > 0; left--) map.set(next(), next());
  return map;
}

describe('header maps written and read as bytes', () => {
  test('what is written here is read there, and the other way round', () => {
    fc.assert(
      fc.property(maps, (map) => {
        const bytes = Buffer.alloc(bytesMax(map));
        const length = writeMap(map, bytes, 0);
        assert.deepEqual([...decodeHeaders(bytes.subarray(0, length))], [...map]);
        assert.deepEqual([...readMap(Buffer.from(encodeHeaders(map)), 0)], [...map]);
      }),
      { numRuns: 200 },
    );
  });

  test('a map of more entries than 16 bits count', () => {
    const map = new Map(Array.from({ length: 70_000 }, (_, i) => [`name ${i}`, `${i}`]));
    const bytes = Buffer.alloc(bytesMax(map));
    assert.deepEqual(decodeHeaders(bytes.subarray(0, writeMap(map, bytes, 0))), map);
    assert.deepEqual(readMap(Buffer.from(encodeHeaders(map)), 0), map);
  });

  test('bytes that are no map or string are said to be none', () => {
    const cursor = new HeaderCursor();
    cursor.bytes = Buffer.from([0x01, 0x01]);
    assert.throws(() => cursor.mapSize(), /no header map at offset 0/);
    assert.throws(() => cursor.stringLength(), /no string at offset 1/);
  });

  test('a builder lends room for them, and repeats them for the events that follow', () => {
    const store = new BlockStore(1);
    const builder = new BatchBuilder(store);
    const first = new Map([['host', 'a'.repeat(300)]]);
    builder.begin(16);
    const body = Buffer.from('body');
    const appended = (map: ReadonlyMap<string, string> | null, of = 0) => {
      builder.append(body, 0, body.length);
      if (map === null) builder.repeatHeaders(of);
      else {
        const at = builder.beginHeaders(bytesMax(map));
        builder.endHeaders(writeMap(map, builder.bytes, at));
      }
    };
    appended(first);
    appended(null);
    builder.append(body, 0, body.length);
    appended(null, 2);
    appended(new Map([['n', '1']]));
    builder.setHeader(1, 'own', 'yes');
    // Large enough to move the batch.
    builder.append(Buffer.alloc(1 << 20), 0, 1 << 20);
    const built = builder.finish(0);
    const view = new BatchView(built.segment, built.offset);
    assert.deepEqual(view.headers(0), first);
    assert.deepEqual(view.headers(1), new Map([...first, ['own', 'yes']]));
    assert.equal(view.headers(2).size + view.headers(3).size, 0);
    assert.equal(view.ownHeadersStart(2), 0);
    const start = view.ownHeadersStart(4);
    assert.deepEqual(readMap(view.bytes, start), new Map([['n', '1']]));
    assert.equal(view.ownHeadersLength(start), encodeHeaders(new Map([['n', '1']])).length);
  });
});
