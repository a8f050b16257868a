/** What `%[localhost]`, `%[IP]` and `%[FQDN]` stand for, as Java's InetAddress.getLocalHost() tells. */
import { lookup, lookupService } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';

export interface LocalHost {
  readonly localhost: string;
  readonly ip: string;
  readonly fqdn: string;
}

export async function localHost(): Promise<LocalHost> {
  const name = hostname();
  const ip = await lookup(name, { family: 4 })
    .then((found) => found.address)
    .catch(() => ownAddress());
  const fqdn = await lookupService(ip, 0)
    .then((found) => found.hostname)
    .catch(() => name);
  return { localhost: name, ip, fqdn };
}

/** A name that no resolver knows: the first address of this machine that is not the loopback. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find((one) => one.family === 'IPv4' && !one.internal)?.address ?? '127.0.0.1';
}
