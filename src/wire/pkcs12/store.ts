/**
 * Reads secret keys from a PKCS #12 key store, as keytool makes them since Java 9.
 *
 * Java keeps a secret key in a secret bag whose value is an octet string with a shrouded key bag in it:
 *   EncryptedPrivateKeyInfo { algorithm, octets }, decrypted PrivateKeyInfo { 0, algorithm, octets }.
 * Errors: CONF_OPTION_VALUE with what is wrong and what to do: an older encryption, a wrong password, cut
 *   short.
 * It writes no stores and reads neither private keys nor certificates: see credentials.ts.
 */
import { MillraceError } from '../../base/errors.ts';
import { aliasOf, bagsOf, checkedPassword, safesOf } from './container.ts';
import { contentAs, DER, DerError, derValues, inside, oidOf } from './der.ts';
import { decryptionOf, Password } from './encryption.ts';

const OID_SECRET_BAG = '2a864886f70d010c0a0105';
const OID_SHROUDED_KEY_BAG = '2a864886f70d010c0a0102';

export class Pkcs12Store {
  readonly #sealed: ReadonlyMap<string, Buffer>;
  readonly #name: string;

  static looksLikeOne(bytes: Buffer): boolean {
    return bytes[0] === DER.sequence;
  }

  /** @throws MillraceError CONF_OPTION_VALUE when it is no PKCS #12 store or the password is wrong. */
  static open(bytes: Buffer, password: string, name: string): Pkcs12Store {
    if (orRefuse(name, () => checkedPassword(bytes, password)) === null) {
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
    const [algorithm, octets] = orRefuse(this.#name, () => inside(derValues(sealed)[0], DER.sequence));
    const decryption = orRefuse(this.#name, () => decryptionOf(algorithm));
    if (decryption === null) {
      const remedy = `convert it: keytool -importkeystore -srckeystore ${this.#name} -destkeystore keys.jceks -deststoretype JCEKS`;
      throw bad(this.#name, 'encrypts its keys in a way that is not supported', remedy);
    }
    try {
      const plain = decryption.open(contentAs(octets, DER.octets), new Password(password));
      if (plain === null) throw new DerError('the padding is not valid');
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

/** Encrypted secret keys by alias. */
function sealedKeys(bytes: Buffer): Map<string, Buffer> {
  const sealed = new Map<string, Buffer>();
  for (const safe of safesOf(bytes)) {
    // Java encrypts a safe for its certificates only.
    if (safe.algorithm !== null) continue;
    for (const bag of bagsOf(safe.content)) {
      if (bag.id !== OID_SECRET_BAG) continue;
      const [kind, holder] = inside(bag.value, DER.sequence);
      if (oidOf(kind) !== OID_SHROUDED_KEY_BAG) continue;
      const alias = aliasOf(bag);
      if (alias !== null) sealed.set(alias, contentAs(inside(holder, DER.explicit0)[0], DER.octets));
    }
  }
  return sealed;
}
