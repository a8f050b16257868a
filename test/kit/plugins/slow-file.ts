/** A sink that appends bodies to the file `delivered`, one event a batch, slowly. */
import { appendFileSync } from 'node:fs';
import type { SinkDeclaration } from '../../../src/component/declaration.ts';
import { optionTable } from '../../../src/component/options/table.ts';

const PAUSE_MS = 10;

export default {
  kind: 'sink',
  aliases: [],
  classes: [],
  title: 'Delivers slowly for tests',
  stability: 'test-only',
  options: optionTable({}),
  registersCounters: false,
  blocking: false,
  example: '',
  load: async () => ({
    create: () => ({
      batchSize: 1,
      async process(batch) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        batch.forEach((view, i) => {
          const start = view.bodyStart(i);
          appendFileSync('delivered', `${view.bytes.toString('utf8', start, start + view.bodyLength(i))}\n`);
        });
      },
    }),
  }),
} satisfies SinkDeclaration;
