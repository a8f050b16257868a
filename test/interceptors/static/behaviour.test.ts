import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/interceptors/static/index.ts';
import { type EventOf, intercept } from '../../kit/editor.ts';
import type { Properties } from '../../kit/part.ts';

const incumbent = { key: 'incumbent value' };

describe('interceptor static', () => {
  for (const [what, properties, headers, wanted] of [
    ['sets key to value by default', {}, {}, { key: 'value' }],
    ['sets the header and value that it is told', { key: 'myKey', value: 'myVal' }, {}, { myKey: 'myVal' }],
    [
      'replaces a value when it is told to',
      { preserveExisting: 'false', value: 'replacement value' },
      incumbent,
      { key: 'replacement value' },
    ],
    ['keeps a value by default, unlike timestamp and host', { value: 'other' }, incumbent, incumbent],
    ['keeps a value', { preserveExisting: 'true', value: 'other' }, incumbent, incumbent],
    ['takes any name for a header', { key: '__proto__' }, {}, Object.fromEntries([['__proto__', 'value']])],
    ['compares names letter by letter', { key: 'KEY' }, incumbent, { ...incumbent, KEY: 'value' }],
  ] as const satisfies readonly (readonly [string, Properties, EventOf[0], EventOf[0]])[]) {
    test(what, async () => {
      const read = await intercept(declaration, properties, [[headers, 'test']]);
      assert.deepEqual(read, [{ headers: wanted, body: 'test' }]);
    });
  }

  test('the header of one value is there for every event of a batch', async () => {
    const events = Array.from(
      { length: 500 },
      (_, n): EventOf => [n % 3 === 0 ? { n: `${n}` } : {}, `body ${n}`],
    );
    const read = await intercept(declaration, { key: 'dc', value: 'NYC' }, events);
    assert.deepEqual(
      read,
      events.map(([headers, body]) => ({ headers: { dc: 'NYC', ...headers }, body })),
    );
  });
});
