import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/selectors/replicating/index.ts';
import { createSelector, routesOf } from '../../kit/editor.ts';
import type { Properties } from '../../kit/part.ts';

const CHANNELS = ['ch1', 'ch2', 'ch3', 'ch4'];

describe('selector replicating', () => {
  for (const [what, properties, required, optional] of [
    ['every channel is required', {}, 'ch1 ch2 ch3 ch4', ''],
    ['one is optional', { optional: 'ch1' }, 'ch2 ch3 ch4', 'ch1'],
    ['two are optional', { optional: 'ch1 ch4' }, 'ch2 ch3', 'ch1 ch4'],
    ['one is named twice', { optional: 'ch1 ch4 ch1' }, 'ch2 ch3', 'ch1 ch4'],
    ['all are optional', { optional: 'ch4 ch3 ch2 ch1' }, '', 'ch1 ch2 ch3 ch4'],
    ['names are compared letter by letter', { optional: 'CH1' }, 'ch1 ch2 ch3 ch4', ''],
  ] as const satisfies readonly (readonly [string, Properties, string, string])[]) {
    test(what, async () => {
      const selector = await createSelector(declaration, CHANNELS, properties);
      const [route] = routesOf(selector, CHANNELS, [[{}, 'x']]);
      assert.deepEqual(route, {
        required: required.split(' ').filter(Boolean),
        optional: optional.split(' ').filter(Boolean),
      });
    });
  }

  test('the route is the same for every event, so that batches are never split', async () => {
    const selector = await createSelector(declaration, CHANNELS, { optional: 'ch2' });
    assert.deepEqual(selector.uniform, { required: [0, 2, 3], optional: [1] });
  });
});
