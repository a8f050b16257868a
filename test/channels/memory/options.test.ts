import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import declaration from '../../../src/channels/memory/index.ts';
import { ChannelRig } from '../../kit/channel.ts';
import { planText } from '../../kit/flow.ts';
import { badValue, optionsContract } from '../../kit/options.ts';
import { refusalOf } from '../../kit/part.ts';

const ofEvents = /^give a whole number of events, at least 1$/;

optionsContract({
  declaration,
  defaults: {
    capacity: 100,
    transactionCapacity: 100,
    'keep-alive': 3,
    byteCapacityBufferPercentage: 20,
    byteCapacity: undefined,
  },
  good: [
    [{ capacity: '+10000' }, { capacity: 10000 }],
    [{ 'keep-alive': '500ms' }, { 'keep-alive': 0.5 }],
    [{ 'keep-alive': '-1' }, { 'keep-alive': -1 }],
    [{ byteCapacity: '512MiB' }, { byteCapacity: 536870912 }],
    [{ byteCapacity: '-1' }, { byteCapacity: -1 }],
  ],
  // Flume falls back to its defaults for all of them.
  bad: [
    badValue('capacity', '0', ofEvents, 'warning'),
    badValue('capacity', '-3', ofEvents, 'warning'),
    badValue('capacity', 'many', ofEvents, 'warning'),
    badValue('transactionCapacity', '-1', ofEvents, 'warning'),
    badValue('transactionCapacity', '1e3', ofEvents, 'warning'),
    badValue('keep-alive', 'long', /a number of seconds or a duration such as 10s/, 'warning'),
    badValue('byteCapacity', 'much', /a number of bytes or a size such as 64MiB/, 'warning'),
    badValue('byteCapacityBufferPercentage', '120', /from 0 to 100/, 'warning'),
  ],
  slip: ['transactioncapacity', 'transactionCapacity'],
});

describe('channel memory', () => {
  test('a transaction capacity over the capacity is refused with both figures', async () => {
    const { code, message, detail } = await refusalOf(() =>
      ChannelRig.open(declaration, { capacity: '10', transactionCapacity: '11' }),
    );
    assert.equal(code, 'CONF_OPTION_VALUE');
    assert.equal(message, 'Transaction Capacity of Memory Channel cannot be higher than the capacity.');
    assert.deepEqual(
      [detail.component, detail.option, detail.value],
      ['channel c1', 'transactionCapacity', '11'],
    );
    assert.match(detail.remedy!, /at most capacity \(10\)/);
  });

  test('such a channel is removed when the agent is planned, with what hangs on it', async () => {
    const { plan, findings } = await planText(
      `sources = r1 r2
       channels = c1 c2
       sources.r1.type = seq
       sources.r1.channels = c1
       sources.r2.type = seq
       sources.r2.channels = c2
       channels.c1.type = memory
       channels.c1.capacity = 50
       channels.c2.type = memory`,
    );
    const { text } = findings.find((finding) => finding.component === 'channel c1')!;
    assert.match(text, /Channel c1 has been removed .* \(100 > 50\)/);
    assert.deepEqual(plan!.units.map((unit) => unit.name).sort(), ['c2', 'r2']);
  });
});
