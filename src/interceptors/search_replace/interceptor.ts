import { javaCharset } from '../../base/java/charset.ts';
import { javaPattern } from '../../base/java/regex.ts';
import type { Interceptor, InterceptorContext } from '../../component/interceptor.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { options } from './index.ts';

export function create(context: InterceptorContext): Interceptor {
  const o = context.options as OptionsOf<typeof options>;
  const pattern = javaPattern(o.searchPattern);
  const replacement = pattern.replacement(o.replaceString);
  const charset = javaCharset(o.charset);
  return {
    intercept: (batch) => {
      for (let i = 0; i < batch.count; i++) {
        const text = charset.decode(batch.bodyView(i));
        if (pattern.find(text)) batch.replaceBody(i, charset.encode(pattern.replaceAll(text, replacement)));
      }
    },
  };
}
