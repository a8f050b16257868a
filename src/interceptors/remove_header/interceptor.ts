import { javaPattern } from '../../base/java/regex.ts';
import type { Interceptor, InterceptorContext } from '../../component/interceptor.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { options } from './index.ts';

export function create(context: InterceptorContext): Interceptor {
  const o = context.options as OptionsOf<typeof options>;
  const separator = javaPattern(o.fromListSeparator);
  const names = new Set(o.fromList === undefined ? [] : separator.split(o.fromList));
  if (o.withName !== undefined) names.add(o.withName);
  const pattern = o.matching === undefined ? null : javaPattern(o.matching);
  const goes = (name: string) => names.has(name) || pattern?.matches(name) === true;
  return {
    intercept: (batch) => {
      for (let i = 0; i < batch.count; i++) batch.removeHeaders(i, goes);
    },
  };
}
