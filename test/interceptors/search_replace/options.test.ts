import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/interceptors/search_replace/index.ts';
import { intercept } from '../../kit/editor.ts';
import { missing, optionsContract } from '../../kit/options.ts';
import { refusalOf } from '../../kit/part.ts';

optionsContract({
  declaration,
  required: { searchPattern: 'x' },
  defaults: { replaceString: '', charset: 'UTF-8' },
  good: [
    [
      { replaceString: '$1', charset: 'ISO-8859-1' },
      { replaceString: '$1', charset: 'ISO-8859-1' },
    ],
  ],
  bad: [missing('searchPattern')],
  slip: ['replacestring', 'replaceString'],
});

describe('interceptor search_replace', () => {
  for (const [option, value, remedy] of [
    ['searchPattern', '[a', /./],
    ['replaceString', '$7', /\\\$/],
    ['replaceString', 'cost: 5$', /\\\$/],
    ['charset', 'UTF-9', /UTF-8/],
  ] as const) {
    test(`${option} = ${value} is refused with interceptor, option, value and remedy`, async () => {
      const properties = { searchPattern: '(a)', [option]: value };
      const { code, message, detail } = await refusalOf(() => intercept(declaration, properties, []));
      assert.equal(code, 'CONF_OPTION_VALUE');
      assert.ok(message.startsWith(`interceptor i1: ${option} = ${value}: `), message);
      assert.deepEqual([detail.component, detail.option, detail.value], ['interceptor i1', option, value]);
      assert.match(detail.remedy!, remedy);
    });
  }
});
