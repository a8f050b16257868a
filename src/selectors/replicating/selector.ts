import type { OptionsOf } from '../../component/options/table.ts';
import type { ChannelSelector, SelectorContext } from '../../component/selector.ts';
import type { options } from './index.ts';

export function create(context: SelectorContext): ChannelSelector {
  const { optional } = context.options as OptionsOf<typeof options>;
  for (const name of optional) {
    if (!context.channels.includes(name)) {
      context.log.warn(
        `selector.optional of source ${context.name}: ${name} is not a channel of the source; ignored`,
      );
    }
  }
  const isOptional = (channel: number) => optional.includes(context.channels[channel]!);
  const all = context.channels.map((_, channel) => channel);
  const uniform = {
    required: all.filter((channel) => !isOptional(channel)),
    optional: all.filter(isOptional),
  };
  return { uniform, route: () => uniform };
}
