import type { ChannelContext } from '../../component/channel.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import { RangeChannel } from '../../transaction/range-channel.ts';
import type { options } from './index.ts';

/** Unlike Flume's class it rolls takes back; Flume's loses them. */
export function create(context: ChannelContext): RangeChannel {
  const { capacity } = context.options as OptionsOf<typeof options>;
  context.counters.set('ChannelCapacity', capacity);
  return new RangeChannel(context, {
    eventsMax: capacity,
    slotsMax: Number.POSITIVE_INFINITY,
    transactionEventsMax: Number.POSITIVE_INFINITY,
    keepAliveMs: Number.POSITIVE_INFINITY,
  });
}
