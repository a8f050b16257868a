import { javaCharset } from '../../base/java/charset.ts';
import { javaPattern } from '../../base/java/regex.ts';
import type { Interceptor, InterceptorContext } from '../../component/interceptor.ts';
import { madeOf } from '../../component/options/checked.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { options } from './index.ts';

export function create(context: InterceptorContext): Interceptor {
  const o = context.options as OptionsOf<typeof options>;
  const component = `interceptor ${context.name}`;
  const pattern = madeOf(component, 'searchPattern', o.searchPattern, javaPattern);
  const replacement = madeOf(component, 'replaceString', o.replaceString, (text) =>
    pattern.replacement(text),
  );
  const charset = madeOf(component, 'charset', o.charset, javaCharset);
  return {
    intercept: (batch) => {
      for (let i = 0; i < batch.count; i++) {
        const text = charset.decode(batch.bodyView(i));
        if (pattern.find(text)) batch.replaceBody(i, charset.encode(pattern.replaceAll(text, replacement)));
      }
    },
  };
}
