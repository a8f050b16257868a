import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/interceptors/remove_header/index.ts';
import { intercept } from '../../kit/editor.ts';
import { optionsContract } from '../../kit/options.ts';
import { refusalOf } from '../../kit/part.ts';

optionsContract({
  declaration,
  defaults: { withName: undefined, fromList: undefined, fromListSeparator: '\\s*,\\s*', matching: undefined },
  good: [
    [
      { fromList: 'a;b', fromListSeparator: ';' },
      { fromList: 'a;b', fromListSeparator: ';' },
    ],
  ],
  slip: ['withname', 'withName'],
});

describe('interceptor remove_header', () => {
  for (const option of ['fromListSeparator', 'matching']) {
    test(`${option} = ( is refused with interceptor, option, value and remedy`, async () => {
      const properties = { fromList: 'a', [option]: '(' };
      const { code, message, detail } = await refusalOf(() => intercept(declaration, properties, []));
      assert.equal(code, 'CONF_OPTION_VALUE');
      assert.ok(message.startsWith(`interceptor i1: ${option} = (: `), message);
      assert.deepEqual([detail.component, detail.option, detail.value], ['interceptor i1', option, '(']);
      assert.ok(detail.remedy);
    });
  }
});
