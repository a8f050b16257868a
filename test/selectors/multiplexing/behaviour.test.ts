import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/selectors/multiplexing/index.ts';
import { createSelector, openBatch, routesOf } from '../../kit/editor.ts';
import type { Properties } from '../../kit/part.ts';

const CHANNELS = ['ch1', 'ch2', 'ch3'];

const undefaulted: Properties = {
  header: 'myheader',
  'optional.foo': 'ch2 ch3',
  'optional.xyz': 'ch1 ch3',
  'optional.zebra': 'ch1 ch3',
  'mapping.foo': 'ch1 ch2',
  'mapping.bar': 'ch2 ch3',
  'mapping.xyz': 'ch1 ch2 ch3',
  'mapping.zebra': 'ch2',
};
const { 'mapping.zebra': _, ...rest } = undefaulted;
const mapped: Properties = { ...rest, 'optional.zebra': 'ch1 ch2', default: 'ch1 ch3' };
const onlyOptional: Properties = {
  header: 'myheader',
  'optional.foo': 'ch1 ch2',
  'optional.xyz': 'ch1 ch3',
  'optional.zebra': 'ch2 ch3',
};
const unmapped: Properties = { ...onlyOptional, default: 'ch3' };
const dotted: Properties = { header: 'a.b', 'mapping.x.y': 'ch1', 'mapping.x': 'ch2' };

const words = (text: string) => text.split(' ').filter(Boolean);

describe('selector multiplexing', () => {
  for (const [what, properties, headers, required, optional] of [
    [
      'mapped; of its optional channels those that are not required',
      mapped,
      { myheader: 'foo' },
      'ch1 ch2',
      'ch3',
    ],
    ['mapped, nothing optional', mapped, { myheader: 'bar' }, 'ch2 ch3', ''],
    ['mapped to all: nothing is left to be optional', mapped, { myheader: 'xyz' }, 'ch1 ch2 ch3', ''],
    ['no header: default', mapped, {}, 'ch1 ch3', ''],
    ['another header: default', mapped, { someheader: 'foo' }, 'ch1 ch3', ''],
    ['a value that is not mapped: default', mapped, { myheader: 'bar1' }, 'ch1 ch3', ''],
    ['a value in other letters: default', mapped, { myheader: 'FOO' }, 'ch1 ch3', ''],
    ['a header in other letters: default', mapped, { MyHeader: 'foo' }, 'ch1 ch3', ''],
    ['a blank value: default', mapped, { myheader: '  ' }, 'ch1 ch3', ''],
    ['an empty value: default', mapped, { myheader: '' }, 'ch1 ch3', ''],
    ['a value with blanks around is another value', mapped, { myheader: ' foo' }, 'ch1 ch3', ''],
    ['only optional: default and the rest', mapped, { myheader: 'zebra' }, 'ch1 ch3', 'ch2'],
    ['no default, foo', undefaulted, { myheader: 'foo' }, 'ch1 ch2', 'ch3'],
    ['no default, bar', undefaulted, { myheader: 'bar' }, 'ch2 ch3', ''],
    ['no default, xyz', undefaulted, { myheader: 'xyz' }, 'ch1 ch2 ch3', ''],
    ['no default, zebra', undefaulted, { myheader: 'zebra' }, 'ch2', 'ch1 ch3'],
    ['no default, not mapped: nowhere', undefaulted, { myheader: 'none' }, '', ''],
    ['no mapping, foo', unmapped, { myheader: 'foo' }, 'ch3', 'ch1 ch2'],
    ['no mapping, zebra', unmapped, { myheader: 'zebra' }, 'ch3', 'ch2'],
    ['neither mapping nor default, foo', onlyOptional, { myheader: 'foo' }, '', 'ch1 ch2'],
    ['neither mapping nor default, zebra', onlyOptional, { myheader: 'zebra' }, '', 'ch2 ch3'],
    ['a value with dots', dotted, { 'a.b': 'x.y' }, 'ch1', ''],
    ['the same value up to its dot', dotted, { 'a.b': 'x' }, 'ch2', ''],
    ['the default header', { 'mapping.x': 'ch2' }, { 'flume.selector.header': 'x' }, 'ch2', ''],
    ['a channel named twice', { 'mapping.x': 'ch2 ch2' }, { 'flume.selector.header': 'x' }, 'ch2', ''],
    [
      'an optional channel named twice',
      { 'optional.x': 'ch2 ch2' },
      { 'flume.selector.header': 'x' },
      '',
      'ch2',
    ],
    [
      'a value that is a word of JavaScript',
      { 'optional.constructor': 'ch1', default: 'ch2' },
      { 'flume.selector.header': 'constructor' },
      'ch2',
      'ch1',
    ],
    ['the plain `optional` is not read', { optional: 'ch1', default: 'ch1' }, {}, 'ch1', ''],
  ] as const satisfies readonly (readonly [string, Properties, Properties, string, string])[]) {
    test(what, async () => {
      const selector = await createSelector(declaration, CHANNELS, properties);
      const [route] = routesOf(selector, CHANNELS, [[headers, 'x']]);
      assert.deepEqual(route, { required: words(required), optional: words(optional) });
    });
  }

  test('each event of a batch has its own route; equal ones are one object', async () => {
    const selector = await createSelector(declaration, CHANNELS, mapped);
    assert.equal(selector.uniform, null);
    const values = ['foo', 'bar', 'foo', 'none', 'none'];
    const batch = openBatch(values.map((value) => [{ myheader: value }, 'x']));
    const routes = values.map((_value, i) => selector.route(batch, i));
    assert.equal(routes[0], routes[2]);
    assert.equal(routes[3], routes[4]);
    assert.notEqual(routes[0], routes[1]);
    assert.deepEqual(routes[1], { required: [1, 2], optional: [] });
  });

  test('a header that was set on all events of a batch decides, too', async () => {
    const selector = await createSelector(declaration, CHANNELS, mapped);
    const batch = openBatch([
      [{}, 'x'],
      [{ myheader: 'foo' }, 'y'],
    ]);
    batch.setHeaderOnAll('myheader', 'bar', true);
    assert.deepEqual(selector.route(batch, 0).required, [1, 2]);
    assert.deepEqual(selector.route(batch, 1).required, [0, 1]);
  });
});
