import assert from 'node:assert/strict';
import { test } from 'node:test';
import declaration from '../../../src/processors/default/index.ts';
import { Group } from '../../kit/group.ts';

test('processor default: what its sink does is what it does', async () => {
  const group = await Group.open(declaration, 1);
  assert.equal(await group.call(), 'k1 ready');
  group.moods({ k1: 'backoff' });
  assert.equal(await group.call(), 'k1 backoff');
  group.moods({ k1: 'fail' });
  assert.equal(await group.call(), 'k1 sink k1 fails, as it was told to');
});
