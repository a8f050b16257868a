/** Header maps: as bytes and back, and set on the events of a batch. */
import '../native-off.ts';
import assert from 'node:assert/strict';
import type { BatchBuilder } from '../../src/memory/block/builder.ts';
import type { BuiltBlock } from '../../src/memory/block/built-block.ts';
import { decodeHeaders, encodeHeaders, type Headers } from '../../src/memory/block/headers.ts';
import { type Case, newBuilder, type Subject, viewOf } from '../kit.ts';

/** More maps than the encoder keeps, so that none is found there. */
const DISTINCT_MIN = 1024;
const NOW_MS = 1_700_000_000_000;

function headersOf(index: number): Headers {
  return new Map([
    ['host', '192.0.2.17'],
    ['timestamp', String(NOW_MS)],
    ['file', `/var/log/app/${index}.log`],
  ]);
}

const range = (size: number) => Array.from({ length: size }, (_, i) => i);

function encoding(name: string, size: number, maps: readonly Headers[]): Case {
  let last: Uint8Array = new Uint8Array(0);
  let at = 0;
  return {
    name,
    items: size,
    bytes: 0,
    pass: () => {
      for (let i = 0; i < size; i++) {
        at = (at + 1) % maps.length;
        last = encodeHeaders(maps[at]!);
      }
    },
    check: () => assert.deepEqual(decodeHeaders(last), maps[at]),
  };
}

function decoding(size: number): Case {
  const encoded = range(size).map((i) => encodeHeaders(headersOf(i)));
  const decoded: Headers[] = [];
  return {
    name: 'decode',
    items: size,
    bytes: encoded.reduce((sum, bytes) => sum + bytes.length, 0),
    pass: () => {
      for (let i = 0; i < size; i++) decoded[i] = decodeHeaders(encoded[i]!);
    },
    check: () => assert.deepEqual(decoded, range(size).map(headersOf)),
  };
}

/** A pass builds a block of empty events with headers; `expected` is what event `index` then has. */
function setting(
  name: string,
  size: number,
  set: (builder: BatchBuilder) => void,
  expected: (index: number) => Headers,
): Case {
  const builder = newBuilder();
  const nothing = Buffer.alloc(0);
  let block: BuiltBlock | null = null;
  return {
    name,
    items: size,
    bytes: 0,
    pass: () => {
      builder.begin();
      builder.appendFixed(nothing, size, 0);
      set(builder);
      block = builder.finish(NOW_MS);
    },
    check: () => {
      const view = viewOf(block!);
      assert.equal(view.count, size);
      for (let i = 0; i < size; i++) assert.deepEqual(view.headers(i), expected(i));
    },
  };
}

function reading(size: number): Case {
  const builder = newBuilder();
  builder.begin();
  builder.appendFixed(Buffer.alloc(0), size, 0);
  for (let i = 0; i < size; i++) builder.setHeaders(i, headersOf(i));
  const block = builder.finish(NOW_MS);
  const files: (string | undefined)[] = [];
  return {
    name: 'read from a block, a map an event',
    items: size,
    bytes: 0,
    pass: () => {
      const view = viewOf(block);
      for (let i = 0; i < size; i++) files[i] = view.headers(i).get('file');
    },
    check: () =>
      assert.deepEqual(
        files,
        range(size).map((i) => headersOf(i).get('file')),
      ),
  };
}

export const headers: Subject = {
  name: 'headers',
  title: 'header maps',
  size: 1000,
  cases: async (size) => {
    const distinct = range(Math.max(size, DISTINCT_MIN)).map(headersOf);
    return [
      encoding('encode, the same map', size, [headersOf(0)]),
      encoding('encode, each map new', size, distinct),
      decoding(size),
      setting('set on all at once', size, setOnAll, () => new Map([['host', '192.0.2.17']])),
      setting('set, the same map on each', size, setSame, () => headersOf(0)),
      setting('set, a new map on each', size, (builder) => setEach(builder, distinct), headersOf),
      reading(size),
    ];
  },
};

function setOnAll(builder: BatchBuilder): void {
  builder.setHeaderOnAll('host', '192.0.2.17', false);
}

function setSame(builder: BatchBuilder): void {
  const same = headersOf(0);
  for (let i = 0; i < builder.count; i++) builder.setHeaders(i, same);
}

function setEach(builder: BatchBuilder, maps: readonly Headers[]): void {
  for (let i = 0; i < builder.count; i++) builder.setHeaders(i, maps[i]!);
}
