import { javaPattern } from '../../base/java/regex.ts';
import type { Interceptor, InterceptorContext } from '../../component/interceptor.ts';
import { madeOf } from '../../component/options/checked.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { options } from './index.ts';

export function create(context: InterceptorContext): Interceptor {
  const { regex, excludeEvents } = context.options as OptionsOf<typeof options>;
  const pattern = madeOf(`interceptor ${context.name}`, 'regex', regex, javaPattern);
  // `.*` is found in every text: nothing needs to be decoded.
  const all = regex === '.*';
  return {
    intercept: (batch) => {
      if (all && !excludeEvents) return;
      batch.filter((i) => (all || pattern.find(batch.bodyText(i))) !== excludeEvents);
    },
  };
}
