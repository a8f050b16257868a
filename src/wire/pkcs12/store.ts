/**
 * Reads secret keys from a PKCS #12 key store (RFC 7292), as keytool makes them since Java 9.
 *
 * Layout (DER): PFX { 3, authSafe, macData }. authSafe is `data` that holds the safes; a safe is `data`
 *   (keys) or `encryptedData` (certificates, passed over), and a list of bags { id, [0] value, attributes }.
 *   Java keeps a secret key in a secret bag whose value is an octet string with a shrouded key bag in it:
 *   EncryptedPrivateKeyInfo { algorithm, octets }, decrypted PrivateKeyInfo { 0, algorithm, octets }.
 *   The alias is the attribute friendlyName.
 * Encryption: PBES2 (RFC 8018) of PBKDF2 and AES-CBC, which Java has written by default since 11.0.12 and 17.
 * Errors: CONF_OPTION_VALUE with what is wrong and what to do: an older encryption, a wrong password, cut
 *   short.
 * It writes no stores and reads neither private keys nor certificates. A MAC of a kind that is not known
 * (PBMAC1) is not checked: a wrong password shows when a key is read.
 */
import { createDecipheriv, createHmac, hash, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { MillraceError } from '../../base/errors.ts';
import { contentAs, DER, DerError, type DerValue, derValues, inside, intOf, oidOf } from './der.ts';

const OID = {
  data: '2a864886f70d010701',
  secretBag: '2a864886f70d010c0a0105',
  shroudedKeyBag: '2a864886f70d010c0a0102',
  friendlyName: '2a864886f70d010914',
  pbes2: '2a864886f70d01050d',
  pbkdf2: '2a864886f70d01050c',
} as const;

const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d0207', 'sha1'],
  ['2a864886f70d0208', 'sha224'],
  ['2a864886f70d0209', 'sha256'],
  ['2a864886f70d020a', 'sha384'],
  ['2a864886f70d020b', 'sha512'],
]);
/** What PBKDF2 uses when its parameters name nothing. */
const DIGEST_DEFAULT = 'sha1';
const CIPHERS: ReadonlyMap<string, { readonly name: string; readonly keyBytes: number }> = new Map([
  ['608648016503040102', { name: 'aes-128-cbc', keyBytes: 16 }],
  ['608648016503040116', { name: 'aes-192-cbc', keyBytes: 24 }],
  ['60864801650304012a', { name: 'aes-256-cbc', keyBytes: 32 }],
]);
const MACS: ReadonlyMap<string, { readonly digest: string; readonly blockBytes: number }> = new Map([
  ['2b0e03021a', { digest: 'sha1', blockBytes: 64 }],
  ['608648016503040201', { digest: 'sha256', blockBytes: 64 }],
  ['608648016503040202', { digest: 'sha384', blockBytes: 128 }],
  ['608648016503040203', { digest: 'sha512', blockBytes: 128 }],
]);
/** What a key derived as RFC 7292, appendix B, says is for: a MAC. */
const PURPOSE_MAC = 3;
/** More would keep a thread busy for minutes: no store of a sane tool has them. */
const ITERATIONS_MAX = 10_000_000;

export class Pkcs12Store {
  readonly #sealed: ReadonlyMap<string, Buffer>;
  readonly #name: string;

  static looksLikeOne(bytes: Buffer): boolean {
    return bytes[0] === DER.sequence;
  }

  /** @throws MillraceError CONF_OPTION_VALUE when it is no PKCS #12 store or the password is wrong. */
  static open(bytes: Buffer, password: string, name: string): Pkcs12Store {
    if (!orRefuse(name, () => macIsRight(bytes, password))) {
      const text = `key store ${name} cannot be opened: the password is wrong, or the file was changed`;
      throw new MillraceError('CONF_OPTION_VALUE', text, { value: name });
    }
    return new Pkcs12Store(
      orRefuse(name, () => sealedKeys(bytes)),
      name,
    );
  }

  private constructor(sealed: ReadonlyMap<string, Buffer>, name: string) {
    this.#sealed = sealed;
    this.#name = name;
  }

