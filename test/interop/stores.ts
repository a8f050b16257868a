/** Lines of flume.conf with the stores of test/fixtures/tls, as both Java Flume and Millrace read them. */
import { fileURLToPath } from 'node:url';

export const PASSWORD = 'changeit';

export type StoreType = 'JKS' | 'PKCS12';

export function store(name: string): string {
  return fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
}

/** A server's own key and certificate. */
export function serverTls(type: StoreType): string[] {
  const file = store(type === 'JKS' ? 'rsa.jks' : 'keytool.p12');
  return ['ssl = true', `keystore = ${file}`, `keystore-password = ${PASSWORD}`, `keystore-type = ${type}`];
}

/** A client that trusts the authority of the servers. */
export function clientTls(type: StoreType): string[] {
  const file = store(type === 'JKS' ? 'trust.jks' : 'trust.p12');
  return [
    'ssl = true',
    `truststore = ${file}`,
    `truststore-password = ${PASSWORD}`,
    `truststore-type = ${type}`,
  ];
}

/** As an RPC client's properties. */
export function clientTlsProperties(type: StoreType): Record<string, string> {
  return Object.fromEntries(clientTls(type).map((line) => line.split(' = ') as [string, string]));
}
