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
});
