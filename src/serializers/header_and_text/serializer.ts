import { javaMapText } from '../../base/java/hashmap-order.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { EventSerializer, SerializerContext } from '../../component/serializer.ts';
import type { Batch } from '../../memory/block/batch.ts';
import type { options } from './index.ts';

export function create(context: SerializerContext): EventSerializer {
  const { appendNewline } = context.options as OptionsOf<typeof options>;
  const newline = Buffer.from('\n');
  const write = (batch: Batch) => {
    for (const { view, first, count } of batch.ranges) {
      // Events that share a header map share its text.
      const texts = new Map<number, Buffer>();
      for (let i = first; i < first + count; i++) {
        const key = view.headersKey(i);
        let text = texts.get(key);
        if (text === undefined) {
          text = Buffer.from(`${javaMapText(view.headers(i))} `);
          texts.set(key, text);
        }
        context.out.write(text);
        context.out.write(view.bodyView(i));
        if (appendNewline) context.out.write(newline);
      }
    }
  };
  return { supportsReopen: true, begin() {}, reopen() {}, write, flush() {}, end() {} };
}
