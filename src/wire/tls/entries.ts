/** What a key or trust store gives, whatever its format. */
import type { KeyObject, X509Certificate } from 'node:crypto';

export type StoreType = 'JKS' | 'PKCS12' | 'PEM';

export interface KeyEntry {
  /** In lower case, as Java keeps them; empty when the format has none. */
  readonly alias: string;
  readonly key: KeyObject;
  /** The key's own certificate first. */
  readonly chain: readonly X509Certificate[];
}

export interface CertificateStore {
  /** Decrypts the private keys. @throws StoreError when the password is wrong. */
  keys(password: string): readonly KeyEntry[];
  /** What Java's trust manager trusts: trusted certificates, and each key's own one. */
  trusted(): readonly X509Certificate[];
}

/** Keys, or certificates; also of a chain. */
export const ENTRIES_MAX = 10_000;
