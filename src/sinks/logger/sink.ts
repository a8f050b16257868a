import type { OptionsOf } from '../../component/options/table.ts';
import type { Sink, SinkContext } from '../../component/sink.ts';
import { eventText } from './dump.ts';
import type { options } from './index.ts';

/** Flume takes one event at a time; nothing depends on it. */
const BATCH_EVENTS = 100;

export function create(context: SinkContext): Sink {
  const { maxBytesToLog } = context.options as OptionsOf<typeof options>;
  const log = context.log.named('org.apache.flume.sink.LoggerSink');
  return {
    batchSize: BATCH_EVENTS,
    process: (batch) =>
      batch.forEach((view, i) => {
        log.info(
          eventText(view.headers(i), view.bytes, view.bodyStart(i), view.bodyLength(i), maxBytesToLog),
        );
      }),
  };
}
