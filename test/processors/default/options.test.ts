import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/processors/default/index.ts';
import { planText } from '../../kit/flow.ts';
import { Group } from '../../kit/group.ts';
import { optionsContract } from '../../kit/options.ts';
import { refusalOf } from '../../kit/part.ts';

optionsContract({ declaration, defaults: {} });

describe('processor default', () => {
  for (const count of [0, 2]) {
    test(`${count} sinks are refused: it takes one only`, async () => {
      const { code, message, detail } = await refusalOf(() => Group.open(declaration, count));
      assert.equal(code, 'CONF_COMPONENT');
      assert.match(message, /sink group g1: the default processor takes one sink only/);
      assert.equal(detail.component, 'sinkgroup g1');
      assert.match(detail.remedy!, /failover or load_balance/);
    });
  }

  test('a group of two is removed when the agent is planned, and its sinks with it', async () => {
    const { plan, findings } = await planText(
      `sources = r1
       channels = c1
       sinks = k1 k2
       sinkgroups = g1
       sources.r1.type = seq
       sources.r1.channels = c1
       channels.c1.type = memory
       sinks.k1.type = null
       sinks.k1.channel = c1
       sinks.k2.type = null
       sinks.k2.channel = c1
       sinkgroups.g1.sinks = k1 k2
       sinkgroups.g1.processor.type = default`,
    );
    assert.ok(
      findings.some(({ component, text }) => component === 'sinkgroup g1' && /one sink only/.test(text)),
    );
    assert.deepEqual(plan!.units.map((unit) => unit.name).sort(), ['c1', 'r1']);
  });
});
