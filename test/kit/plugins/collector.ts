/** A sink that broadcasts what it was handed, before it returns. */
import { existsSync } from 'node:fs';
import { BroadcastChannel } from 'node:worker_threads';
import type { SinkDeclaration } from '../../../src/component/declaration.ts';
import { type OptionsOf, optionTable } from '../../../src/component/options/table.ts';

const options = optionTable({
  topic: { kind: 'string', required: true, help: 'Where to tell.' },
  batchSize: { kind: 'int', default: 100, min: 1, help: 'Events a take.' },
  failures: { kind: 'int', default: 0, min: -1, help: 'Batches that fail first; -1: all.' },
  after: { kind: 'string', help: 'A file: nothing is delivered before it exists.' },
  stillUntil: { kind: 'string', help: 'A file: the thread stands still before a delivery until it exists.' },
  pauseMs: { kind: 'int', default: 0, min: 0, help: 'Time that a batch takes.' },
});

export interface CollectedEvent {
  readonly body: string;
  readonly headers: ReadonlyMap<string, string>;
  /** What the channel calls it; null when it does not number its events. */
  readonly number: number | null;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

export default {
  kind: 'sink',
  aliases: [],
  classes: [],
  title: 'Collects for tests',
  stability: 'test-only',
  options,
  registersCounters: true,
  blocking: false,
  example: '',
  load: async () => ({
    create(context) {
      const o = context.options as OptionsOf<typeof options>;
      const channel = new BroadcastChannel(o.topic);
      let failures = o.failures;
      return {
        batchSize: o.batchSize,
        async process(batch) {
          while (o.after !== undefined && !existsSync(o.after)) await pause(5);
          while (o.stillUntil !== undefined && !existsSync(o.stillUntil)) standStill(20);
          if (failures !== 0) {
            failures--;
            throw new Error(`sink ${context.name} fails, as it was told to`);
          }
          if (o.pauseMs > 0) await pause(o.pauseMs);
          const events: CollectedEvent[] = [];
          batch.forEach((view, i) => {
            const start = view.bodyStart(i);
            const body = view.bytes.toString('latin1', start, start + view.bodyLength(i));
            const number = view.place === null ? null : view.place.first + i;
            events.push({ body, headers: new Map(view.headers(i)), number });
          });
          channel.postMessage(events);
          context.counters.add('EventDrainSuccessCount', batch.count);
        },
        stop: () => channel.close(),
      };
    },
  }),
} satisfies SinkDeclaration;
