import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/interceptors/regex_filter/index.ts';
import { type EventOf, intercept } from '../../kit/editor.ts';
import type { Properties } from '../../kit/part.ts';

const including = { regex: '(INFO.*)|(WARNING.*)', excludeEvents: 'false' };
const excluding = { regex: '.*DEBUG.*', excludeEvents: 'true' };

describe('interceptor regex_filter', () => {
  for (const [properties, body, passes] of [
    [{}, 'test', true],
    [{}, '', true],
    [{ excludeEvents: 'true' }, 'test', false],
    [including, 'INFO: some message', true],
    [including, 'WARNING: some message', true],
    [including, 'DEBUG: some message', false],
    [excluding, 'INFO: some message', true],
    [excluding, 'WARNING: some message', true],
    [excluding, 'this message has DEBUG in it', false],
    // Looked for, not matched as a whole.
    [{ regex: 'b' }, 'abc', true],
    [{ regex: '^b$' }, 'abc', false],
    [{ regex: 'straße' }, 'die straße', true],
    [{ regex: '(?i)error' }, 'an ERROR', true],
    [{ regex: '\\p{Digit}{3}' }, 'a 12', false],
    [{ regex: 'a.b' }, 'a\nb', false],
    [{ regex: '(?s)a.b' }, 'a\nb', true],
  ] as const satisfies readonly (readonly [Properties, string, boolean])[]) {
    test(`${JSON.stringify(properties)}: ${JSON.stringify(body)} ${passes ? 'passes' : 'is dropped'}`, async () => {
      const read = await intercept(declaration, properties, [[{ a: 'b' }, body]]);
      assert.deepEqual(read, passes ? [{ headers: { a: 'b' }, body }] : []);
    });
  }

  test('of a batch the events that pass stay in order, with their headers', async () => {
    const events = Array.from(
      { length: 100 },
      (_, n): EventOf => [{ n: `${n}` }, n % 3 === 0 ? `keep ${n}` : `${n}`],
    );
    const read = await intercept(declaration, { regex: '^keep' }, events);
    const kept = events.filter(([, body]) => String(body).startsWith('keep'));
    assert.deepEqual(
      read,
      kept.map(([headers, body]) => ({ headers, body })),
    );
  });
});
