/** An interceptor that throws for a batch with the body `bad`. */
import type { InterceptorDeclaration } from '../../../src/component/declaration.ts';
import { optionTable } from '../../../src/component/options/table.ts';

export default {
  kind: 'interceptor',
  aliases: [],
  classes: [],
  title: 'Throws for tests',
  stability: 'test-only',
  options: optionTable({}),
  example: '',
  load: async () => ({
    create: () => ({
      intercept(batch) {
        for (let i = 0; i < batch.count; i++) {
          if (batch.bodyText(i) === 'bad') throw new Error('the interceptor fails, as it was told to');
        }
      },
    }),
  }),
} satisfies InterceptorDeclaration;
