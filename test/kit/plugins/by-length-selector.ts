/** A channel selector that gives events with short bodies to the first channel and all others to the last. */
import type { SelectorDeclaration } from '../../../src/component/declaration.ts';
import { type OptionsOf, optionTable } from '../../../src/component/options/table.ts';

const options = optionTable({
  longFrom: { kind: 'int', default: 10, min: 1, help: 'Bytes from which on a body is long.' },
});

export default {
  kind: 'selector',
  aliases: [],
  classes: [],
  title: 'Selects by length for tests',
  stability: 'test-only',
  options,
  example: '',
  load: async () => ({
    create(context) {
      const { longFrom } = context.options as OptionsOf<typeof options>;
      const short = { required: [0], optional: [] };
      const long = { required: [context.channels.length - 1], optional: [] };
      return {
        uniform: null,
        route: (batch, index) => (batch.bodyLength(index) < longFrom ? short : long),
      };
    },
  }),
} satisfies SelectorDeclaration;
