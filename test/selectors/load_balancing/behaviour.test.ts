import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/selectors/load_balancing/index.ts';
import { createSelector, type EventOf, routesOf } from '../../kit/editor.ts';

const CHANNELS = ['ch1', 'ch2', 'ch3', 'ch4'];
const events = (count: number) => Array.from({ length: count }, (): EventOf => [{}, 'x']);

describe('selector load_balancing', () => {
  test('round robin gives event by event to one channel, from the first one on', async () => {
    const selector = await createSelector(declaration, CHANNELS, {});
    const routes = routesOf(selector, CHANNELS, events(6));
    assert.deepEqual(
      routes.map(({ required }) => required),
      [['ch1'], ['ch2'], ['ch3'], ['ch4'], ['ch1'], ['ch2']],
    );
    for (const { optional } of routes) assert.deepEqual(optional, []);
  });

  test('the turn goes on from batch to batch', async () => {
    const selector = await createSelector(declaration, CHANNELS, { policy: 'round_robin' });
    const firsts = [1, 1, 2, 1].map((count) => routesOf(selector, CHANNELS, events(count))[0]!.required[0]);
    assert.deepEqual(firsts, ['ch1', 'ch2', 'ch3', 'ch1']);
  });

  test('random gives each event to one channel, and none is left out', async (t) => {
    const values = [0, 0.25, 0.999, 0.5, 0.249];
    t.mock.method(Math, 'random', () => values.shift());
    const selector = await createSelector(declaration, CHANNELS, { policy: 'random' });
    const routes = routesOf(selector, CHANNELS, events(5));
    assert.deepEqual(
      routes.map(({ required }) => required),
      [['ch1'], ['ch2'], ['ch4'], ['ch3'], ['ch1']],
    );
  });

  test('one channel gets everything', async () => {
    for (const policy of ['round_robin', 'random']) {
      const selector = await createSelector(declaration, ['ch1'], { policy });
      for (const { required } of routesOf(selector, ['ch1'], events(3))) assert.deepEqual(required, ['ch1']);
    }
  });
});
