import { MillraceError } from '../../base/errors.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { ChannelSelector, Route, SelectorContext } from '../../component/selector.ts';
import type { BatchEditor } from '../../memory/block/editor.ts';
import type { options } from './index.ts';

export function create(context: SelectorContext): ChannelSelector {
  return new MultiplexingSelector(context, context.options as OptionsOf<typeof options>);
}

class MultiplexingSelector implements ChannelSelector {
  readonly uniform = null;
  readonly #header: string;
  readonly #routes = new Map<string, Route>();
  readonly #default: Route;

  constructor(context: SelectorContext, o: OptionsOf<typeof options>) {
    this.#header = o.header;
    // A channel that is named twice still gets an event once.
    const channelsOf = (key: string, list: string) => [
      ...new Set(list.split(' ').map((name) => indexOf(context, key, name))),
    ];
    const fallback = o.default === undefined ? [] : channelsOf('default', o.default);
    this.#default = { required: fallback, optional: [] };
    const mapping = new Map(Object.entries(o['mapping.*']));
    const optional = new Map(Object.entries(o['optional.*']));
    for (const value of new Set([...mapping.keys(), ...optional.keys()])) {
      const mapped = mapping.get(value);
      const beside = optional.get(value);
      const required = mapped === undefined ? fallback : channelsOf(`mapping.${value}`, mapped);
      const also = beside === undefined ? [] : channelsOf(`optional.${value}`, beside);
      this.#routes.set(value, { required, optional: also.filter((channel) => !required.includes(channel)) });
    }
  }

  route(batch: BatchEditor, index: number): Route {
    const value = batch.header(index, this.#header);
    if (value === undefined || value.trim() === '') return this.#default;
    return this.#routes.get(value) ?? this.#default;
  }
}

function indexOf(context: SelectorContext, key: string, name: string): number {
  const index = context.channels.indexOf(name);
  if (index >= 0) return index;
  throw new MillraceError('CONF_OPTION_VALUE', `Selector channel not found: ${name || '(empty name)'}`, {
    component: `selector of source ${context.name}`,
    option: key,
    value: name,
    remedy: `name channels of the source (${context.channels.join(', ')}), separated by one blank`,
  });
}
