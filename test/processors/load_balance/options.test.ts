import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/processors/load_balance/index.ts';
import { Group } from '../../kit/group.ts';
import { badValue, optionsContract } from '../../kit/options.ts';
import { refusalOf } from '../../kit/part.ts';

optionsContract({
  declaration,
  defaults: { selector: 'round_robin', backoff: false, 'selector.maxTimeOut': 30000, 'selector.*': {} },
  good: [
    [
      { backoff: 'True', 'selector.maxTimeOut': '1m' },
      { backoff: true, 'selector.maxTimeOut': 60000 },
    ],
    [{ selector: 'file:/x.js', 'selector.weight': '3' }, { 'selector.*': { weight: '3' } }],
  ],
  bad: [
    badValue('selector.maxTimeOut', 'soon', /such as 10s/),
    badValue('selector.maxTimeOut', '-1', /at least 0/),
  ],
  slip: ['backOff', 'backoff'],
});

describe('processor load_balance', () => {
  test('a group of one is refused', async () => {
    const { code, message, detail } = await refusalOf(() => Group.open(declaration, 1));
    assert.equal(code, 'CONF_COMPONENT');
    assert.match(message, /cannot be used for a single sink/);
    assert.equal(detail.component, 'sinkgroup g1');
    assert.match(detail.remedy!, /add a sink/);
  });

  test('a plug-in without createSinkSelector is refused with option, value and remedy', async () => {
    const { code, message, detail } = await refusalOf(() =>
      Group.open(declaration, 2, { selector: './weighted.js' }, async () => ({ default: {} })),
    );
    assert.equal(code, 'CONF_OPTION_VALUE');
    assert.match(message, /weighted\.js exports no function createSinkSelector/);
    assert.deepEqual(
      [detail.component, detail.option, detail.value],
      ['sinkgroup g1', 'processor.selector', './weighted.js'],
    );
    assert.match(detail.remedy!, /round_robin or random/);
  });
});
