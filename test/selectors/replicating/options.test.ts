import assert from 'node:assert/strict';
import { test } from 'node:test';
import declaration from '../../../src/selectors/replicating/index.ts';
import { createSelector } from '../../kit/editor.ts';
import { optionsContract } from '../../kit/options.ts';
import { RecordedLog } from '../../kit/part.ts';

optionsContract({
  declaration,
  defaults: { optional: [] },
  good: [[{ optional: ' c1 \t c2 ' }, { optional: ['c1', 'c2'] }]],
  slip: ['optinal', 'optional'],
});

test('an optional name that is no channel of the source is told of and ignored', async () => {
  const log = new RecordedLog();
  const selector = await createSelector(declaration, ['c1', 'c2'], { optional: 'c2 c3' }, { log });
  assert.deepEqual(selector.uniform, { required: [0], optional: [1] });
  assert.deepEqual(log.texts('warn'), [
    'selector.optional of source r1: c3 is not a channel of the source; ignored',
  ]);
});
