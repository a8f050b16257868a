/** Events of a program as a batch. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { EventEncoder } from '../../src/client/event-encoder.ts';
import type { FlumeEvent } from '../../src/component/flume-event.ts';

/** Headers that several events share, as objects and as maps. */
const shared: readonly FlumeEvent['headers'][] = [
  undefined,
  {},
  { host: 'web1' },
  { host: 'web2', ünïcode: 'ß' },
  new Map([['host', 'web1']]),
];

const someEvents: fc.Arbitrary<FlumeEvent[]> = fc.array(
  fc.record({ headers: fc.constantFrom(...shared), body: fc.oneof(fc.string(), fc.uint8Array()) }),
  { maxLength: 20 },
);

function wanted({ headers, body }: FlumeEvent) {
  const own = headers instanceof Map ? headers : new Map(Object.entries(headers ?? {}));
  return { headers: own, body: Buffer.from(body as string) };
}

describe('events of a program', () => {
  test('are in the batch as they were given, whichever share their headers', () => {
    const encoder = new EventEncoder();
    fc.assert(
      fc.property(someEvents, (events) => {
        if (events.length === 0) return;
        const { batch, release } = encoder.encode(events);
        const { view, count } = batch.ranges[0]!;
        const found = Array.from({ length: count }, (_, i) => ({
          headers: view.headers(i),
          body: Buffer.from(view.bodyView(i)),
        }));
        assert.deepEqual(found, events.map(wanted));
        release();
      }),
    );
  });

  const mistakes: readonly (readonly [what: string, event: unknown, message: RegExp])[] = [
    ['no body', {}, /^the body of an event is of the type undefined: give a string or a Uint8Array/],
    ['an object as body', { body: { a: 1 } }, /^the body of an event is of the type object/],
    ['an array as body', { body: [1] }, /^the body of an event is an array/],
    [
      'a number as header',
      { headers: { n: 5 }, body: 'x' },
      /^the header n of an event is of the type number/,
    ],
    ['null as header', { headers: { n: null }, body: 'x' }, /^the header n of an event is null/],
    ['a number as name', { headers: new Map([[5, 'v']]), body: 'x' }, /^the name of a header of an event/],
    [
      'text as headers',
      { headers: 'host=x', body: 'x' },
      /^the map of headers of an event is of the type string/,
    ],
  ];
  for (const [what, event, message] of mistakes) {
    test(`${what}: an error that says so, and the encoder can be used again`, () => {
      const encoder = new EventEncoder();
      assert.throws(() => encoder.encode([{ body: 'first' }, event as FlumeEvent]), {
        code: 'BAD_INPUT',
        message,
      });
      assert.equal(encoder.encode([{ body: 'x' }]).batch.count, 1);
    });
  }
});
