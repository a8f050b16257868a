/** Certificates and keys from their DER, with errors that say which one cannot be read. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { damaged } from './store-error.ts';

/** Longest chain that is put together from single certificates. */
const CHAIN_MAX = 20;

export function certificateOf(der: Buffer, alias: string): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw damaged(`the certificate ${alias} cannot be read`, cause);
  }
}

/** @param der PrivateKeyInfo (PKCS #8) */
export function privateKeyOf(der: Buffer, alias: string): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch (cause) {
    throw damaged(`the private key ${alias} cannot be read`, cause);
  }
}

/**
 * The chain of a key from certificates in any order: its own, and each one's issuer as far as there is one.
 */
export function chainOf(key: KeyObject, certificates: readonly X509Certificate[]): X509Certificate[] {
  const own = certificates.find((one) => one.checkPrivateKey(key));
  if (own === undefined) return [];
  const chain = [own];
  while (chain.length < CHAIN_MAX) {
    const last = chain.at(-1)!;
    if (last.checkIssued(last)) break;
    const issuer = certificates.find((one) => !chain.includes(one) && last.checkIssued(one));
    if (issuer === undefined) break;
    chain.push(issuer);
  }
  return chain;
}
