/** A source that puts numbered bodies `PREFIX0`, `PREFIX1` … and puts again what was refused, in order. */
import { existsSync } from 'node:fs';
import type { SourceDeclaration } from '../../../src/component/declaration.ts';
import { type OptionsOf, optionTable } from '../../../src/component/options/table.ts';
import { progressTable } from '../../../src/component/progress.ts';
import type { Source, SourceContext } from '../../../src/component/source.ts';

const options = optionTable({
  events: { kind: 'int', default: 1000, min: 1, help: 'How many.' },
  batchSize: { kind: 'int', default: 10, min: 1, help: 'Events a put.' },
  prefix: { kind: 'string', default: '', help: 'Before the number.' },
  bodyBytes: { kind: 'int', default: 0, min: 0, help: 'Bodies are padded with blanks to this size.' },
  mode: { kind: 'string', default: 'batch', help: 'batch or each.' },
  after: { kind: 'string', help: 'A file: nothing is put before it exists.' },
  pauseMs: { kind: 'int', default: 0, min: 0, help: 'Between puts.' },
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function create(context: SourceContext): Source {
  const o = context.options as OptionsOf<typeof options>;
  let stopped = false;
  let put = 0;
  let running: Promise<void> | null = null;
  const run = async () => {
    while (o.after !== undefined && !existsSync(o.after) && !stopped) await pause(5);
    for (let next = 0; next < o.events && !stopped; ) {
      const batch = context.openBatch();
      if (batch === null) {
        await context.room();
        continue;
      }
      const end = Math.min(next + o.batchSize, o.events);
      for (let n = next; n < end; n++) batch.appendText(`${o.prefix}${n}`.padEnd(o.bodyBytes));
      const { accepted } = await context.put(batch, o.mode === 'each' ? 'each' : 'batch');
      next += accepted;
      put = next;
      context.counters.add('EventAcceptedCount', accepted);
      if (accepted < end - next || o.pauseMs > 0) await pause(o.pauseMs || 5);
    }
  };
  return {
    progress: () => [progressTable('counts', [{ put, of: o.events }], (row) => row)],
    start() {
      running = run();
    },
    async stop() {
      stopped = true;
      await running;
    },
  };
}

export default {
  kind: 'source',
  aliases: [],
  classes: [],
  title: 'Counts for tests',
  stability: 'test-only',
  options,
  registersCounters: true,
  example: '',
  load: async () => ({ create }),
} satisfies SourceDeclaration;
