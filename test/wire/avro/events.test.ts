import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Batch } from '../../../src/memory/block/batch.ts';
import { BatchView } from '../../../src/memory/block/view.ts';
import { HEADERS_AN_EVENT_MAX } from '../../../src/wire/avro/limits.ts';
import { batchOf, type EventOf, openBatch, part, type ReadEvent } from '../../kit/editor.ts';
import {
  array,
  bytes,
  call,
  cut,
  encodeRequest,
  event,
  frame,
  type Header,
  isRefusal,
  long,
  map,
  readRequests,
  type WireEvent,
} from './avro.ts';

const decode = (payload: Buffer) => readRequests([frame(1, payload)], { connected: true })[0]!.events;
const batchCall = (events: readonly WireEvent[]) => call('appendBatch', array(events));
const sorted = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1)));

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 90 }),
  fc.constantFrom('', 'a'.repeat(31), 'b'.repeat(32), 'c'.repeat(63), 'd'.repeat(64), 'e'.repeat(300)),
);
const headers = fc.dictionary(text, text, { maxKeys: 6 });
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((content) => Buffer.from(content)),
  fc.constantFrom(0, 63, 64, 8191, 8192, 70_000).map((size) => Buffer.alloc(size, 'z')),
);
const events = fc.array(fc.tuple(fc.oneof(headers, fc.constant({ host: 'a' }), fc.constant({})), body), {
  maxLength: 20,
});

function wanted(list: readonly (readonly [Readonly<Record<string, string>>, Buffer])[]): ReadEvent[] {
  return list.map(([own, content]) => ({ headers: sorted(own), body: content.toString('utf8') }));
}

describe('avro: events from the wire', () => {
  test('events of any headers and bodies are read, however the bytes are cut', () => {
    fc.assert(
      fc.property(events, fc.array(fc.nat(), { maxLength: 8 }), (list, places) => {
        const payload = batchCall(list.map(([own, content]) => [Object.entries(own), content]));
        const [request] = readRequests(cut(frame(3, payload), places), { connected: true });
        assert.deepEqual(request!.events, wanted(list));
      }),
    );
  });

  test('append carries one event', () => {
    const [request] = readRequests([frame(5, call('append', event([[['k', 'v']], 'one'])))], {
      connected: true,
    });
    assert.deepEqual(request, {
      serial: 5,
      message: 'append',
      events: [{ headers: { k: 'v' }, body: 'one' }],
    });
  });

  test('of two headers with one name the last counts', () => {
    const twice: Header[] = [
      ['k', '1'],
      ['other', 'x'],
      ['k', '2'],
    ];
    assert.deepEqual(decode(batchCall([[twice, 'b']])), [{ headers: { k: '2', other: 'x' }, body: 'b' }]);
  });

  test('malformed UTF-8 in names and values becomes U+FFFD, as in Java; bodies stay as they are', () => {
    const bad = Buffer.from([0x61, 0xff, 0x62]);
    const long = Buffer.concat([Buffer.alloc(100, 'l'), Buffer.from([0xc3])]);
    const list: WireEvent[] = [
      [[[bad, 'v']], 'x'],
      [[['k', bad]], 'x'],
      [[['k', long]], 'x'],
    ];
    assert.deepEqual(
      decode(batchCall(list)).map(({ headers: own }) => own),
      [{ 'a\ufffdb': 'v' }, { k: 'a\ufffdb' }, { k: `${'l'.repeat(100)}\ufffd` }],
    );
  });

  test('a map may come in several blocks, with and without their sizes, and so may the array', () => {
    const entry = (name: string) => Buffer.concat([bytes(name), bytes('v')]);
    const sized = (count: number, content: Buffer) =>
      Buffer.concat([long(-count), long(content.length), content]);
    const blocks = Buffer.concat([
      long(1),
      entry('a'),
      sized(2, Buffer.concat([entry('b'), entry('c')])),
      long(0),
    ]);
    const first = Buffer.concat([blocks, bytes('one')]);
    const second = event([[], 'two']);
    const payload = call('appendBatch', long(1), first, sized(1, second), long(0));
    assert.deepEqual(decode(payload), [
      { headers: { a: 'v', b: 'v', c: 'v' }, body: 'one' },
      { headers: {}, body: 'two' },
    ]);
  });

  test('many headers, and a name like __proto__, are headers like any other', () => {
    const many = Array.from({ length: 200 }, (_, n) => [`name${n}`, `${n}`] as const);
    assert.deepEqual(decode(batchCall([[many, 'b']])), [
      { headers: sorted(Object.fromEntries(many)), body: 'b' },
    ]);
    const [proto] = decode(batchCall([[[['__proto__', 'v']], 'b']]));
    assert.deepEqual(Object.entries(proto!.headers), [['__proto__', 'v']]);
  });

  test('maps that differ in one byte only are told apart, short and long', () => {
    for (const length of [3, 200]) {
      const maps = ['a', 'a', 'b', 'b', 'a'].map((char): WireEvent => [[['k', char.repeat(length)]], 'x']);
      assert.deepEqual(
        decode(batchCall(maps)).map(({ headers: own }) => own.k![0]),
        ['a', 'a', 'b', 'b', 'a'],
      );
    }
  });
});

