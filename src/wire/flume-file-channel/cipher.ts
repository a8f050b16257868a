/**
 * Decrypts the records of one log file, AES in counter mode. Flume begins each record with the same key and
 * vector, those of the file, so that all records of a file are covered by one key stream from its start: that
 * of short records is made once.
 */
import { createDecipheriv } from 'node:crypto';
import { MillraceError } from '../../base/errors.ts';

/** The key of an alias, or null when there is none of that name. */
export type KeySource = (alias: string) => Buffer | null;

/** What the metadata of a log file says of its encryption. */
export interface Encryption {
  readonly provider: string;
  readonly keyAlias: string;
  readonly parameters: Buffer;
}

const IV_BYTES = 16;
const STREAM_BYTES = 1024;
/** By its name in Flume's configuration, in any case, or by its class. */
const PROVIDERS: ReadonlySet<string> = new Set([
  'aesctrnopadding',
  'org.apache.flume.channel.file.encryption.aesctrnopaddingprovider',
]);

export class RecordCipher {
  readonly keyAlias: string;
  readonly #algorithm: string;
  readonly #key: Buffer;
  readonly #iv: Buffer;
  readonly #stream: Buffer;

  /**
   * @throws MillraceError CONF_OPTION_VALUE when the key is missing or unfit, STORAGE_DAMAGED when the cipher
   * is unknown.
   */
  constructor(encryption: Encryption, keys: KeySource | undefined, file: string) {
    const { provider, keyAlias, parameters } = encryption;
    if (!PROVIDERS.has(provider.toLowerCase())) {
      throw new MillraceError('STORAGE_DAMAGED', `${file} is encrypted by ${provider}, which is not known`, {
        value: provider,
        remedy: 'only AESCTRNOPADDING can be read: let Flume drain the channel',
      });
    }
    const key = keys?.(keyAlias) ?? null;
    if (key === null) {
      throw new MillraceError('CONF_OPTION_VALUE', `${file} is encrypted with the key ${keyAlias}`, {
        value: keyAlias,
        remedy: keys === undefined ? 'give the key store' : 'use the key store that holds this alias',
      });
    }
    if (![16, 24, 32].includes(key.length) || parameters.length !== IV_BYTES) {
      const what = `a key of ${key.length} bytes and a vector of ${parameters.length} bytes`;
      throw new MillraceError('CONF_OPTION_VALUE', `${file} cannot be decrypted: ${what} are not for AES`, {
        value: keyAlias,
        remedy: 'use the key store with which the file was written',
      });
    }
    this.keyAlias = keyAlias;
    this.#algorithm = `aes-${key.length * 8}-ctr`;
    this.#key = key;
    this.#iv = parameters;
    this.#stream = createDecipheriv(this.#algorithm, key, parameters).update(Buffer.alloc(STREAM_BYTES));
  }

  /** Decrypts the first `length` bytes of a record, at most 1024, into `out`. */
  head(record: Buffer, from: number, length: number, out: Buffer): void {
    for (let i = 0; i < length; i++) out[i] = record[from + i]! ^ this.#stream[i]!;
  }

  /** A whole record. */
  decrypt(record: Buffer): Buffer {
    if (record.length > STREAM_BYTES) {
      return createDecipheriv(this.#algorithm, this.#key, this.#iv).update(record);
    }
    const plain = Buffer.allocUnsafe(record.length);
    this.head(record, 0, record.length, plain);
    return plain;
  }
}
