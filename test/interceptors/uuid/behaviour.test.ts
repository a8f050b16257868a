import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/interceptors/uuid/index.ts';
import { type EventOf, intercept } from '../../kit/editor.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('interceptor uuid', () => {
  test('every event gets an identifier of its own', async () => {
    const events = Array.from({ length: 200 }, (_, n): EventOf => [{}, `${n}`]);
    const ids = (await intercept(declaration, {}, events)).map(({ headers }) => headers.id!);
    for (const id of ids) assert.match(id, UUID);
    assert.equal(new Set(ids).size, events.length);
  });

  test('an identifier that is there stays by default', async () => {
    const events: EventOf[] = [
      [{ id: 'foo' }, ''],
      [{ id: '' }, ''],
      [{ other: 'x' }, ''],
    ];
    const read = await intercept(declaration, {}, events);
    assert.deepEqual(read[0]!.headers, { id: 'foo' });
    assert.deepEqual(read[1]!.headers, { id: '' });
    assert.equal(read[2]!.headers.other, 'x');
    assert.match(read[2]!.headers.id!, UUID);
  });

  test('preserveExisting = false gives a new one', async () => {
    const [read] = await intercept(declaration, { preserveExisting: 'false' }, [[{ id: 'foo' }, '']]);
    assert.match(read!.headers.id!, UUID);
  });

  test('the prefix stands before it, in the header of that name', async () => {
    const [read] = await intercept(declaration, { headerName: 'key', prefix: 'bar#' }, [[{}, '']]);
    assert.deepEqual(Object.keys(read!.headers), ['key']);
    assert.ok(read!.headers.key!.startsWith('bar#'));
    assert.match(read!.headers.key!.slice(4), UUID);
  });
});
