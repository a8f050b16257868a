import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/processors/load_balance/index.ts';
import { Group } from '../../kit/group.ts';
import * as lastFirst from '../../kit/plugins/last-first.ts';

const ALL_FAILED = 'All configured sinks have failed';

describe('processor load_balance', () => {
  test('round robin: the turn goes from sink to sink, call by call', async () => {
    const group = await Group.open(declaration, 3, { selector: 'ROUND_ROBIN' });
    assert.deepEqual(await group.calls(5), ['k1', 'k2', 'k3', 'k1', 'k2']);
  });

  test('the turn moves on with calls that find nothing', async () => {
    const group = await Group.open(declaration, 2);
    group.moods({ k1: 'backoff' });
    assert.equal(await group.call(), 'k1 backoff');
    assert.equal(await group.call(), 'k2 ready');
  });

  test('a batch that fails goes to the sinks behind in the same call, and each is told of', async () => {
    const group = await Group.open(declaration, 3);
    group.moods({ k1: 'fail', k2: 'fail' });
    assert.deepEqual(await group.calls(4), ['k1 k2 k3', 'k2 k3', 'k3', 'k1 k2 k3']);
    assert.match(group.log.texts('warn')[0]!, /^Sink failed to consume event\. .*\(sink k1\)$/);
  });

  test('when all fail the call fails', async () => {
    const group = await Group.open(declaration, 2);
    group.moods({ k1: 'fail', k2: 'fail' });
    assert.equal(await group.call(), `k1 k2 ${ALL_FAILED}`);
    assert.equal(await group.call(), `k2 k1 ${ALL_FAILED}`);
  });

  test('random: every order comes, every sink is tried once', async () => {
    const group = await Group.open(declaration, 3, { selector: 'Random' });
    group.moods({ k1: 'fail', k2: 'fail', k3: 'fail' });
    const orders = new Set<string>();
    // One of six orders is missing after 300 calls once in 10^23 runs.
    for (let n = 0; n < 300; n++) orders.add((await group.call()).replace(ALL_FAILED, '').trim());
    assert.deepEqual([...orders].sort(), [
      'k1 k2 k3',
      'k1 k3 k2',
      'k2 k1 k3',
      'k2 k3 k1',
      'k3 k1 k2',
      'k3 k2 k1',
    ]);
  });

  test('backoff: a sink that failed is passed over for its time; the turn is among the others', async () => {
    const group = await Group.open(declaration, 3, { backoff: 'true' });
    group.moods({ k1: 'fail' });
    assert.equal(await group.call(), 'k1 k2 ready');
    const tried = new Set(await group.calls(6));
    assert.deepEqual([...tried].sort(), ['k2', 'k3']);
    group.moods({ k1: 'ready' });
    group.clock.nowMs += 2000;
    assert.ok((await group.calls(3)).includes('k1'));
  });

  for (const [maxTimeOut, pauses] of [
    [undefined, [2000, 4000, 8000, 16000, 30000, 30000]],
    ['3000', [2000, 3000, 3000]],
    ['70000000', [2000, 4000, 8000, 16000, 32000, 64000, 128000]],
  ] as const) {
    test(`maxTimeOut ${maxTimeOut ?? 'by default'}: pauses of ${pauses.join(', ')} ms`, async () => {
      const properties = maxTimeOut === undefined ? {} : { 'selector.maxTimeOut': maxTimeOut };
      const group = await Group.open(declaration, 2, { backoff: 'true', ...properties });
      group.moods({ k1: 'fail', k2: 'fail' });
      assert.equal(await group.call(), `k1 k2 ${ALL_FAILED}`);
      for (const pause of pauses) {
        group.clock.nowMs += pause - 1;
        assert.equal(await group.call(), ALL_FAILED, `${pause} ms are not over`);
        group.clock.nowMs += 1;
        assert.match(await group.call(), /^k[12] k[12] All/, `${pause} ms are over`);
      }
    });
  }

  test('random with all sinks backed off is “all failed”, not an error of its own', async () => {
    const group = await Group.open(declaration, 2, { selector: 'random', backoff: 'true' });
    group.moods({ k1: 'fail', k2: 'fail' });
    await group.call();
    assert.equal(await group.call(), ALL_FAILED);
  });

  test('failures an hour and the last pause apart are no row; those less apart are', async () => {
    for (const [apartMs, nextPauseMs] of [
      [3_600_000 + 2000, 2000],
      [3_600_000 + 1999, 4000],
    ] as const) {
      const group = await Group.open(declaration, 2, { backoff: 'true' });
      group.moods({ k1: 'fail', k2: 'fail' });
      await group.call();
      group.clock.nowMs += apartMs;
      await group.call();
      group.clock.nowMs += nextPauseMs - 1;
      assert.equal(await group.call(), ALL_FAILED);
      group.clock.nowMs += 1;
      assert.notEqual(await group.call(), ALL_FAILED);
    }
  });

  test('a batch delivered ends the row of failures', async () => {
    const group = await Group.open(declaration, 2, { backoff: 'true' });
    group.moods({ k1: 'fail', k2: 'fail' });
    await group.call();
    group.clock.nowMs += 2000;
    await group.call();
    group.moods({ k1: 'ready', k2: 'ready' });
    group.clock.nowMs += 4000;
    await group.calls(2);
    group.moods({ k1: 'fail', k2: 'fail' });
    await group.call();
    group.clock.nowMs += 2000;
    assert.match(await group.call(), /^k[12] k[12] All/);
  });

  describe('a selector by plug-in', () => {
    const open = (properties = {}) =>
      Group.open(declaration, 3, { selector: './last-first.js', ...properties }, async (specifier) => {
        assert.equal(specifier, './last-first.js');
        return { ...lastFirst };
      });

    test('gives the order, and is told which sinks failed', async () => {
      const group = await open();
      assert.deepEqual(await group.calls(2), ['k3', 'k3']);
      group.moods({ k3: 'fail' });
      assert.deepEqual(await group.calls(2), ['k3 k2', 'k2']);
    });

    test('has its options', async () => {
      const group = await open({ 'selector.only': 'k1 k2' });
      group.moods({ k1: 'fail', k2: 'fail' });
      assert.equal(await group.call(), `k2 k1 ${ALL_FAILED}`);
    });

    test('is not shown sinks that are backed off', async () => {
      const group = await open({ backoff: 'true' });
      group.moods({ k3: 'fail' });
      assert.deepEqual(await group.calls(3), ['k3 k2', 'k2', 'k2']);
    });

    test('names of no sink are passed over', async () => {
      const group = await Group.open(declaration, 2, { selector: './x.js' }, async () => ({
        createSinkSelector: () => ({ order: () => ['k9', 'k2'] }),
      }));
      assert.equal(await group.call(), 'k2 ready');
    });
  });
});
