import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/processors/failover/index.ts';
import { Group } from '../../kit/group.ts';

const ALL_FAILED = 'All sinks failed to process, nothing left to failover to';
const byNumber = { 'priority.k1': '1', 'priority.k2': '2', 'priority.k3': '3' };

describe('processor failover', () => {
  test('the sink of the largest priority has every batch while it works', async () => {
    const group = await Group.open(declaration, 3, {
      'priority.k1': '5',
      'priority.k2': '100',
      'priority.k3': '-7',
    });
    assert.deepEqual(await group.calls(3), ['k2', 'k2', 'k2']);
  });

  test('sinks without a priority come behind, in the order of the group', async () => {
    const group = await Group.open(declaration, 3, { 'priority.k3': '0' });
    group.moods({ k3: 'fail' });
    assert.equal(await group.call(), 'k3 k1 ready');
    group.moods({ k1: 'fail' });
    assert.equal(await group.call(), 'k1 k2 ready');
  });

  test('a batch that fails goes to the next sink in the same call, and the reason is logged', async () => {
    const group = await Group.open(declaration, 3, byNumber);
    group.moods({ k3: 'fail', k2: 'fail' });
    assert.equal(await group.call(), 'k3 k2 k1 ready');
    assert.equal(await group.call(), 'k1 ready');
    assert.deepEqual(group.log.texts('warn'), [
      'Sink k3 failed and has been sent to failover list',
      'Sink k2 failed and has been sent to failover list',
    ]);
  });

  test('an empty channel is no failure', async () => {
    const group = await Group.open(declaration, 2, byNumber);
    group.moods({ k2: 'backoff' });
    assert.equal(await group.call(), 'k2 backoff');
    assert.equal(await group.call(), 'k2 backoff');
  });

  test('when all fail the call fails, until the first cool-down is over', async () => {
    const group = await Group.open(declaration, 2, byNumber);
    group.moods({ k1: 'fail', k2: 'fail' });
    assert.equal(await group.call(), `k2 k1 ${ALL_FAILED}`);
    assert.equal(await group.call(), ALL_FAILED);
    group.moods({ k1: 'ready', k2: 'ready' });
    group.clock.nowMs += 2001;
    assert.equal(await group.call(), 'k2 ready');
  });

  test('a sink that delivers again is live again and goes before the others', async () => {
    const group = await Group.open(declaration, 2, byNumber);
    group.moods({ k2: 'fail' });
    assert.equal(await group.call(), 'k2 k1 ready');
    group.moods({ k2: 'ready' });
    group.clock.nowMs += 2000;
    assert.equal(await group.call(), 'k1 ready', 'its time is not over');
    group.clock.nowMs += 1;
    assert.equal(await group.call(), 'k2 ready');
    assert.equal(await group.call(), 'k2 ready');
    assert.deepEqual(group.log.texts('info'), ['Sink k2 is live again']);
  });

  for (const [maxpenalty, pauses] of [
    [undefined, [2000, 4000, 8000, 16000, 30000, 30000]],
    ['5000', [2000, 4000, 5000, 5000]],
    ['100', [100, 100]],
  ] as const) {
    test(`maxpenalty ${maxpenalty ?? 'by default'}: a sink that keeps failing is left alone for ${pauses.join(', ')} ms`, async () => {
      const group = await Group.open(declaration, 2, {
        ...byNumber,
        ...(maxpenalty === undefined ? {} : { maxpenalty }),
      });
      group.moods({ k2: 'fail' });
      assert.equal(await group.call(), 'k2 k1 ready');
      for (const pause of pauses) {
        group.clock.nowMs += pause;
        assert.equal(await group.call(), 'k1 ready', `${pause} ms are not over`);
        group.clock.nowMs += 1;
        assert.equal(await group.call(), 'k2 k1 ready', `${pause} ms are over`);
      }
    });
  }

  test('a success ends the row of failures', async () => {
    const group = await Group.open(declaration, 2, byNumber);
    group.moods({ k2: 'fail' });
    await group.call();
    group.clock.nowMs += 2001;
    await group.call();
    group.moods({ k2: 'ready' });
    group.clock.nowMs += 4001;
    assert.equal(await group.call(), 'k2 ready');
    group.moods({ k2: 'fail' });
    assert.equal(await group.call(), 'k2 k1 ready');
    group.clock.nowMs += 2001;
    assert.equal(await group.call(), 'k2 k1 ready', 'two seconds again');
  });

  test('a failed sink whose channel is empty is asked each time, not punished, and keeps nobody waiting', async () => {
    const group = await Group.open(declaration, 2, byNumber);
    group.moods({ k2: 'fail' });
    await group.call();
    group.moods({ k2: 'backoff' });
    group.clock.nowMs += 2001;
    assert.equal(await group.call(), 'k2 k1 ready');
    assert.equal(await group.call(), 'k2 k1 ready');
    group.moods({ k2: 'ready' });
    assert.equal(await group.call(), 'k2 ready');
  });

  test('all failed, the time of one is over, its channel is empty: nothing to do, and no failure', async () => {
    const group = await Group.open(declaration, 2, byNumber);
    group.moods({ k1: 'fail', k2: 'fail' });
    await group.call();
    group.moods({ k1: 'backoff', k2: 'backoff' });
    group.clock.nowMs += 2001;
    assert.equal(await group.call(), 'k2 k1 backoff');
  });
});