  aliases(): readonly string[] {
    return [...this.#sealed.keys()];
  }

  /** The secret's bytes, or null when there is no such alias. The letter case of aliases does not count. */
  secret(alias: string, password: string): Buffer | null {
    const sealed = this.#sealed.get(alias.toLowerCase());
    if (sealed === undefined) return null;
    const decryption = orRefuse(this.#name, () => decryptionOf(sealed));
    if (decryption === null) {
      const remedy = `convert it: keytool -importkeystore -srckeystore ${this.#name} -destkeystore keys.jceks -deststoretype JCEKS`;
      throw bad(this.#name, 'encrypts its keys in a way that is not supported', remedy);
    }
    const { cipher, iv, salt, iterations, digest, content } = decryption;
    const key = pbkdf2Sync(password, salt, iterations, cipher.keyBytes, digest);
    try {
      const decipher = createDecipheriv(cipher.name, key, iv);
      const plain = Buffer.concat([decipher.update(content), decipher.final()]);
      // What a wrong password gives seldom has valid padding, and then is not of this shape.
      return contentAs(inside(derValues(plain)[0], DER.sequence)[2], DER.octets);
    } catch (cause) {
      const text = `key store ${this.#name} cannot be opened: the password is wrong`;
      throw new MillraceError('CONF_OPTION_VALUE', text, { value: this.#name, cause });
    }
  }
}

function bad(name: string, what: string, remedy: string, cause?: unknown): MillraceError {
  return new MillraceError('CONF_OPTION_VALUE', `key store ${name} ${what}`, { value: name, remedy, cause });
}

function orRefuse<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    throw bad(name, `is not a PKCS #12 key store, or is damaged: ${cause.message}`, 'write it anew', cause);
  }
}

/** Also true where there is no MAC, or none of a kind that is known. */
function macIsRight(bytes: Buffer, password: string): boolean {
  const [, authSafe, macData] = inside(derValues(bytes)[0], DER.sequence);
  const content = dataOf(authSafe);
  if (macData === undefined || content === null) return true;
  const [digestInfo, saltValue, iterationCount] = inside(macData, DER.sequence);
  const [algorithm, expected] = inside(digestInfo, DER.sequence);
  const kind = MACS.get(oidOf(inside(algorithm, DER.sequence)[0]));
  const iterations = iterationCount === undefined ? 1 : intOf(iterationCount);
  if (kind === undefined || iterations > ITERATIONS_MAX) return true;
  const { digest, blockBytes } = kind;
  const secret = Buffer.from(`${password}\0`, 'utf16le').swap16();
  const filled = [contentAs(saltValue, DER.octets), secret].map((part) =>
    Buffer.alloc(Math.ceil(part.length / blockBytes) * blockBytes, part),
  );
  let key = hash(digest, Buffer.concat([Buffer.alloc(blockBytes, PURPOSE_MAC), ...filled]), 'buffer');
  for (let i = 1; i < iterations; i++) key = hash(digest, key, 'buffer');
  const mac = createHmac(digest, key).update(content).digest();
  const found = contentAs(expected, DER.octets);
  return found.length === mac.length && timingSafeEqual(mac, found);
}

/** Encrypted secret keys by alias. */
function sealedKeys(bytes: Buffer): Map<string, Buffer> {
  const sealed = new Map<string, Buffer>();
  const [, authSafe] = inside(derValues(bytes)[0], DER.sequence);
  for (const info of safes(authSafe)) {
    const content = dataOf(info);
    if (content === null) continue;
    for (const bag of inside(derValues(content)[0], DER.sequence)) {
      const [id, value, attributes] = inside(bag, DER.sequence);
      if (oidOf(id) !== OID.secretBag || attributes === undefined) continue;
      const [kind, holder] = inside(inside(value, DER.explicit0)[0], DER.sequence);
      if (oidOf(kind) !== OID.shroudedKeyBag) continue;
      const alias = friendlyName(attributes);
      if (alias !== null) sealed.set(alias, contentAs(inside(holder, DER.explicit0)[0], DER.octets));
    }
  }
  return sealed;
}

function safes(authSafe: DerValue | undefined): DerValue[] {
  const content = dataOf(authSafe);
  if (content === null) throw new DerError('its content is signed, or not data');
  return inside(derValues(content)[0], DER.sequence);
}

/** The octets of a ContentInfo of type data; null for another type. */
function dataOf(info: DerValue | undefined): Buffer | null {
  const [type, content] = inside(info, DER.sequence);
  if (oidOf(type) !== OID.data) return null;
  return contentAs(inside(content, DER.explicit0)[0], DER.octets);
}

/** Java's aliases are in lower case. */
function friendlyName(attributes: DerValue): string | null {
  for (const attribute of inside(attributes, DER.set)) {
    const [id, values] = inside(attribute, DER.sequence);
    if (oidOf(id) !== OID.friendlyName) continue;
    const text = Buffer.from(contentAs(inside(values, DER.set)[0], DER.bmpString));
    if (text.length % 2 !== 0) throw new DerError('a name is cut short');
    return text.swap16().toString('utf16le').toLowerCase();
  }
  return null;
}

interface Decryption {
  readonly cipher: { readonly name: string; readonly keyBytes: number };
  readonly iv: Buffer;
  readonly salt: Buffer;
  readonly iterations: number;
  readonly digest: string;
  readonly content: Buffer;
}

/** Null when the scheme, its key derivation or its cipher is none of those that are known. */
function decryptionOf(sealed: Buffer): Decryption | null {
  const [algorithm, octets] = inside(derValues(sealed)[0], DER.sequence);
  const [scheme, parameters] = inside(algorithm, DER.sequence);
  if (oidOf(scheme) !== OID.pbes2) return null;
  const [derivation, encryption] = inside(parameters, DER.sequence);
  const [kdf, kdfParameters] = inside(derivation, DER.sequence);
  const [cipherId, iv] = inside(encryption, DER.sequence);
  const cipher = CIPHERS.get(oidOf(cipherId));
  if (oidOf(kdf) !== OID.pbkdf2 || cipher === undefined) return null;
  const [salt, iterationCount, ...rest] = inside(kdfParameters, DER.sequence);
  const prf = rest.find((value) => value.tag === DER.sequence);
  const digest = prf === undefined ? DIGEST_DEFAULT : DIGESTS.get(oidOf(inside(prf, DER.sequence)[0]));
  const iterations = intOf(iterationCount);
  if (digest === undefined || iterations < 1 || iterations > ITERATIONS_MAX) return null;
  return {
    cipher,
    iv: contentAs(iv, DER.octets),
    salt: contentAs(salt, DER.octets),
    iterations,
    digest,
    content: contentAs(octets, DER.octets),
  };
}
