import type { Interceptor, InterceptorContext } from '../../component/interceptor.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { options } from './index.ts';

export function create(context: InterceptorContext): Interceptor {
  const { key, value, preserveExisting } = context.options as OptionsOf<typeof options>;
  return { intercept: (batch) => batch.setHeaderOnAll(key, value, preserveExisting) };
}
