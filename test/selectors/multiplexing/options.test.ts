import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/selectors/multiplexing/index.ts';
import { createSelector } from '../../kit/editor.ts';
import { planText } from '../../kit/flow.ts';
import { optionsContract } from '../../kit/options.ts';
import { type Properties, refusalOf } from '../../kit/part.ts';

optionsContract({
  declaration,
  defaults: { header: 'flume.selector.header', 'mapping.*': {}, default: undefined, 'optional.*': {} },
  good: [
    [{ 'mapping.a.b.c': 'c1 c2' }, { 'mapping.*': { 'a.b.c': 'c1 c2' } }],
    [{ 'optional.x': 'c1' }, { 'optional.*': { x: 'c1' } }],
  ],
  slip: ['defualt', 'default'],
});

describe('selector multiplexing', () => {
  for (const [option, value, wrong] of [
    ['mapping.x', 'c1 c3', 'c3'],
    ['mapping.x', 'c1  c2', ''],
    ['mapping.x', 'C1', 'C1'],
    ['mapping.x', 'c1,c2', 'c1,c2'],
    ['default', 'c3', 'c3'],
    ['optional.x', 'c2 c4', 'c4'],
  ] as const) {
    const properties: Properties = { header: 'h', [option]: value };

    test(`${option} = ${JSON.stringify(value)} is refused with option, name and the channels that there are`, async () => {
      const { code, message, detail } = await refusalOf(() =>
        createSelector(declaration, ['c1', 'c2'], properties),
      );
      assert.equal(code, 'CONF_OPTION_VALUE');
      assert.equal(message, `Selector channel not found: ${wrong || '(empty name)'}`);
      assert.equal(detail.component, 'selector of source r1');
      assert.equal(detail.option, option);
      assert.equal(detail.value, wrong);
      assert.match(detail.remedy!, /c1, c2.*one blank/);
    });
  }

  test('a mapping to a channel of another source removes the source when the agent is planned', async () => {
    const { plan, findings } = await planText(
      `sources = r1 r2
       channels = c1 c2
       sources.r1.type = seq
       sources.r1.channels = c1
       sources.r1.selector.type = multiplexing
       sources.r1.selector.header = h
       sources.r1.selector.mapping.x = c2
       sources.r2.type = seq
       sources.r2.channels = c1 c2
       channels.c1.type = memory
       channels.c2.type = memory`,
    );
    const removed = findings.find((finding) => finding.component === 'source r1');
    assert.equal(removed?.severity, 'error');
    assert.match(removed!.text, /Selector channel not found: c2 \(selector\.mapping\.x = c2\)/);
    assert.deepEqual(plan!.units.map((unit) => unit.name).sort(), ['c1', 'c2', 'r2']);
  });
});
