/** Room as Flume's memory channel counts it. Order, whole batches and recovery are the channel contract's. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/channels/memory/index.ts';
import { ChannelRig, type PutResult } from '../../kit/channel.ts';
import type { Properties } from '../../kit/part.ts';

const OVER = 3001;
const bytes2000 = { byteCapacity: '2000', byteCapacityBufferPercentage: '20' };

type Step =
  | readonly ['put', readonly number[], PutResult]
  | readonly ['take', number]
  | readonly ['configure', Properties];

const times = (count: number, size: number) => Array<number>(count).fill(size);

const cases: readonly (readonly [string, Properties, readonly Step[]])[] = [
  [
    'what is put can be taken',
    {},
    [
      ['put', [10], 'ok'],
      ['take', 1],
    ],
  ],
  [
    'capacity counts events; more capacity holds what it found; less does, too, but takes nothing more',
    { capacity: '5', transactionCapacity: '5' },
    [
      ['put', times(5, 12), 'ok'],
      ['put', [14], 'full-slots'],
      ['configure', { capacity: '6', transactionCapacity: '5' }],
      ['put', [22], 'ok'],
      ['configure', { capacity: '2', transactionCapacity: '2' }],
      ['take', 2],
      ['take', 2],
      ['put', [1], 'full-slots'],
      ['take', 1],
      ['put', [1], 'ok'],
      ['take', 2],
    ],
  ],
  [
    'a transaction over its capacity is refused at once',
    { capacity: '5', transactionCapacity: '2' },
    [['put', [4, 4, 4], 'transaction-capacity']],
  ],
  [
    'two transactions over the capacity: the second one is refused',
    { capacity: '5', transactionCapacity: '3' },
    [
      ['put', [4, 4, 4], 'ok'],
      ['put', [4, 4, 4], 'full-slots'],
      ['put', [4, 4], 'ok'],
    ],
  ],
  [
    'takes make room',
    { capacity: '3', transactionCapacity: '3' },
    [
      ['put', [4, 4, 4], 'ok'],
      ['take', 2],
      ['put', [4, 4], 'ok'],
    ],
  ],
  [
    '2000 bytes less 20 %: the fifth body of 405 bytes is refused',
    bytes2000,
    [
      ['put', times(3, 405), 'ok'],
      ['put', times(2, 405), 'full-bytes'],
    ],
  ],
  [
    'takes make room for bytes, counted in slots of 100: a body of 405 has 5 of 16',
    bytes2000,
    [
      ['put', times(3, 405), 'ok'],
      ['put', [405], 'full-bytes'],
      ['put', [100], 'ok'],
      ['take', 2],
      ['put', times(2, 405), 'ok'],
      ['put', [1], 'full-bytes'],
    ],
  ],
  [
    'a body of up to 100 bytes has one slot, an empty one, too',
    { byteCapacity: '1000', byteCapacityBufferPercentage: '0' },
    [
      ['put', times(9, 0), 'ok'],
      ['put', [101], 'full-bytes'],
      ['put', [100], 'ok'],
      ['put', [0], 'full-bytes'],
    ],
  ],
  [
    'a byte capacity of less than a slot is none',
    { byteCapacity: '99', byteCapacityBufferPercentage: '0' },
    [['put', [1_000_000], 'ok']],
  ],
  ['a byte capacity of 0 is none', { byteCapacity: '0' }, [['put', [1_000_000], 'ok']]],
  ['a byte capacity below 0 is none', { byteCapacity: '-1' }, [['put', [1_000_000], 'ok']]],
  [
    'a lowered byte capacity is in force at once, a raised one, too',
    bytes2000,
    [
      ['put', [405], 'ok'],
      ['configure', { byteCapacity: '1500' }],
      ['put', times(2, 405), 'full-bytes'],
      ['put', [405], 'ok'],
      ['configure', { byteCapacity: '300' }],
      ['put', [1], 'full-bytes'],
      ['configure', { byteCapacity: '3300' }],
      ['put', times(4, 405), 'full-bytes'],
      ['put', times(3, 405), 'ok'],
      ['put', [405], 'full-bytes'],
    ],
  ],
  [
    'both are short: Flume looks for bytes first',
    { capacity: '2', transactionCapacity: '2', byteCapacity: '200', byteCapacityBufferPercentage: '0' },
    [
      ['put', [100, 100], 'ok'],
      ['put', [1], 'full-bytes'],
    ],
  ],
  [
    'bad capacities are the defaults: 100 and 100',
    { capacity: '-3', transactionCapacity: '-1' },
    [
      ['put', times(101, 4), 'transaction-capacity'],
      ['put', times(100, 4), 'ok'],
      ['put', [4], 'full-slots'],
    ],
  ],
];

describe('channel memory', () => {
  for (const [what, properties, steps] of cases) {
    test(what, async () => {
      const rig = await ChannelRig.open(declaration, properties);
      for (const step of steps) {
        if (step[0] === 'configure') await rig.reopen(step[1]);
        else if (step[0] === 'take') rig.drain(step[1]);
        else assert.equal(rig.put(step[1], OVER), step[2], JSON.stringify(step));
      }
    });
  }

  test('a refused put leaves its room, of events and of bytes', async () => {
    const rig = await ChannelRig.open(declaration, { ...bytes2000, capacity: '3', transactionCapacity: '3' });
    assert.equal(rig.put([405], 0), 'ok');
    for (let n = 0; n < 5; n++) assert.equal(rig.put(times(3, 405), OVER), 'full-bytes');
    assert.equal(rig.put(times(2, 405), 0), 'ok');
    assert.equal(rig.channel.size(), 3);
  });

  test('events that are handed out and not committed keep their room, of events and of bytes', async () => {
    for (const [properties, status] of [
      [{ capacity: '3', transactionCapacity: '3' }, 'full-slots'],
      [{ byteCapacity: '1500', byteCapacityBufferPercentage: '0' }, 'full-bytes'],
    ] as const) {
      const rig = await ChannelRig.open(declaration, properties);
      assert.equal(rig.put(times(3, 405), 0), 'ok');
      const take = rig.take(3);
      assert.equal(rig.put([405], OVER), status);
      rig.channel.rollback(take);
      assert.equal(rig.put([405], OVER), status);
      rig.drain(3);
      assert.equal(rig.put([405], 0), 'ok');
    }
  });

  for (const [keepAlive, waitsMs] of [
    ['3', 3000],
    ['250ms', 250],
    ['0', 0],
    ['-1', 0],
  ] as const) {
    test(`keep-alive ${keepAlive}: a put that finds no room is refused after ${waitsMs} ms, not before`, async () => {
      const options = { capacity: '1', transactionCapacity: '1', 'keep-alive': keepAlive };
      const rig = await ChannelRig.open(declaration, options);
      rig.put([1]);
      if (waitsMs > 0) assert.equal(rig.put([1], waitsMs - 1), 'waits');
      await rig.reopen(options);
      assert.equal(rig.put([1], waitsMs), 'full-slots');
    });
  }

  test('without byteCapacity bodies may have 80 % of -Xmx, less 20 %', async () => {
    const rig = await ChannelRig.open(declaration, {}, { heapBytes: 10_000 });
    assert.equal(rig.put(times(64, 100)), 'ok');
    assert.equal(rig.put([1], OVER), 'full-bytes');
  });

  test('ChannelCapacity tells the capacity', async () => {
    const rig = await ChannelRig.open(declaration, { capacity: '1234' });
    assert.equal(rig.counters.get('ChannelCapacity'), 1234);
  });
});
