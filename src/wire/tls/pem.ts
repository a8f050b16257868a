/**
 * PEM text: private keys (PKCS #8, also encrypted; PKCS #1; SEC 1) and certificates, in any order. A key's
 * chain is put together from the certificates beside it; what stands around the blocks is passed over.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { chainOf } from './certificates.ts';
import { type CertificateStore, ENTRIES_MAX, type KeyEntry } from './entries.ts';
import { damaged, wrongKeyPassword } from './store-error.ts';

const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----[^-]*-----END \1-----/g;
const BEGIN = '-----BEGIN ';
/** A file may start with text for people, such as `openssl x509 -text` writes. */
const HEAD_BYTES = 64 * 1024;

export class PemStore implements CertificateStore {
  readonly #certificates: readonly X509Certificate[];
  readonly #keys: readonly string[];

  static looksLikeOne(bytes: Buffer): boolean {
    return bytes.subarray(0, HEAD_BYTES).includes(BEGIN);
  }

  constructor(text: string) {
    const blocks = [...text.matchAll(BLOCK)];
    if (blocks.length !== text.split(BEGIN).length - 1) throw damaged('a block is cut short');
    if (blocks.length > ENTRIES_MAX) throw damaged(`it has more than ${ENTRIES_MAX} blocks`);
    const of = (kind: RegExp) => blocks.filter(([, label]) => kind.test(label!)).map(([block]) => block);
    this.#keys = of(/PRIVATE KEY$/);
    this.#certificates = of(/^(X509 |TRUSTED )?CERTIFICATE$/).map((block, index) => {
      try {
        return new X509Certificate(block);
      } catch (cause) {
        throw damaged(`certificate ${index + 1} cannot be read`, cause);
      }
    });
  }

  keys(password: string): readonly KeyEntry[] {
    return this.#keys.map((block) => {
      const key = keyOf(block, password);
      return { alias: '', key, chain: chainOf(key, this.#certificates) };
    });
  }

  trusted(): readonly X509Certificate[] {
    return this.#certificates;
  }
}

function keyOf(block: string, passphrase: string): KeyObject {
  try {
    return createPrivateKey({ key: block, passphrase });
  } catch (cause) {
    if (/ENCRYPTED/.test(block)) throw wrongKeyPassword('', cause);
    throw damaged('its private key cannot be read', cause);
  }
}
