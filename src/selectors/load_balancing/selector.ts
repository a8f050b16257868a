import type { OptionsOf } from '../../component/options/table.ts';
import type { ChannelSelector, SelectorContext } from '../../component/selector.ts';
import type { options } from './index.ts';

export function create(context: SelectorContext): ChannelSelector {
  const { policy } = context.options as OptionsOf<typeof options>;
  const routes = context.channels.map((_, channel) => ({ required: [channel], optional: [] }));
  let turn = 0;
  const next =
    policy === 'random'
      ? () => routes[Math.floor(Math.random() * routes.length)]!
      : () => {
          const route = routes[turn]!;
          turn = (turn + 1) % routes.length;
          return route;
        };
  return { uniform: null, route: next };
}
