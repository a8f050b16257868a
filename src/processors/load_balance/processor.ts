import { MillraceError } from '../../base/errors.ts';
import { BackOff, RandomOrder, RoundRobin, type TryOrder } from '../../base/try-order.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type {
  SinkHandle,
  SinkProcessor,
  SinkProcessorContext,
  SinkStatus,
} from '../../component/processor.ts';
import type { options } from './index.ts';

export function create(context: SinkProcessorContext): SinkProcessor {
  return new LoadBalancingProcessor(context, context.options as OptionsOf<typeof options>);
}

class LoadBalancingProcessor implements SinkProcessor {
  readonly #context: SinkProcessorContext;
  readonly #options: OptionsOf<typeof options>;
  readonly #sinks: ReadonlyMap<string, SinkHandle>;
  readonly #names: readonly string[];
  readonly #backOff: BackOff;
  #selector: TryOrder = new RoundRobin();

  constructor(context: SinkProcessorContext, o: OptionsOf<typeof options>) {
    if (context.sinks.length < 2) {
      throw new MillraceError(
        'CONF_COMPONENT',
        'The LoadBalancingSinkProcessor cannot be used for a single sink. Please configure more than one sinks and try again.',
        { component: `sinkgroup ${context.name}`, remedy: 'add a sink to the group, or dissolve the group' },
      );
    }
    this.#context = context;
    this.#options = o;
    this.#sinks = new Map(context.sinks.map((sink) => [sink.name, sink]));
    this.#names = [...this.#sinks.keys()];
    this.#backOff = new BackOff(o.backoff, o['selector.maxTimeOut']);
  }

  async start(): Promise<void> {
    const type = this.#options.selector;
    if (type.toLowerCase() === 'round_robin') return;
    if (type.toLowerCase() === 'random') {
      this.#selector = new RandomOrder();
      return;
    }
    const { createSinkSelector } = await this.#context.loadPlugin(type);
    if (typeof createSinkSelector !== 'function') {
      throw new MillraceError('CONF_OPTION_VALUE', `plug-in ${type} exports no function createSinkSelector`, {
        component: `sinkgroup ${this.#context.name}`,
        option: 'processor.selector',
        value: type,
        remedy: 'use round_robin or random, or export createSinkSelector (docs/guide/extend.md)',
      });
    }
    this.#selector = createSinkSelector(this.#options['selector.*']) as TryOrder;
  }

  async process(): Promise<SinkStatus> {
    const { clock, log } = this.#context;
    for (const name of this.#selector.order(this.#backOff.active(this.#names, clock.now()))) {
      const sink = this.#sinks.get(name);
      if (sink === undefined) continue;
      try {
        const status = await sink.process();
        if (status === 'ready') this.#backOff.succeeded(name);
        return status;
      } catch (error) {
        this.#backOff.failed(name, clock.now());
        this.#selector.failed?.(name);
        log.warn(`Sink failed to consume event. Attempting next sink if available. (sink ${name})`, error);
      }
    }
    throw new MillraceError('GROUP_FAILED', 'All configured sinks have failed', {
      component: `sinkgroup ${this.#context.name}`,
    });
  }
}
