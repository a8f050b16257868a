/**
 * Encryption of a durable channel's log: Flume's options, and the keys that they name. Keys are read at the
 * start, all that are listed, so that a wrong password shows then and not when an old block comes up.
 *
 * Key providers: JCEKSFILE, a store made by keytool, JCEKS or PKCS #12 by its content; KEYFILE, one file a
 * key. What files hold never gets into a text: errors name options, paths and aliases. Options that cannot be
 * right are CONF_* errors; keys and passwords that are not right are STORAGE_KEY, which is tried again: the
 * files may be mended while the agent runs.
 */
import { readFileSync } from 'node:fs';
import { MillraceError, messageOf } from '../../base/errors.ts';
import { type OptionsOf, optionTable } from '../../component/options/table.ts';
import { ALIAS_BYTES_MAX, BlockCipher, KEY_SIZES, type KeyOf } from '../../storage/log/cipher.ts';
import { keysOfStore } from '../../wire/flume-file-channel/keys.ts';

export const encryptionOptions = optionTable({
  'encryption.activeKey': {
    kind: 'string',
    since: '1.3',
    help: 'Alias of the key that encrypts what is put from now on. Required with a key provider.',
    example: 'key-1',
  },
  'encryption.cipherProvider': {
    kind: 'string',
    since: '1.3',
    flumeDefault: 'required',
    help: 'AESCTRNOPADDING, the only one, unless set: AES in counter mode with 128, 192 or 256 bits, as the key has.',
    example: 'AESCTRNOPADDING',
  },
  'encryption.keyProvider': {
    kind: 'string',
    since: '1.3',
    help: 'Where keys come from, and that blocks are encrypted: JCEKSFILE (a key store, JCEKS or PKCS #12), PKCS12FILE (the same) or KEYFILE (a file for each key).',
    example: 'JCEKSFILE',
  },
  'encryption.keyProvider.keyStoreFile': {
    kind: 'string',
    since: '1.3',
    help: 'The key store; required with JCEKSFILE.',
    example: '/etc/millrace/keys.jceks',
  },
  'encryption.keyProvider.keyStorePasswordFile': {
    kind: 'string',
    since: '1.3',
    help: 'File with the password of the key store; required with JCEKSFILE.',
    example: '/etc/millrace/keys.password',
  },
  'encryption.keyProvider.keys': {
    kind: 'list',
    since: '1.3',
    help: 'Aliases of the active key and of earlier ones that blocks in the log may still need, separated by blanks.',
    example: 'key-1 key-0',
  },
  'encryption.keyProvider.keys.*': {
    kind: 'map',
    since: '1.3',
    help: 'ALIAS.passwordFile: file with the password of this key, where it is not that of the store. ALIAS.file, with KEYFILE: the key itself, 16, 24 or 32 bytes, or as many in hexadecimal digits or base64.',
  },
});

type EncryptionOptions = OptionsOf<typeof encryptionOptions>;

interface Log {
  info(text: string): void;
}

const PACKAGE = 'org.apache.flume.channel.file.encryption.';
const STORE_PROVIDERS = [
  'jceksfile',
  'pkcs12file',
  `${PACKAGE}jcefilekeyprovider`,
  `${PACKAGE}jcefilekeyprovider$builder`,
];
const KEY_FILE_PROVIDER = 'keyfile';
const CIPHER_PROVIDERS = [
  'aesctrnopadding',
  `${PACKAGE}aesctrnopaddingprovider`,
  `${PACKAGE}aesctrnopaddingprovider$encryptorbuilder`,
];

/** Null when encryption is not asked for. @throws MillraceError CONF_OPTION_*, STORAGE_KEY */
export function logCipher(channel: string, o: EncryptionOptions, log: Log): BlockCipher | null {
  const problems = new Problems(channel);
  const provider = o['encryption.keyProvider'];
  if (provider === undefined) {
    // Nothing must be written in the clear that was to be encrypted.
    for (const option of ['encryption.activeKey', 'encryption.cipherProvider'] as const) {
      if (o[option] === undefined) continue;
      throw problems.value(
        option,
        'is set, and encryption.keyProvider is not',
        'set encryption.keyProvider = JCEKSFILE and its options, or leave encryption.* out',
      );
    }
    return null;
  }
  const active = o['encryption.activeKey'] || problems.missing('encryption.activeKey', 'key-1');
  const cipher = o['encryption.cipherProvider'];
  if (cipher !== undefined && !CIPHER_PROVIDERS.includes(cipher.toLowerCase())) {
    throw problems.value(
      'encryption.cipherProvider',
      `= ${cipher} is not known`,
      'set it to AESCTRNOPADDING; ciphers of Java plug-ins are not available',
    );
  }
  const keyOf = keySource(provider, o, problems);
  for (const alias of o['encryption.keyProvider.keys']) {
    requireKey(alias, 'encryption.keyProvider.keys', keyOf, problems);
  }
  const key = requireKey(active, 'encryption.activeKey', keyOf, problems);
  log.info(`channel ${channel}: blocks are encrypted with the key ${active}, AES-${key.length * 8}-CTR`);
  return new BlockCipher(active, key, keyOf);
}

