import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/interceptors/timestamp/index.ts';
import { type EventOf, intercept } from '../../kit/editor.ts';
import { ManualClock, type Properties } from '../../kit/part.ts';

const NOW = '1717488540123';

describe('interceptor timestamp', () => {
  for (const [what, properties, headers, wanted] of [
    ['sets the time in ms', {}, {}, { timestamp: NOW }],
    ['replaces a time that is there', {}, { timestamp: '1' }, { timestamp: NOW }],
    [
      'keeps a time that is there when it is told to',
      { preserveExisting: 'true' },
      { timestamp: '1' },
      { timestamp: '1' },
    ],
    [
      'sets where there is none even then',
      { preserveExisting: 'true' },
      { a: 'b' },
      { a: 'b', timestamp: NOW },
    ],
    [
      'sets a header of another name and leaves `timestamp` alone',
      { headerName: 'timestampHeader' },
      { timestamp: '1' },
      { timestamp: '1', timestampHeader: NOW },
    ],
  ] as const satisfies readonly (readonly [string, Properties, EventOf[0], EventOf[0]])[]) {
    test(what, async () => {
      const clock = new ManualClock(Number(NOW));
      const read = await intercept(declaration, properties, [[headers, 'test event']], { clock });
      assert.deepEqual(read, [{ headers: wanted, body: 'test event' }]);
    });
  }

  test('events with and without a time lie in one batch: each gets what is due to it', async () => {
    const clock = new ManualClock(Number(NOW));
    const events: EventOf[] = [
      [{}, 'a'],
      [{ timestamp: '1' }, 'b'],
      [{}, 'c'],
    ];
    const read = await intercept(declaration, { preserveExisting: 'true' }, events, { clock });
    assert.deepEqual(
      read.map(({ headers }) => headers.timestamp),
      [NOW, '1', NOW],
    );
  });
});
