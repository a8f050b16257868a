/**
 * A sink that holds each event whose number ends in 3 until a file is there, tells what it delivered, and
 * complains of itself as it is told to.
 */
import { existsSync } from 'node:fs';
import { BroadcastChannel } from 'node:worker_threads';
import type { SinkDeclaration } from '../../../src/component/declaration.ts';
import { type OptionsOf, optionTable } from '../../../src/component/options/table.ts';
import type { HeldPart } from '../../../src/component/sink.ts';
import type { BatchRange } from '../../../src/memory/block/batch.ts';
import type { CollectedEvent } from './collector.ts';

const options = optionTable({
  topic: { kind: 'string', required: true, help: 'Where to tell.' },
  until: { kind: 'string', required: true, help: 'The file.' },
  overlap: { kind: 'int', default: 4, min: 1, help: 'Deliveries at once.' },
  heldMax: { kind: 'int', default: 1000, min: 1, help: 'Most events to hold.' },
  fails: { kind: 'int', default: 0, help: 'So many batches fail first.' },
  complaint: { kind: 'string', help: 'What it says to be wrong with itself until the file is there.' },
});

/** One range an event. */
function eventsOf({ view, first, count }: BatchRange): BatchRange[] {
  return Array.from({ length: count }, (_, n) => ({ view, first: first + n, count: 1 }));
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export default {
  kind: 'sink',
  aliases: [],
  classes: [],
  title: 'Holds events for tests',
  stability: 'test-only',
  options,
  registersCounters: true,
  blocking: false,
  example: '',
  load: async () => ({
    create(context) {
      const o = context.options as OptionsOf<typeof options>;
      const channel = new BroadcastChannel(o.topic);
      const told = ({ view, first }: Pick<BatchRange, 'view' | 'first'>): CollectedEvent => {
        const number = view.place === null ? null : view.place.first + first;
        return { body: view.bodyText(first), headers: view.headers(first), number };
      };
      let failures = o.fails;
      let isStopped = false;
      const opened = async (): Promise<void> => {
        while (!existsSync(o.until) && !isStopped) await pause(5);
      };
      const hold = (ranges: readonly BatchRange[]): HeldPart => {
        let isForgotten = false;
        // In a turn of its own: it may be moved before.
        const read = () => part.ranges.flatMap(eventsOf).map(told);
        const deliver = async () => {
          await opened();
          // One that is not delivered stays so.
          if (isForgotten || isStopped) return await new Promise<void>(() => {});
          channel.postMessage(read());
        };
        const part: HeldPart = {
          ranges,
          isRead: false,
          delivered: pause(1).then(deliver),
          forget: () => {
            isForgotten = true;
          },
        };
        return part;
      };
      return {
        batchSize: 10,
        overlap: o.overlap,
        heldMax: { events: o.heldMax, bytes: 1 << 30 },
        start() {
          const { complaint } = o;
          if (complaint === undefined) return;
          context.degraded(complaint);
          void opened().then(() => context.degraded(null));
        },
        async process(batch) {
          await pause(1);
          if (failures-- > 0) throw new Error('it fails, as it was told to');
          const events: CollectedEvent[] = [];
          const ranges: BatchRange[] = [];
          batch.forEach((view, first) => {
            const event = told({ view, first });
            if (context.mayHold && event.body.endsWith('3')) ranges.push({ view, first, count: 1 });
            else events.push(event);
          });
          channel.postMessage(events);
          return ranges.length === 0 ? [] : [hold(ranges)];
        },
        stop() {
          isStopped = true;
          channel.close();
        },
      };
    },
  }),
} satisfies SinkDeclaration;