describe('avro: hostile events', () => {
  const refused = (payload: Buffer, pattern: RegExp) =>
    assert.throws(
      () => decode(payload),
      (error) => isRefusal(error) && pattern.test((error as Error).message),
    );

  test('counts beyond what is there are refused before anything is made', () => {
    refused(call('appendBatch', long(2 ** 40)), /a block of 1099511627776 items/);
    refused(call('append', long(2 ** 31), bytes('x')), /a block of 2147483648 items/);
    refused(call('appendBatch', long(1), long(0), long(2 ** 31)), /a length of 2147483648 bytes/);
    refused(call('appendBatch', long(1), long(0), long(-1)), /a length of -1 bytes/);
    refused(call('append'), /cut off/);
    refused(call('append', Buffer.alloc(12, 0x80)), /a number of more than 10 bytes/);
  });

  test('a map of a million headers is refused', () => {
    const entries = Buffer.alloc(2_000_000);
    refused(
      call('append', long(1_000_000), entries, long(0), bytes('')),
      /an event of 1000000 headers; at most 10000/,
    );
    const blocks = Array.from({ length: HEADERS_AN_EVENT_MAX + 1 }, () => Buffer.from([2, 0, 0]));
    refused(call('append', ...blocks, long(0), bytes('')), /an event of 10001 headers/);
  });

  test('more events than a block holds are refused', () => {
    const count = 4_000_000;
    assert.throws(
      () => decode(call('appendBatch', long(count), Buffer.alloc(count * 2), long(0))),
      (error) => isRefusal(error),
    );
  });

  test('mutated requests are read or refused, and nothing else', () => {
    const sample = batchCall([
      [
        [
          ['host', 'a'],
          ['long', 'l'.repeat(90)],
        ],
        'body',
      ],
      [
        [
          ['host', 'a'],
          ['long', 'l'.repeat(90)],
        ],
        'x'.repeat(300),
      ],
      [[], ''],
    ]);
    const whole = frame(1, sample.subarray(0, 50), sample.subarray(50));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(whole.length),
        (changes, length) => {
          const mutated = Buffer.from(whole.subarray(0, length));
          for (const [at, value] of changes) if (at < length) mutated[at] = value;
          try {
            readRequests([mutated], { connected: true });
          } catch (error) {
            assert.ok(isRefusal(error), String(error));
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('avro: events to the wire', () => {
  const read = (request: Buffer) => readRequests([request], { connected: true })[0]!;

  test('what is encoded is decoded again', () => {
    fc.assert(
      fc.property(events, fc.nat(), (list, serial) => {
        if (list.length === 0) return;
        const batch = batchOf(list as EventOf[]);
        const { events: found, ...rest } = read(encodeRequest(serial & 0x7fffffff, batch));
        assert.deepEqual(rest, { serial: serial & 0x7fffffff, message: 'appendBatch' });
        assert.deepEqual(found, wanted(list));
      }),
    );
  });

  test('the bytes are those that the format says', () => {
    const list: EventOf[] = [
      [{ k: 'v' }, 'one'],
      [{ k: 'v' }, 'two'],
      [{}, ''],
    ];
    const plain = list.map(([own, content]): WireEvent => [Object.entries(own), content]);
    assert.deepEqual(encodeRequest(7, batchOf(list)), frame(7, batchCall(plain)));
    assert.deepEqual(
      encodeRequest(8, batchOf([list[0]!]), false),
      frame(8, call('append', event(plain[0]!))),
    );
  });

  test('parts of several blocks are one request, in their order', () => {
    const block = (prefix: string): EventOf[] => [1, 2, 3].map((n) => [{ h: prefix }, `${prefix}${n}`]);
    const batch = new Batch([
      ...part(batchOf(block('a')), 1, 2).ranges,
      ...part(batchOf(block('b')), 0, 2).ranges,
    ]);
    assert.deepEqual(
      read(encodeRequest(1, batch)).events.map(({ headers: own, body: content }) => `${own.h} ${content}`),
      ['a a2', 'a a3', 'b b1', 'b b2'],
    );
  });

  test('headers that all events share are joined to their own, which win', () => {
    const list: EventOf[] = [
      [{}, '1'],
      [{ own: 'x' }, '2'],
      [{ host: 'mine', own: 'y' }, '3'],
      [Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`n${n}`, 'v'])), '4'],
    ];
    const builder = openBatch(list);
    builder.setHeaderOnAll('host', 'common', true);
    builder.setHeaderOnAll('näme', 'wért', true);
    const { segment, offset, count } = builder.finish(0);
    const batch = new Batch([{ view: new BatchView(segment, offset), first: 0, count }]);
    const found = read(encodeRequest(1, batch)).events;
    assert.deepEqual(
      found.map(({ headers: own }) => [own.host, own.näme, own.own ?? null, Object.keys(own).length]),
      [
        ['common', 'wért', null, 2],
        ['common', 'wért', 'x', 3],
        ['mine', 'wért', 'y', 3],
        ['common', 'wért', null, 42],
      ],
    );
  });

  test('a large batch becomes a frame of several buffers, a large event grows its buffer', () => {
    const list: EventOf[] = Array.from({ length: 3000 }, (_, n) => [
      { n: `${n}` },
      'x'.repeat(n === 7 ? 1e6 : 300),
    ]);
    const request = encodeRequest(1, batchOf(list));
    assert.ok(request.readInt32BE(4) > 4, `${request.readInt32BE(4)} buffers`);
    const { events: found } = read(request);
    assert.equal(found.length, 3000);
    for (const [n, one] of found.entries()) {
      assert.equal(one.headers.n, `${n}`);
      assert.equal(one.body.length, n === 7 ? 1e6 : 300);
    }
  });

  test('an empty map and an empty body are two bytes', () => {
    assert.deepEqual(map([]), Buffer.from([0]));
    assert.deepEqual(event([[], '']), Buffer.from([0, 0]));
  });
});
