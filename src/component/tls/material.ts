/**
 * Keys and certificates of a component as a secure context, read again when their files change.
 *
 * A file counts as changed when its time, size or inode did. What cannot be used (half written, a wrong
 * password, gone) is logged once a change and leaves the last good material in use; connections that stand
 * are not touched.
 */
import { type FileHandle, open, stat } from 'node:fs/promises';
import {
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type SecureContextOptions,
} from 'node:tls';
import { type ErrorDetail, MillraceError, messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { CertificateStore, KeyEntry } from '../../wire/tls/entries.ts';
import { openStore, STORE_BYTES_MAX } from '../../wire/tls/store.ts';
import { StoreError } from '../../wire/tls/store-error.ts';
import type { StorePlace, TlsSettings } from './settings.ts';

export interface Material {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
}

export class MaterialSource {
  readonly #settings: TlsSettings;
  readonly #log: Logger;
  #stamp = '';
  #current: Material | null = null;

  constructor(settings: TlsSettings, log: Logger) {
    this.#settings = settings;
    this.#log = log;
  }

  /**
   * Reads the stores for the first time. @throws MillraceError, the settings' failure, with what is wrong.
   */
  async load(): Promise<Material> {
    this.#stamp = await this.#stampNow();
    this.#current = await this.#read();
    return this.#current;
  }

  /** The new material when a file has changed to something that can be used; else null. */
  async refresh(): Promise<Material | null> {
    const stamp = await this.#stampNow();
    if (stamp === this.#stamp) return null;
    // Taken before reading: what is written meanwhile is a change of its own.
    this.#stamp = stamp;
    const { component } = this.#settings;
    try {
      this.#current = await this.#read();
      this.#log.info(`${component}: keys and certificates have changed; new connections use them`);
      return this.#current;
    } catch (error) {
      const text = `${component}: changed keys or certificates cannot be used; the earlier ones stay in use`;
      this.#log.error(`${text}: ${messageOf(error)}`, error);
      return null;
    }
  }

  /** What is in use. Call `load` first. */
  get current(): Material {
    return this.#current!;
  }

  async #stampNow(): Promise<string> {
    const { keystore, truststore } = this.#settings;
    const stamps = [keystore, truststore].map(async (place) => {
      if (place === null) return '';
      const found = await stat(place.path, { bigint: true }).catch(() => null);
      return found === null
        ? 'gone'
        : `${found.mtimeNs} ${found.ctimeNs} ${found.size} ${found.dev} ${found.ino}`;
    });
    return (await Promise.all(stamps)).join('|');
  }

  async #read(): Promise<Material> {
    const { keystore, keyPassword, truststore, limits } = this.#settings;
    const own = keystore === null ? {} : this.#keyOptions(keystore, keyPassword, await this.#open(keystore));
    const ca =
      truststore === null
        ? defaultAuthorities()
        : this.#authorities(truststore, await this.#open(truststore));
    // A certificate in the trust store is trusted itself, as in Java, not only when it is a root.
    const options = { ...limits, ...own, ca, allowPartialTrustChain: true };
    try {
      return { options, context: createSecureContext(options) };
    } catch (cause) {
      throw this.#bad(keystore ?? truststore, reasonOf(cause), remedyOf(cause), cause);
    }
  }

  async #open(place: StorePlace): Promise<CertificateStore> {
    const bytes = await this.#bytes(place);
    try {
      return openStore(bytes, place.type, place.password);
    } catch (cause) {
      throw this.#refusal(place, cause);
    }
  }

  async #bytes(place: StorePlace): Promise<Buffer> {
    let file: FileHandle | null = null;
    try {
      file = await open(place.path);
      const found = await file.stat();
      if (!found.isFile()) throw new StoreError('is no file', 'give the path of a file');
      if (found.size > STORE_BYTES_MAX) {
        throw new StoreError(`is larger than ${STORE_BYTES_MAX} bytes`, 'give a key or trust store');
      }
      return await file.readFile();
    } catch (cause) {
      if (cause instanceof StoreError) throw this.#refusal(place, cause);
      const remedy = 'give the path of a file that this process may read';
      throw this.#bad(place, `cannot be read: ${messageOf(cause)}`, remedy, cause);
    } finally {
      await file?.close();
    }
  }

  #keyOptions(place: StorePlace, keyPassword: string | null, store: CertificateStore): SecureContextOptions {
    let entries: readonly KeyEntry[];
    try {
      entries = store.keys(keyPassword ?? place.password ?? '');
    } catch (cause) {
      throw this.#refusal(place, cause);
    }
    const usable = entries.filter((entry) => entry.chain.length > 0);
    if (usable.length === 0) {
      const what = entries.length === 0 ? 'has no private key' : 'has no certificate for its private key';
      throw this.#bad(place, what, 'give a store with a private key and its certificate');
    }
    const chosen = oneOfEachKind(usable);
    return {
      key: chosen.map(({ key }) => key.export({ type: 'pkcs8', format: 'pem' })),
      cert: chosen.map(({ chain }) => chain.map(String).join('')),
    };
  }

  #authorities(place: StorePlace, store: CertificateStore): string[] {
    const trusted = store.trusted().map(String);
    if (trusted.length > 0) return trusted;
    throw this.#bad(place, 'has no certificate', 'give a store with the certificates that are trusted');
  }

  #refusal(place: StorePlace, cause: unknown): unknown {
    if (!(cause instanceof StoreError)) return cause;
    const remedy = cause.remedy.replace(/^set the type to/, `set ${place.option}-type =`);
    return this.#bad(place, cause.message, remedy, cause);
  }

  #bad(place: StorePlace | null, what: string, remedy: string, cause?: unknown): MillraceError {
    const { component, failure } = this.#settings;
    const detail: ErrorDetail = { component, remedy, ...(cause === undefined ? {} : { cause }) };
    if (place === null) return new MillraceError(failure, `${component}: TLS ${what}`, detail);
    const { option, path, type } = place;
    const text = `${component} configured with invalid ${option}: ${path} (${option}-type ${type}) ${what}`;
    return new MillraceError(failure, text, { ...detail, option, value: path });
  }
}

/** A server can have one certificate a kind of key. Of several, the first one that is valid now is taken. */
function oneOfEachKind(entries: readonly KeyEntry[]): KeyEntry[] {
  const chosen = new Map<string, KeyEntry>();
  const now = Date.now();
  const isValid = ({ chain: [own] }: KeyEntry) =>
    own!.validFromDate.getTime() <= now && now <= own!.validToDate.getTime();
  for (const entry of [...entries].sort((a, b) => Number(isValid(b)) - Number(isValid(a)))) {
    const kind = entry.key.asymmetricKeyType ?? '';
    if (!chosen.has(kind)) chosen.set(kind, entry);
  }
  return [...chosen.values()];
}

/** Java's own trust store is the host's on most systems; the well-known authorities stand for the others. */
function defaultAuthorities(): string[] {
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
}

function reasonOf(cause: unknown): string {
  const { code = '' } = cause as { code?: string };
  if (/KEY_TOO_SMALL/.test(code)) return 'has a key that is too short to be safe';
  if (/MD_TOO_WEAK/.test(code)) return 'has a certificate whose signature is too weak to be safe';
  return `cannot be used: ${messageOf(cause)}`;
}

function remedyOf(cause: unknown): string {
  const { code = '' } = cause as { code?: string };
  if (/TOO_SMALL|TOO_WEAK/.test(code)) return 'make a new one: RSA of 2048 bits or more, signed with SHA-256';
  return 'give a key and certificates that fit together';
}
