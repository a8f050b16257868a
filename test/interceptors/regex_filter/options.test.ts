import assert from 'node:assert/strict';
import { test } from 'node:test';
import declaration from '../../../src/interceptors/regex_filter/index.ts';
import { intercept } from '../../kit/editor.ts';
import { optionsContract } from '../../kit/options.ts';
import { refusalOf } from '../../kit/part.ts';

optionsContract({
  declaration,
  defaults: { regex: '.*', excludeEvents: false },
  good: [
    [
      { regex: '^ERROR', excludeEvents: 'true' },
      { regex: '^ERROR', excludeEvents: true },
    ],
  ],
  slip: ['excludeEvent', 'excludeEvents'],
});

test('an expression that is none is refused with interceptor, option, value and remedy', async () => {
  const { message, code, detail } = await refusalOf(() => intercept(declaration, { regex: '(a' }, []));
  assert.equal(code, 'CONF_OPTION_VALUE');
  assert.match(message, /^interceptor i1: regex = \(a: /);
  assert.equal(detail.component, 'interceptor i1');
  assert.equal(detail.option, 'regex');
  assert.equal(detail.value, '(a');
  assert.ok(detail.remedy);
});
