import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/channels/pseudo_txn_memory/index.ts';
import { ChannelRig } from '../../kit/channel.ts';

const HOUR = 3_600_000;
const times = (count: number) => Array<number>(count).fill(10);

describe('channel pseudo_txn_memory', () => {
  test('it holds 50 events by default; a put that finds no room waits, however long, and is never refused', async () => {
    const rig = await ChannelRig.open(declaration);
    assert.equal(rig.put(times(50)), 'ok');
    assert.equal(rig.put(times(1), 24 * HOUR), 'waits');
    assert.equal(rig.channel.size(), 50);
    assert.equal(rig.channel.nextTickMs(0), Number.POSITIVE_INFINITY);
    rig.drain(20);
    assert.equal(rig.channel.size(), 31);
    assert.equal(rig.put(times(5)), 'ok');
  });

  test('a batch larger than the channel goes through bit by bit', async () => {
    const rig = await ChannelRig.open(declaration, { capacity: '3' });
    assert.equal(rig.put(times(8)), 'waits');
    let taken = 0;
    for (const count of [3, 3, 2]) {
      rig.drain(count);
      taken += count;
    }
    assert.equal(taken, 8);
    assert.equal(rig.channel.hasNext(), false);
  });

  test('a take that fails is handed out again (Flume’s class loses it)', async () => {
    const rig = await ChannelRig.open(declaration);
    rig.put(times(10));
    rig.channel.rollback(rig.take(10));
    rig.drain(10);
  });

  test('ChannelCapacity tells the capacity', async () => {
    const rig = await ChannelRig.open(declaration, { capacity: '7' });
    assert.equal(rig.counters.get('ChannelCapacity'), 7);
  });
});
