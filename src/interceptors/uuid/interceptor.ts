import { randomUUID } from 'node:crypto';
import type { Interceptor, InterceptorContext } from '../../component/interceptor.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { options } from './index.ts';

export function create(context: InterceptorContext): Interceptor {
  const { headerName, preserveExisting, prefix } = context.options as OptionsOf<typeof options>;
  return {
    intercept: (batch) => {
      for (let i = 0; i < batch.count; i++) {
        if (preserveExisting && batch.header(i, headerName) !== undefined) continue;
        batch.setHeader(i, headerName, prefix + randomUUID());
      }
    },
  };
}
