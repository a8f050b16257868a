import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/interceptors/search_replace/index.ts';
import { intercept, openBatch } from '../../kit/editor.ts';
import { createPart, type Properties } from '../../kit/part.ts';

const FOX = 'The quick brown ([a-z]+) jumped over the lazy ([a-z]+).';

describe('interceptor search_replace', () => {
  for (const [what, properties, body, wanted] of [
    [
      'removes a prefix, once',
      { searchPattern: '^prefix', replaceString: '' },
      'prefix non-prefix suffix',
      ' non-prefix suffix',
    ],
    [
      'strips the priority of syslog',
      { searchPattern: '^<[0-9]+>', replaceString: '' },
      '<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!',
      'Feb  5 17:32:18 10.0.0.99 Use the BFG!',
    ],
    [
      'puts groups where $n stands',
      { searchPattern: FOX, replaceString: 'The hungry $2 ate the careless $1.' },
      'The quick brown fox jumped over the lazy dog.',
      'The hungry dog ate the careless fox.',
    ],
    [
      'replaces every match',
      { searchPattern: '[A-Za-z0-9_.]+@[A-Za-z0-9_-]+\\.com', replaceString: 'REDACTED' },
      'Email addresses: test@test.com and foo@test.com',
      'Email addresses: REDACTED and REDACTED',
    ],
    [
      'replaces by nothing when nothing is given',
      { searchPattern: '^[A-Za-z0-9_]+' },
      'Abc123@test.com',
      '@test.com',
    ],
    [
      'replaces by the empty text',
      { searchPattern: '^\\w+', replaceString: '' },
      'Abc123@test.com',
      '@test.com',
    ],
    [
      'grows a body',
      { searchPattern: 'a', replaceString: 'a long piece of text, longer than the body' },
      'a',
      'a long piece of text, longer than the body',
    ],
    ['takes \\$ for a dollar sign', { searchPattern: 'EUR', replaceString: '\\$' }, '5 EUR', '5 $'],
    ['finds matches without length', { searchPattern: 'x*', replaceString: '-' }, 'axb', '-a--b-'],
    [
      'leaves a body without a match alone',
      { searchPattern: 'nothing', replaceString: 'x' },
      'some text',
      'some text',
    ],
    ['leaves an empty body alone', { searchPattern: 'a+', replaceString: 'x' }, '', ''],
  ] as const satisfies readonly (readonly [string, Properties, string, string])[]) {
    test(what, async () => {
      assert.deepEqual(await intercept(declaration, properties, [[{ h: '1' }, body]]), [
        { headers: { h: '1' }, body: wanted },
      ]);
    });
  }

  test('bodies are read and written in the charset', async () => {
    const properties = { searchPattern: 'é', replaceString: 'ü', charset: 'ISO-8859-1' };
    const interceptor = await createPart(declaration, properties, {});
    const builder = openBatch([[{}, Buffer.from([0x61, 0xe9, 0x62])]]);
    interceptor.intercept(builder);
    assert.deepEqual([...builder.bodyView(0)], [0x61, 0xfc, 0x62]);
  });

  test('bytes of a body without a match stay, even those that no text gives', async () => {
    const interceptor = await createPart(declaration, { searchPattern: 'x', replaceString: 'y' }, {});
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80]);
    const builder = openBatch([[{}, bytes]]);
    interceptor.intercept(builder);
    assert.deepEqual(builder.bodyView(0), bytes);
  });

  test('neighbours of a body that grows or shrinks stay whole', async () => {
    const properties = { searchPattern: 'b+', replaceString: '<$0$0>' };
    const read = await intercept(declaration, properties, [
      [{}, 'aaaa'],
      [{}, 'bbbb'],
      [{}, 'cccc'],
      [{}, 'dbd'],
    ]);
    assert.deepEqual(
      read.map(({ body }) => body),
      ['aaaa', '<bbbbbbbb>', 'cccc', 'd<bb>d'],
    );
  });
});
