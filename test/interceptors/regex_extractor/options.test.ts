import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/interceptors/regex_extractor/index.ts';
import { intercept } from '../../kit/editor.ts';
import { missing, optionsContract } from '../../kit/options.ts';
import { type Properties, refusalOf } from '../../kit/part.ts';

const MILLIS = 'org.apache.flume.interceptor.RegexExtractorInterceptorMillisSerializer';

optionsContract({
  declaration,
  required: { regex: '(x)', serializers: 's1' },
  defaults: { 'serializers.*': {} },
  good: [
    [{ serializers: ' s1\ts2 ' }, { serializers: ['s1', 's2'] }],
    [{ 'serializers.s1.name': 'level' }, { 'serializers.*': { 's1.name': 'level' } }],
  ],
  bad: [missing('regex'), missing('serializers')],
  slip: ['serializer', 'serializers'],
});

describe('interceptor regex_extractor', () => {
  for (const [what, properties, option, value, text] of [
    [
      'an expression that is none',
      { regex: '?&?&&&?&?&?&&&??' },
      'regex',
      '?&?&&&?&?&?&&&??',
      /^interceptor i1: regex = /,
    ],
    ['no serializer', { serializers: ' ' }, 'serializers', undefined, /names no serializer/],
    ['commas for serializers', { serializers: ',,,' }, 'serializers.,,,.name', undefined, /is missing/],
    ['blank names among commas', { serializers: ' , , ' }, 'serializers.,.name', undefined, /is missing/],
    ['a serializer without a header', { serializers: 's2' }, 'serializers.s2.name', undefined, /is missing/],
    [
      'millis without a pattern',
      { 'serializers.s1.type': MILLIS },
      'serializers.s1.pattern',
      undefined,
      /pattern: it is missing/,
    ],
    [
      'millis with a pattern that is none',
      { 'serializers.s1.type': MILLIS, 'serializers.s1.pattern': 'ABCDEFG' },
      'serializers.s1.pattern',
      'ABCDEFG',
      /^interceptor i1: serializers\.s1\.pattern = ABCDEFG: /,
    ],
    [
      'the default in other letters, which Flume takes for a class',
      { 'serializers.s1.type': 'default' },
      'serializers.s1.type',
      undefined,
      /default is unknown/,
    ],
    ['a type that is none', { 'serializers.s1.type': 'a.b.C' }, 'serializers.s1.type', undefined, /a\.b\.C/],
  ] as const satisfies readonly (readonly [string, Properties, string, string | undefined, RegExp])[]) {
    test(`${what} is refused with interceptor, option and remedy`, async () => {
      const given = { regex: '(.*)', serializers: 's1', 'serializers.s1.name': 't', ...properties };
      const { code, message, detail } = await refusalOf(() => intercept(declaration, given, []));
      assert.equal(code, 'CONF_OPTION_VALUE');
      assert.match(message, text);
      assert.equal(detail.component, 'interceptor i1');
      assert.equal(detail.option, option);
      assert.equal(detail.value, value);
      assert.ok(detail.remedy);
    });
  }
});
