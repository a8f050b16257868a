import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/interceptors/remove_header/index.ts';
import staticDeclaration from '../../../src/interceptors/static/index.ts';
import { intercept, openBatch, readBack } from '../../kit/editor.ts';
import { createPart, type Properties } from '../../kit/part.ts';

const NAMES = ['10', '11', '12', '20', '21'].map((n) => `my-header${n}`);

function headersOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, name]));
}

describe('interceptor remove_header', () => {
  for (const [what, properties, left] of [
    ['nothing is asked for', {}, '10 11 12 20 21'],
    ['one by name', { withName: 'my-header20' }, '10 11 12 21'],
    ['a name in other letters is another name', { withName: 'MY-HEADER20' }, '10 11 12 20 21'],
    ['a list with commas', { fromList: 'my-header20, my-header11' }, '10 12 21'],
    ['a list with commas and no blanks', { fromList: 'my-header20,my-header11' }, '10 12 21'],
    [
      'a list with another separator than it is told',
      { fromList: 'my-header20;my-header11' },
      '10 11 12 20 21',
    ],
    [
      'a list with a separator of its own',
      { fromList: 'my-header20;my-header11', fromListSeparator: ';' },
      '10 12 21',
    ],
    [
      'commas where the separator is another',
      { fromList: 'my-header20, my-header11', fromListSeparator: ';' },
      '10 11 12 20 21',
    ],
    ['an expression that matches whole names', { matching: 'my-header1.*' }, '20 21'],
    ['an expression that matches a part of a name only', { matching: 'header1' }, '10 11 12 20 21'],
    [
      'any of the three',
      {
        matching: 'my-header2.*',
        fromList: 'my-header10;my-header12',
        fromListSeparator: ';',
        withName: 'my-header11',
      },
      '',
    ],
  ] as const satisfies readonly (readonly [string, Properties, string])[]) {
    test(`${what}: ${left || 'none'} stay`, async () => {
      const read = await intercept(declaration, properties, [
        [headersOf(NAMES), 'My test event'],
        [{}, 'My test event'],
      ]);
      const names = left.split(' ').filter((n) => n !== '');
      assert.deepEqual(read, [
        { headers: headersOf(names.map((n) => `my-header${n}`)), body: 'My test event' },
        { headers: {}, body: 'My test event' },
      ]);
    });
  }

  test('what an interceptor before it set on all events goes too', async () => {
    const builder = openBatch([
      [{ own: '1' }, 'a'],
      [{}, 'b'],
    ]);
    for (const [key, value] of [
      ['dc', 'NYC'],
      ['keep', 'me'],
    ] as const) {
      (await createPart(staticDeclaration, { key, value }, {})).intercept(builder);
    }
    (await createPart(declaration, { withName: 'dc' }, {})).intercept(builder);
    assert.deepEqual(
      readBack(builder).map(({ headers }) => headers),
      [{ keep: 'me', own: '1' }, { keep: 'me' }],
    );
  });
});
