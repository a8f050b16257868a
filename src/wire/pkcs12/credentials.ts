/**
 * Reads private keys and certificates from a PKCS #12 store (RFC 7292): of keytool and OpenSSL, new and old.
 *
 * Bags: key (plain PrivateKeyInfo), shrouded key (EncryptedPrivateKeyInfo), certificate { id, [0] octets }. A
 *   key and its certificate share the attribute localKeyId, or are found to fit each other. Java marks
 *   certificates that it trusts by an attribute of its own; stores of other tools have none on any
 *   certificate.
 * Errors: StoreError. A store without a password, or with an empty one, is opened with an empty one.
 */
import type { X509Certificate } from 'node:crypto';
import { certificateOf, chainOf, privateKeyOf } from '../tls/certificates.ts';
import { type CertificateStore, ENTRIES_MAX, type KeyEntry } from '../tls/entries.ts';
import { damaged, StoreError, wrongKeyPassword, wrongPassword } from '../tls/store-error.ts';
import { aliasOf, type Bag, bagsOf, checkedPassword, safesOf } from './container.ts';
import { contentAs, DER, DerError, inside, oidOf } from './der.ts';
import { decryptionOf, Password } from './encryption.ts';

const OID = {
  keyBag: '2a864886f70d010c0a0101',
  shroudedKeyBag: '2a864886f70d010c0a0102',
  certificateBag: '2a864886f70d010c0a0103',
  x509: '2a864886f70d01091601',
  localKeyId: '2a864886f70d010915',
  /** 2.16.840.1.113894.746875.1.1, Oracle's trustedKeyUsage. */
  trusted: '6086480186f966adca7b0101',
} as const;

interface StoredCertificate {
  readonly certificate: X509Certificate;
  readonly localKeyId: string | null;
  readonly trusted: boolean;
}

export class Pkcs12Credentials implements CertificateStore {
  readonly #password: Password;
  readonly #keyBags: Bag[] = [];
  readonly #certificates: StoredCertificate[] = [];

  constructor(bytes: Buffer, password: string) {
    const checked = orDamaged(() => checkedPassword(bytes, password));
    if (checked === null) throw wrongPassword();
    this.#password = checked;
    orDamaged(() => this.#read(bytes));
  }

  #read(bytes: Buffer): void {
    for (const { algorithm, content } of safesOf(bytes)) {
      const plain = algorithm === null ? content : this.#open(algorithm, content);
      for (const bag of bagsOf(plain)) this.#keep(bag);
    }
    const count = this.#keyBags.length + this.#certificates.length;
    if (count > ENTRIES_MAX) throw damaged(`${count} entries are more than ${ENTRIES_MAX}`);
  }

  #open(algorithm: NonNullable<Parameters<typeof decryptionOf>[0]>, content: Buffer): Buffer {
    const decryption = decryptionOf(algorithm);
    if (decryption === null) throw unsupported();
    const plain = decryption.open(content, this.#password);
    if (plain === null) throw wrongPassword();
    return plain;
  }

  #keep(bag: Bag): void {
    if (bag.id === OID.keyBag || bag.id === OID.shroudedKeyBag) this.#keyBags.push(bag);
    if (bag.id !== OID.certificateBag) return;
    const [kind, holder] = inside(bag.value, DER.sequence);
    if (oidOf(kind) !== OID.x509) return;
    const der = contentAs(inside(holder, DER.explicit0)[0], DER.octets);
    this.#certificates.push({
      certificate: certificateOf(der, aliasOf(bag) ?? ''),
      localKeyId: localKeyIdOf(bag),
      trusted: bag.attributes.has(OID.trusted),
    });
  }

  /** A key has a password of its own only where a tool other than keytool gave it one. */
  keys(password: string): readonly KeyEntry[] {
    const certificates = this.#certificates.map((one) => one.certificate);
    return this.#keyBags.map((bag) => {
      const alias = orDamaged(() => aliasOf(bag)) ?? '';
      const key = privateKeyOf(
        orDamaged(() => this.#plainKey(bag, password, alias)),
        alias,
      );
      return { alias, key, chain: chainOf(key, certificates) };
    });
  }

  #plainKey(bag: Bag, password: string, alias: string): Buffer {
    if (bag.value === undefined) throw new DerError('a key is cut short');
    if (bag.id === OID.keyBag) return sequenceBytes(contentAs(bag.value, DER.sequence));
    const [algorithm, octets] = inside(bag.value, DER.sequence);
    const decryption = decryptionOf(algorithm);
    if (decryption === null) throw unsupported();
    const form = password === this.#password.text ? this.#password : new Password(password);
    const plain = decryption.open(contentAs(octets, DER.octets), form);
    if (plain === null) throw wrongKeyPassword(alias);
    return plain;
  }

  trusted(): readonly X509Certificate[] {
    const marked = this.#certificates.filter((one) => one.trusted);
    const keyIds = new Set(this.#keyBags.map(localKeyIdOf));
    const own = this.#certificates.filter((one) => one.localKeyId !== null && keyIds.has(one.localKeyId));
    const some = [...new Set([...marked, ...own])];
    return (some.length > 0 ? some : this.#certificates).map((one) => one.certificate);
  }
}

function localKeyIdOf(bag: Bag): string | null {
  const value = bag.attributes.get(OID.localKeyId);
  return value === undefined ? null : value.content.toString('hex');
}

/** A sequence as bytes, with the head that its reader took off. */
function sequenceBytes(content: Buffer): Buffer {
  const head = Buffer.alloc(6);
  head[0] = DER.sequence;
  head[1] = 0x84;
  head.writeUInt32BE(content.length, 2);
  return Buffer.concat([head, content]);
}

function unsupported(): StoreError {
  return new StoreError(
    'is encrypted in a way that is not supported',
    'write it anew with `keytool -importkeystore … -deststoretype PKCS12`',
  );
}

function orDamaged<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    throw damaged(cause.message, cause);
  }
}
