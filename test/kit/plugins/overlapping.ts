/** A sink of several deliveries at once: it tells what it was handed and when, and fails as it is told to. */
import { BroadcastChannel } from 'node:worker_threads';
import type { SinkDeclaration } from '../../../src/component/declaration.ts';
import { type OptionsOf, optionTable } from '../../../src/component/options/table.ts';

const options = optionTable({
  topic: { kind: 'string', required: true, help: 'Where to tell.' },
  batchSize: { kind: 'int', default: 10, min: 1, help: 'Events a take.' },
  overlap: { kind: 'int', default: 4, min: 1, help: 'Deliveries at once.' },
  fails: { kind: 'string', default: '', help: 'The body whose batch fails the first time.' },
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export default {
  kind: 'sink',
  aliases: [],
  classes: [],
  title: 'Delivers several batches at once for tests',
  stability: 'test-only',
  options,
  registersCounters: true,
  blocking: false,
  example: '',
  load: async () => ({
    create(context) {
      const o = context.options as OptionsOf<typeof options>;
      const channel = new BroadcastChannel(o.topic);
      let atOnce = 0;
      let calls = 0;
      let hasFailed = false;
      return {
        batchSize: o.batchSize,
        overlap: o.overlap,
        async process(batch) {
          atOnce++;
          const most = atOnce;
          const bodies: string[] = [];
          batch.forEach((view, i) => {
            bodies.push(view.bodyText(i));
          });
          // Later calls end earlier.
          await pause(20 - (calls++ % 4) * 5);
          atOnce--;
          if (!hasFailed && bodies.includes(o.fails)) {
            hasFailed = true;
            throw new Error('it fails, as it was told to');
          }
          channel.postMessage(bodies.map((body) => ({ body, headers: new Map([['atOnce', `${most}`]]) })));
        },
        stop: () => channel.close(),
      };
    },
  }),
} satisfies SinkDeclaration;
