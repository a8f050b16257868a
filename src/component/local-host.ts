/** The host's address and names, as Java's InetAddress.getLocalHost() tells them. */
import { lookup, lookupService } from 'node:dns/promises';
import { hostname, networkInterfaces } from 'node:os';

export interface LocalHost {
  readonly localhost: string;
  readonly ip: string;
  readonly fqdn: string;
}

/** What `%[localhost]`, `%[IP]` and `%[FQDN]` stand for. */
export async function localHost(): Promise<LocalHost> {
  const ip = await localAddress();
  return { localhost: hostname(), ip, fqdn: await canonicalName(ip) };
}

/** The address of the host's name. */
export async function localAddress(): Promise<string> {
  return await lookup(hostname(), { family: 4 })
    .then((found) => found.address)
    .catch(() => ownAddress());
}

/** The name of the host's address; its own name where no resolver knows one. */
export async function canonicalName(address: string): Promise<string> {
  return await lookupService(address, 0)
    .then((found) => found.hostname)
    .catch(() => hostname());
}

/** A name that no resolver knows: the first address of this machine that is not the loopback. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find((one) => one.family === 'IPv4' && !one.internal)?.address ?? '127.0.0.1';
}
