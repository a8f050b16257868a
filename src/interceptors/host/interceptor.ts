import { lookup, lookupService } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';
import type { Interceptor, InterceptorContext } from '../../component/interceptor.ts';
import type { OptionsOf } from '../../component/options/table.ts';
import type { options } from './index.ts';

export async function create(context: InterceptorContext): Promise<Interceptor> {
  const { preserveExisting, useIP, hostHeader } = context.options as OptionsOf<typeof options>;
  const host = await localHost(useIP).catch((error: unknown) => {
    context.log.warn('Could not get local host address. Exception follows.', error);
    return null;
  });
  return {
    intercept: (batch) => {
      if (host !== null) batch.setHeaderOnAll(hostHeader, host, preserveExisting);
    },
  };
}

/** What Java's InetAddress.getLocalHost() tells: the address of the host's name, or its canonical name. */
async function localHost(useIp: boolean): Promise<string> {
  const name = hostname();
  const address = await lookup(name, { family: 4 })
    .then((found) => found.address)
    .catch(() => ownAddress());
  if (useIp) return address;
  return await lookupService(address, 0)
    .then((found) => found.hostname)
    .catch(() => name);
}

/** A name that no resolver knows: the first address of this machine that is not the loopback. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find((one) => one.family === 'IPv4' && !one.internal)?.address ?? '127.0.0.1';
}
