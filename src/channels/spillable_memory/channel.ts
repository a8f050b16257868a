import { defaultByteCapacity } from '../../component/byte-capacity.ts';
import type { Channel, ChannelContext } from '../../component/channel.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import { LogChannel } from '../../transaction/log-channel/channel.ts';
import { logCipher } from '../../transaction/log-channel/encryption.ts';
import { logSettings } from '../../transaction/log-channel/options.ts';
import { options } from './index.ts';

export function create(context: ChannelContext): Channel {
  const o = context.options as OptionsOf<typeof options>;
  let overflow = Math.max(0, o.overflowCapacity);
  if (o.memoryCapacity === 0 && overflow === 0) {
    overflow = options.overflowCapacity.default;
    context.log.warn(
      `channel ${context.name}: memoryCapacity and overflowCapacity are 0; overflowCapacity ${overflow} is used instead`,
    );
  }
  const bytes = o.byteCapacity ?? defaultByteCapacity(context.heapBytes);
  return new LogChannel(context, {
    limits: {
      eventsMax: o.memoryCapacity + overflow,
      slotsMax: Number.POSITIVE_INFINITY,
      transactionEventsMax: o.transactionCapacity,
      keepAliveMs: o['keep-alive'] * 1000,
    },
    log: logSettings(o),
    cipher: () => logCipher(context.name, o, context.log),
    memory:
      o.memoryCapacity === 0
        ? null
        : {
            eventsMax: o.memoryCapacity,
            bytesMax: Math.floor(bytes * (1 - o.byteCapacityBufferPercentage / 100)),
          },
  });
}