function keySource(provider: string, o: EncryptionOptions, problems: Problems): KeyOf {
  const kind = provider.toLowerCase();
  if (STORE_PROVIDERS.includes(kind)) return storeKeys(o, problems);
  if (kind === KEY_FILE_PROVIDER) return fileKeys(o, problems);
  throw problems.value(
    'encryption.keyProvider',
    `= ${provider} is not known`,
    'set it to JCEKSFILE (a key store) or KEYFILE (a file for each key); Java classes are not available',
  );
}

function storeKeys(o: EncryptionOptions, problems: Problems): KeyOf {
  const storeOption = 'encryption.keyProvider.keyStoreFile';
  const passwordOption = 'encryption.keyProvider.keyStorePasswordFile';
  const keyStoreFile = o[storeOption] || problems.missing(storeOption, '/etc/millrace/keys.jceks');
  const keyStorePasswordFile =
    o[passwordOption] || problems.missing(passwordOption, '/etc/millrace/keys.password');
  const passwordFiles = new Map<string, string>();
  for (const [name, file] of Object.entries(o['encryption.keyProvider.keys.*'])) {
    if (name.endsWith('.passwordFile')) passwordFiles.set(name.slice(0, -'.passwordFile'.length), file);
  }
  try {
    return keysOfStore({ keyStoreFile, keyStorePasswordFile, passwordFiles });
  } catch (cause) {
    throw problems.key(
      storeOption,
      `= ${keyStoreFile}: ${messageOf(cause)}`,
      `correct ${storeOption}, or the password in the file that ${passwordOption} names`,
      cause,
    );
  }
}

function fileKeys(o: EncryptionOptions, problems: Problems): KeyOf {
  const files = o['encryption.keyProvider.keys.*'];
  return (alias) => {
    const file = files[`${alias}.file`];
    if (file === undefined) return null;
    const option = `encryption.keyProvider.keys.${alias}.file`;
    let bytes: Buffer;
    try {
      bytes = readFileSync(file);
    } catch (cause) {
      const remedy = 'correct the path or its permissions';
      throw problems.key(option, `= ${file} cannot be read`, remedy, cause);
    }
    const key = keyIn(bytes);
    if (key !== null) return key;
    throw problems.key(
      option,
      `= ${file} holds no key: neither 16, 24 or 32 bytes nor as many in hexadecimal digits or base64`,
      'make one, e.g. openssl rand -hex 32 > FILE',
    );
  };
}

/** Text is tried first: random bytes that all look like digits do not come up. */
export function keyIn(bytes: Buffer): Buffer | null {
  const text = bytes.toString('latin1').trim();
  const isHex = /^[0-9a-f]+$/i.test(text) && KEY_SIZES.includes(text.length / 2);
  if (isHex) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(text) && text.length % 4 === 0) {
    const key = Buffer.from(text, 'base64');
    if (KEY_SIZES.includes(key.length)) return key;
  }
  return KEY_SIZES.includes(bytes.length) ? bytes : null;
}

function requireKey(alias: string, option: string, keyOf: KeyOf, problems: Problems): Buffer {
  if (Buffer.byteLength(alias) > ALIAS_BYTES_MAX) {
    const what = `has an alias of more than ${ALIAS_BYTES_MAX} bytes`;
    throw problems.value(option, what, 'give the key a shorter alias');
  }
  let key: Buffer | null;
  try {
    key = keyOf(alias);
  } catch (cause) {
    // Own errors name their option already.
    if (!(cause instanceof MillraceError) || cause.detail.option !== undefined) throw cause;
    const own = `encryption.keyProvider.keys.${alias}.passwordFile`;
    const remedy = `${cause.detail.remedy ?? 'correct the password'} (the password of a key is that of the store unless ${own} names its file)`;
    throw problems.key(option, `names ${alias}: ${cause.message}`, remedy, cause);
  }
  if (key === null) {
    throw problems.key(
      option,
      `names ${alias}, and the key provider has no key of that alias`,
      `add it to the key store (keytool -genseckey -alias ${alias} -keyalg AES -keysize 256), or set encryption.keyProvider.keys.${alias}.file with KEYFILE, or correct ${option}`,
    );
  }
  if (KEY_SIZES.includes(key.length)) return key;
  throw problems.key(
    option,
    `names ${alias}, a key of ${key.length} bytes; AES needs 16, 24 or 32`,
    `make an AES key: keytool -genseckey -alias ${alias} -keyalg AES -keysize 256`,
  );
}

/** Errors that name the channel and the option. */
class Problems {
  readonly #component: string;

  constructor(channel: string) {
    this.#component = `channel ${channel}`;
  }

  missing(option: string, example: string): never {
    const text = `${this.#component}: ${option} is missing, and encryption.keyProvider is set`;
    const remedy = `set it, e.g. ${option} = ${example}`;
    throw new MillraceError('CONF_OPTION_REQUIRED', text, { component: this.#component, option, remedy });
  }

  value(option: string, what: string, remedy: string): MillraceError {
    const text = `${this.#component}: ${option} ${what}`;
    return new MillraceError('CONF_OPTION_VALUE', text, { component: this.#component, option, remedy });
  }

  key(option: string, what: string, remedy: string, cause?: unknown): MillraceError {
    const text = `${this.#component}: ${option} ${what}`;
    const component = this.#component;
    return new MillraceError('STORAGE_KEY', text, { component, option, remedy, cause });
  }
}
