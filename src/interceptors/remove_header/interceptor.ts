import { javaPattern } from '../../base/java/regex.ts';
import type { Interceptor, InterceptorContext } from '../../component/interceptor.ts';
import { madeOf } from '../../component/options/checked.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { options } from './index.ts';

export function create(context: InterceptorContext): Interceptor {
  const o = context.options as OptionsOf<typeof options>;
  const component = `interceptor ${context.name}`;
  const separator = madeOf(component, 'fromListSeparator', o.fromListSeparator, javaPattern);
  const names = new Set(o.fromList === undefined ? [] : separator.split(o.fromList));
  if (o.withName !== undefined) names.add(o.withName);
  const pattern = o.matching === undefined ? null : madeOf(component, 'matching', o.matching, javaPattern);
  const goes = (name: string) => names.has(name) || pattern?.matches(name) === true;
  return {
    intercept: (batch) => {
      for (let i = 0; i < batch.count; i++) batch.removeHeaders(i, goes);
    },
  };
}
