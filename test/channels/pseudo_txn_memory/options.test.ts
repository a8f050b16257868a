import assert from 'node:assert/strict';
import { test } from 'node:test';
import declaration from '../../../src/channels/pseudo_txn_memory/index.ts';
import { parseOptions } from '../../../src/component/options/parse.ts';
import { badValue, optionsContract } from '../../kit/options.ts';

optionsContract({
  declaration,
  defaults: { capacity: 50, 'keep-alive': 3 },
  good: [
    [
      { capacity: '5', 'keep-alive': '10' },
      { capacity: 5, 'keep-alive': 10 },
    ],
  ],
  bad: [
    badValue('capacity', '0', /^give a whole number of events, at least 1$/),
    badValue('capacity', 'x', /^give a whole number of events, at least 1$/),
  ],
  slip: ['capcity', 'capacity'],
});

test('keep-alive is accepted and told to have no effect', () => {
  const { findings } = parseOptions(declaration.options, { 'keep-alive': '5' }, { component: 'channel c1' });
  const [{ code, severity, text } = assert.fail('nothing is told')] = findings;
  assert.deepEqual([code, severity], ['CONF_DEPRECATED', 'warning']);
  assert.match(text, /keep-alive is deprecated: it has no effect/);
});
