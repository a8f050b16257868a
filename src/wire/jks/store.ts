/**
 * Reads a JKS key store, the format of Java's SUN provider: private keys with chains, and trusted
 * certificates.
 *
 * Layout (big-endian): magic FEEDFEED, version 1 or 2, count, entries, SHA-1 digest of "password in UTF-16BE,
 *   `Mighty Aphrodite`, everything before". Entry: tag 1 private key or 2 certificate; alias (u16 length,
 *   modified UTF-8); date (u64); a key has its sealed form (u32 length) and a counted chain; a certificate
 *   has, from version 2 on, its type (`X.509`) and then its bytes (u32 length).
 * A sealed key is EncryptedPrivateKeyInfo; its octets are salt (20), the key XORed with a stream, check (20).
 *   The stream is SHA-1(password, previous 20 bytes), from the salt on; check is SHA-1(password, key).
 * Errors: StoreError, with the store's and a key's wrong password told apart.
 * It writes no stores. Without a password the digest is not checked, as in Java.
 */
import { hash, timingSafeEqual, type X509Certificate } from 'node:crypto';
import { contentAs, DER, DerError, derValues, inside, oidOf } from '../pkcs12/der.ts';
import { certificateOf, privateKeyOf } from '../tls/certificates.ts';
import { type CertificateStore, ENTRIES_MAX, type KeyEntry } from '../tls/entries.ts';
import { damaged, wrongKeyPassword, wrongPassword } from '../tls/store-error.ts';

const MAGIC = 0xfeedfeed;
const VERSION_MAX = 2;
const HEADER_BYTES = 12;
const DIGEST_BYTES = 20;
const DATE_BYTES = 8;
const TAG_KEY = 1;
const TAG_CERTIFICATE = 2;
const WHITENER = Buffer.from('Mighty Aphrodite');
/** 1.3.6.1.4.1.42.2.17.1.1, Sun's key protector. */
const OID_KEY_PROTECTOR = '2b060104012a02110101';

interface SealedEntry {
  readonly alias: string;
  readonly sealed: Buffer;
  readonly chain: readonly X509Certificate[];
}

export class JksStore implements CertificateStore {
  readonly #keys: SealedEntry[] = [];
  readonly #trusted: X509Certificate[] = [];

  static looksLikeOne(bytes: Buffer): boolean {
    return bytes.length >= 4 && bytes.readUInt32BE(0) === MAGIC;
  }

  constructor(bytes: Buffer, password: string | null) {
    if (bytes.length < HEADER_BYTES + DIGEST_BYTES) throw damaged('it is cut short');
    const body = bytes.subarray(0, bytes.length - DIGEST_BYTES);
    if (password !== null) {
      const digest = sha1(utf16(password), WHITENER, body);
      if (!timingSafeEqual(digest, bytes.subarray(body.length))) throw wrongPassword();
    }
    const reader = new Reader(body);
    reader.skip(4);
    const version = reader.u32();
    if (version < 1 || version > VERSION_MAX) throw damaged(`version ${version} is not known`);
    const count = reader.u32();
    if (count > ENTRIES_MAX) throw damaged(`${count} entries are more than ${ENTRIES_MAX}`);
    for (let i = 0; i < count; i++) this.#readEntry(reader, version);
  }

  #readEntry(reader: Reader, version: number): void {
    const tag = reader.u32();
    const alias = reader.text();
    reader.skip(DATE_BYTES);
    const certificate = () => {
      if (version > 1) reader.text();
      return certificateOf(reader.bytes(), alias);
    };
    if (tag === TAG_CERTIFICATE) {
      this.#trusted.push(certificate());
    } else if (tag === TAG_KEY) {
      const sealed = reader.bytes();
      const length = reader.u32();
      if (length > ENTRIES_MAX) throw damaged(`a chain of ${length} certificates`);
      this.#keys.push({ alias, sealed, chain: Array.from({ length }, certificate) });
    } else {
      throw damaged(`an entry of unknown kind ${tag}`);
    }
  }

  keys(password: string): readonly KeyEntry[] {
    return this.#keys.map(({ alias, sealed, chain }) => {
      return { alias, key: privateKeyOf(unseal(sealed, password, alias), alias), chain };
    });
  }

  trusted(): readonly X509Certificate[] {
    return [...this.#trusted, ...this.#keys.flatMap(({ chain }) => chain.slice(0, 1))];
  }
}

function unseal(sealed: Buffer, password: string, alias: string): Buffer {
  const content = protectedContent(sealed);
  const secret = utf16(password);
  const plain = Buffer.from(content.subarray(DIGEST_BYTES, content.length - DIGEST_BYTES));
  let stream: Buffer = content.subarray(0, DIGEST_BYTES);
  for (let at = 0; at < plain.length; at += DIGEST_BYTES) {
    stream = sha1(secret, stream);
    const end = Math.min(DIGEST_BYTES, plain.length - at);
    for (let i = 0; i < end; i++) plain[at + i]! ^= stream[i]!;
  }
  const check = content.subarray(content.length - DIGEST_BYTES);
  if (!timingSafeEqual(sha1(secret, plain), check)) throw wrongKeyPassword(alias);
  return plain;
}

function protectedContent(sealed: Buffer): Buffer {
  try {
    const [algorithm, octets] = inside(derValues(sealed)[0], DER.sequence);
    if (oidOf(inside(algorithm, DER.sequence)[0]) !== OID_KEY_PROTECTOR) {
      throw new DerError('it is not sealed as JKS seals keys');
    }
    const content = contentAs(octets, DER.octets);
    if (content.length <= 2 * DIGEST_BYTES) throw new DerError('it is cut short');
    return content;
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    throw damaged(`a private key cannot be read: ${cause.message}`, cause);
  }
}

function sha1(...parts: readonly Buffer[]): Buffer {
  return hash('sha1', Buffer.concat(parts), 'buffer');
}

function utf16(password: string): Buffer {
  return Buffer.from(password, 'utf16le').swap16();
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  #take(length: number): Buffer {
    const from = this.#at;
    if (from + length > this.#bytes.length) throw damaged('it is cut short');
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }

  skip(length: number): void {
    this.#take(length);
  }

  u32(): number {
    return this.#take(4).readUInt32BE();
  }

  bytes(): Buffer {
    return this.#take(this.u32());
  }

  text(): string {
    return this.#take(this.#take(2).readUInt16BE()).toString('utf8');
  }
}
