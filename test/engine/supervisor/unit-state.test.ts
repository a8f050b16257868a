import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  moveTo,
  newState,
  shownState,
  type UnitStateName,
} from '../../../src/engine/supervisor/unit-state.ts';

function stateAt(...moves: readonly UnitStateName[]) {
  const state = newState({
    kind: 'channel',
    name: 'c1',
    type: 'memory',
    alias: 'memory',
    properties: {},
    transactionEventsMax: null,
    durable: false,
    counters: [],
  });
  for (const to of moves) assert.ok(moveTo(state, to), `${state.state} → ${to}`);
  return state;
}

describe('the lifecycle of a unit', () => {
  test('goes from new to stopped, and again from failed', () => {
    const state = stateAt('opening', 'open', 'starting', 'running', 'failed', 'opening', 'open', 'running');
    assert.equal(shownState(state, null), 'running');
    assert.equal(shownState(state, 'slow disk'), 'degraded');
    assert.ok(moveTo(state, 'closing'));
    assert.ok(moveTo(state, 'stopped'));
  });

  for (const [from, to] of [
    [['opening', 'closing', 'stopped'], 'open'],
    [['opening', 'closing'], 'open'],
    [['opening', 'removed'], 'running'],
    [['opening', 'removed'], 'stopped'],
    [[], 'running'],
    [['opening', 'open', 'running', 'closing', 'stopped'], 'failed'],
  ] as const) {
    test(`a late message changes nothing: ${from.at(-1) ?? 'new'} → ${to}`, () => {
      const state = stateAt(...from);
      const before = state.state;
      assert.equal(moveTo(state, to), false);
      assert.equal(state.state, before);
    });
  }
});
