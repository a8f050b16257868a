import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/processors/failover/index.ts';
import { Group } from '../../kit/group.ts';
import { badValue, optionsContract } from '../../kit/options.ts';

optionsContract({
  declaration,
  defaults: { 'priority.*': {}, maxpenalty: 30000 },
  good: [
    [{ 'priority.k1': '5', 'priority.k2': '-10' }, { 'priority.*': { k1: '5', k2: '-10' } }],
    [{ maxpenalty: '10s' }, { maxpenalty: 10000 }],
    [{ maxpenalty: '0' }, { maxpenalty: 0 }],
  ],
  bad: [
    badValue('maxpenalty', 'long', /such as 10s/, 'warning'),
    badValue('maxpenalty', '-1', /at least 0/, 'warning'),
  ],
  slip: ['maxPenalty', 'maxpenalty'],
});

describe('processor failover', () => {
  test('a priority that is no number: a warning that names it, and the default instead, as in Flume', async () => {
    const group = await Group.open(declaration, 3, { 'priority.k1': 'high', 'priority.k3': '1' });
    assert.deepEqual(group.log.texts('warn'), [
      'sink group g1: priority.k1 = high is no whole number; -1 is used instead (give a whole number)',
    ]);
    group.moods({ k3: 'fail' });
    assert.equal(await group.call(), 'k3 k1 ready');
  });

  test('a sink whose priority another one has is not used, and that is told', async () => {
    const group = await Group.open(declaration, 3, {
      'priority.k1': '5',
      'priority.k2': '5',
      'priority.k3': '1',
    });
    const [line] = group.log.texts('warn');
    assert.match(
      line!,
      /^Sink k2 not added .* priority duplicates that of sink k1: give it a priority of its own$/,
    );
    group.moods({ k1: 'fail', k3: 'fail' });
    assert.match(await group.call(), /^k1 k3 All sinks failed/);
  });
});
