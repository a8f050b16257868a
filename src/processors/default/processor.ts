import { MillraceError } from '../../base/errors.ts';
import type { SinkProcessor, SinkProcessorContext } from '../../component/processor.ts';

export function create(context: SinkProcessorContext): SinkProcessor {
  const [sink, ...others] = context.sinks;
  if (sink === undefined || others.length > 0) {
    throw new MillraceError(
      'CONF_COMPONENT',
      `sink group ${context.name}: the default processor takes one sink only`,
      {
        component: `sinkgroup ${context.name}`,
        remedy: 'use processor.type = failover or load_balance',
      },
    );
  }
  return { process: () => sink.process() };
}
