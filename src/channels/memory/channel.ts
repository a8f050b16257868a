import { MillraceError } from '../../base/errors.ts';
import { defaultByteCapacity } from '../../component/byte-capacity.ts';
import type { ChannelContext } from '../../component/channel.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import { SLOT_BYTES } from '../../memory/block/layout.ts';
import { RangeChannel } from '../../transaction/range-channel.ts';
import type { options } from './index.ts';

export function create(context: ChannelContext): RangeChannel {
  const o = context.options as OptionsOf<typeof options>;
  if (o.transactionCapacity > o.capacity) {
    throw new MillraceError(
      'CONF_OPTION_VALUE',
      'Transaction Capacity of Memory Channel cannot be higher than the capacity.',
      {
        component: `channel ${context.name}`,
        option: 'transactionCapacity',
        value: String(o.transactionCapacity),
        remedy: `set it to at most capacity (${o.capacity}), or raise capacity`,
      },
    );
  }
  const bytes = o.byteCapacity ?? Math.floor(defaultByteCapacity(context.heapBytes));
  const slots = Math.floor((bytes * (1 - o.byteCapacityBufferPercentage / 100)) / SLOT_BYTES);
  context.counters.set('ChannelCapacity', o.capacity);
  return new RangeChannel(context, {
    eventsMax: o.capacity,
    slotsMax: slots < 1 ? Number.POSITIVE_INFINITY : slots,
    transactionEventsMax: o.transactionCapacity,
    keepAliveMs: o['keep-alive'] * 1000,
  });
}
