import { MillraceError } from '../../base/errors.ts';
import type { Channel, ChannelContext } from '../../component/channel.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import { LogChannel } from '../../transaction/log-channel/channel.ts';
import { logCipher } from '../../transaction/log-channel/encryption.ts';
import { logSettings } from '../../transaction/log-channel/options.ts';
import type { options } from './index.ts';

export function create(context: ChannelContext): Channel {
  const o = context.options as OptionsOf<typeof options>;
  if (o.transactionCapacity > o.capacity) {
    throw new MillraceError(
      'CONF_OPTION_VALUE',
      `channel ${context.name}: transactionCapacity ${o.transactionCapacity} is more than capacity ${o.capacity}`,
      { option: 'transactionCapacity', remedy: 'raise capacity, or lower transactionCapacity' },
    );
  }
  if (!o.fsyncPerTransaction) {
    const text = 'fsyncPerTransaction = false has no effect: every group of puts is synced';
    context.log.info(`channel ${context.name}: ${text}`);
  }
  return new LogChannel(context, {
    limits: {
      eventsMax: o.capacity,
      slotsMax: Number.POSITIVE_INFINITY,
      transactionEventsMax: o.transactionCapacity,
      keepAliveMs: o['keep-alive'] * 1000,
    },
    log: logSettings(o),
    cipher: () => logCipher(context.name, o, context.log),
    memory: null,
  });
}
