import type { Interceptor, InterceptorContext } from '../../component/interceptor.ts';
import { canonicalName, localAddress } from '../../component/local-host.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { options } from './index.ts';

export async function create(context: InterceptorContext): Promise<Interceptor> {
  const { preserveExisting, useIP, hostHeader } = context.options as OptionsOf<typeof options>;
  const address = localAddress();
  const host = await (useIP ? address : address.then(canonicalName)).catch((error: unknown) => {
    context.log.warn('Could not get local host address. Exception follows.', error);
    return null;
  });
  return {
    intercept: (batch) => {
      if (host !== null) batch.setHeaderOnAll(hostHeader, host, preserveExisting);
    },
  };
}
