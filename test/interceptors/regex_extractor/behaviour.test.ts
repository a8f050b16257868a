import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/interceptors/regex_extractor/index.ts';
import { type EventOf, intercept } from '../../kit/editor.ts';
import type { Properties } from '../../kit/part.ts';

const PACKAGE = 'org.apache.flume.interceptor.RegexExtractorInterceptor';
const TIME = '^(\\d\\d\\d\\d-\\d\\d-\\d\\d\\s\\d\\d:\\d\\d)(:\\d\\d,\\d\\d\\d)';

/** Serializers s1, s2 … of the headers. */
function headers(...names: readonly string[]): Properties {
  const ids = names.map((_, n) => `s${n + 1}`);
  return {
    serializers: ids.join(' '),
    ...Object.fromEntries(ids.map((id, n) => [`serializers.${id}.name`, names[n]!])),
  };
}

function millis(header: string, pattern: string): Properties {
  return {
    ...headers(header),
    'serializers.s1.type': `${PACKAGE}MillisSerializer`,
    'serializers.s1.pattern': pattern,
  };
}

/** What the default zone makes of a local time. */
const local = (text: string) => `${new Date(text).getTime()}`;

describe('interceptor regex_extractor', () => {
  for (const [what, properties, body, wanted] of [
    [
      'sets a header a group',
      { regex: '(\\d):(\\d):(\\d)', ...headers('Num1', 'Num2', 'Num3') },
      '1:2:3.4foobar5',
      { Num1: '1', Num2: '2', Num3: '3' },
    ],
    [
      'leaves groups without a serializer out',
      { regex: TIME, ...headers('timestamp') },
      '2012-10-17 14:34:44,338',
      { timestamp: '2012-10-17 14:34' },
    ],
    [
      'sets no header for serializers without a group',
      { regex: '(a)', ...headers('one', 'two') },
      'a',
      { one: 'a' },
    ],
    [
      'sets no header for a group that took no part',
      { regex: '(a)|(b)', ...headers('a', 'b') },
      'b',
      { b: 'b' },
    ],
    ['uses the first match only', { regex: '(\\d)', ...headers('n') }, 'x1y2', { n: '1' }],
    ['leaves an event without a match alone', { regex: '(\\d)', ...headers('n') }, 'none', {}],
    [
      'passes text through',
      { regex: '(.*)', ...headers('t') },
      'testing (1,2,3,4)',
      { t: 'testing (1,2,3,4)' },
    ],
    [
      'passes text through with the class',
      { regex: '(.*)', ...headers('t'), 'serializers.s1.type': `${PACKAGE}PassThroughSerializer` },
      'ü €',
      { t: 'ü €' },
    ],
    [
      'makes ms of a time, in the default zone',
      { regex: '(.*)', ...millis('t', 'yyyy-MM-dd HH:mm:ss') },
      '2024-06-04 08:09:10',
      { t: local('2024-06-04T08:09:10') },
    ],
    [
      'makes ms of a time that names its zone',
      { regex: '(.*)', ...millis('t', "yyyy-MM-dd'T'HH:mm:ssZ") },
      '2024-06-04T08:09:10+0200',
      { t: '1717481350000' },
    ],
    [
      'lets serializers stand beside each other',
      {
        regex: TIME,
        ...headers('timestamp', 'data'),
        ...millis('timestamp', 'yyyy-MM-dd HH:mm'),
        serializers: 's1 s2',
      },
      '2024-06-04 08:09:00,000',
      { timestamp: local('2024-06-04T08:09:00'), data: ':00,000' },
    ],
  ] as const satisfies readonly (readonly [string, Properties, string, EventOf[0]])[]) {
    test(what, async () => {
      assert.deepEqual(await intercept(declaration, properties, [[{}, body]]), [
        { headers: { ...wanted }, body },
      ]);
    });
  }

  test('a header that is there is replaced, others stay', async () => {
    const properties = { regex: '^(\\w+)', ...headers('level') };
    const read = await intercept(declaration, properties, [
      [{ level: 'old', host: 'a' }, 'ERROR disk'],
      [{ level: 'old' }, '!'],
    ]);
    assert.deepEqual(
      read.map((event) => event.headers),
      [{ host: 'a', level: 'ERROR' }, { level: 'old' }],
    );
  });

  test('a time that does not fit its pattern fails the batch and says which', async () => {
    const properties = { regex: '(.*)', ...millis('t', 'yyyy-MM-dd') };
    const events: EventOf[] = [
      [{}, '2024-06-04'],
      [{}, 'yesterday'],
    ];
    await assert.rejects(intercept(declaration, properties, events), /"yesterday".*yyyy-MM-dd/);
  });
});
