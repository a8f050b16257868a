import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/serializers/header_and_text/index.ts';
import { batchOf, type EventOf, part } from '../../kit/editor.ts';
import { SerializedFile, serialize } from '../../kit/serialize.ts';

const text = async (...parts: Parameters<typeof serialize>) => (await serialize(...parts)).toString();
const two = { header1: 'value1', header2: 'value2' };

describe('serializer header_and_text', () => {
  test('headers stand in the order of a Java HashMap, then a blank, then the body', async () => {
    const events: EventOf[] = [1, 2, 3].map((n) => [two, `event ${n}`]);
    const line = (n: number) => `{header2=value2, header1=value1} event ${n}\n`;
    assert.equal(await text(declaration, {}, batchOf(events)), line(1) + line(2) + line(3));
  });

  test('appendNewline = false adds nothing behind a body', async () => {
    const file = await text(
      declaration,
      { appendNewline: 'false' },
      batchOf([
        [two, 'a\n'],
        [two, 'b'],
      ]),
    );
    assert.equal(file, '{header2=value2, header1=value1} a\n{header2=value2, header1=value1} b');
  });

  for (const [headers, wanted] of [
    [{}, '{}'],
    [{ a: '' }, '{a=}'],
    [{ b: '2', a: '1' }, '{a=1, b=2}'],
    [{ host: 'h', timestamp: '1' }, '{host=h, timestamp=1}'],
    [{ Aa: '1', BB: '2' }, '{Aa=1, BB=2}'],
    [{ BB: '2', Aa: '1' }, '{BB=2, Aa=1}'],
    [{ k: 'a=b, c' }, '{k=a=b, c}'],
    [{ ключ: 'значение' }, '{ключ=значение}'],
  ] as const) {
    test(`headers ${JSON.stringify(headers)} are ${wanted}`, async () => {
      assert.equal(await text(declaration, {}, batchOf([[headers, 'body']])), `${wanted} body\n`);
    });
  }

  test('events with other headers, and batches of other blocks, have their own texts', async () => {
    const one: EventOf[] = [
      [{}, 'a'],
      [{ x: '1' }, 'b'],
      [{ x: '2' }, 'c'],
      [{ x: '1' }, 'd'],
    ];
    const other: EventOf[] = [[{ y: '3' }, 'e']];
    assert.equal(
      await text(declaration, {}, batchOf(one, other)),
      '{} a\n{x=1} b\n{x=2} c\n{x=1} d\n{y=3} e\n',
    );
    assert.equal(await text(declaration, {}, part(batchOf(one), 2, 2)), '{x=2} c\n{x=1} d\n');
  });

  test('a file may be appended to', async () => {
    assert.equal((await SerializedFile.open(declaration)).serializer.supportsReopen, true);
  });
});
