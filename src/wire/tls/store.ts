/**
 * Key and trust stores as TLS needs them: private keys with their chains, and certificates that are trusted.
 * Formats: JKS (Java's own), PKCS #12, PEM (text). The bytes tell JKS and PKCS #12 apart, whichever of both
 * the type names, as Java does since 8u60 (keystore.type.compat).
 */

import { JksStore } from '../jks/store.ts';
import { Pkcs12Credentials } from '../pkcs12/credentials.ts';
import type { CertificateStore, StoreType } from './entries.ts';
import { PemStore } from './pem.ts';
import { StoreError } from './store-error.ts';

/** A store has some hundred kilobytes at most: one of well-known authorities has 200. */
export const STORE_BYTES_MAX = 16 * 1024 * 1024;
const MAGIC_JCEKS = 0xcececece;
const DER_SEQUENCE = 0x30;

/** @throws StoreError whose message goes behind the store's name: `cannot be opened: …`. */
export function openStore(bytes: Buffer, type: StoreType, password: string | null): CertificateStore {
  const found = formatOf(bytes);
  if (type === 'PEM' ? found !== 'PEM' : found !== 'JKS' && found !== 'PKCS12') {
    throw new StoreError(`is not of the type ${type}: ${DESCRIPTIONS[found]}`, remedyFor(found));
  }
  switch (found) {
    case 'JKS':
      return new JksStore(bytes, password);
    case 'PKCS12':
      return new Pkcs12Credentials(bytes, password ?? '');
    default:
      return new PemStore(bytes.toString('latin1'));
  }
}

type Format = StoreType | 'JCEKS' | 'empty' | 'unknown';

const DESCRIPTIONS: Readonly<Record<Format, string>> = {
  JKS: 'it is a JKS store',
  PKCS12: 'it is a PKCS #12 store',
  PEM: 'it is PEM text',
  JCEKS: 'it is a JCEKS store, which TLS does not read',
  empty: 'the file is empty',
  unknown: 'its content is of no known format',
};

function formatOf(bytes: Buffer): Format {
  if (bytes.length === 0) return 'empty';
  if (JksStore.looksLikeOne(bytes)) return 'JKS';
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === MAGIC_JCEKS) return 'JCEKS';
  if (PemStore.looksLikeOne(bytes)) return 'PEM';
  return bytes[0] === DER_SEQUENCE ? 'PKCS12' : 'unknown';
}

function remedyFor(found: Format): string {
  if (found === 'JKS' || found === 'PKCS12' || found === 'PEM') return `set the type to ${found}`;
  if (found === 'JCEKS') return 'convert it: keytool -importkeystore … -deststoretype PKCS12';
  return 'give a JKS or PKCS #12 store, or PEM text with the type PEM';
}
