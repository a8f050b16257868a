/** A sink that tells where the events that it was handed stand in memory, and hands the memory itself out. */
import { BroadcastChannel } from 'node:worker_threads';
import type { SinkDeclaration } from '../../../src/component/declaration.ts';
import { type OptionsOf, optionTable } from '../../../src/component/options/table.ts';

const options = optionTable({
  topic: { kind: 'string', required: true, help: 'Where to tell.' },
});

export default {
  kind: 'sink',
  aliases: [],
  classes: [],
  title: 'Tells places for tests',
  stability: 'test-only',
  options,
  registersCounters: true,
  blocking: false,
  example: '',
  load: async () => ({
    create(context) {
      const { topic } = context.options as OptionsOf<typeof options>;
      const channel = new BroadcastChannel(topic);
      return {
        batchSize: 100,
        process(batch) {
          batch.forEach((view, i) => {
            const body = view.bodyText(i);
            const place = { memory: view.bytes.buffer, start: view.bodyStart(i), body };
            channel.postMessage({ sink: context.name, ...place });
          });
        },
        stop: () => channel.close(),
      };
    },
  }),
} satisfies SinkDeclaration;
