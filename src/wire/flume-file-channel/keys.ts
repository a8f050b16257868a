/**
 * Keys as Flume's JCEKSFILE provider finds them: a store, its password file, and those of single keys. The
 * store may be PKCS #12, too.
 */
import { readFileSync } from 'node:fs';
import { MillraceError } from '../../base/errors.ts';
import { JceksStore } from '../jceks/store.ts';
import { Pkcs12Store } from '../pkcs12/store.ts';
import type { KeySource } from './cipher.ts';

export interface KeyStoreFiles {
  readonly keyStoreFile: string;
  readonly keyStorePasswordFile: string;
  /** Password files of aliases whose password is not that of the store. */
  readonly passwordFiles?: ReadonlyMap<string, string>;
}

/** @throws MillraceError CONF_OPTION_VALUE when the store, or later a key, cannot be opened. */
export function keysOfStore(files: KeyStoreFiles): KeySource {
  const { keyStoreFile, keyStorePasswordFile } = files;
  const password = passwordIn(keyStorePasswordFile);
  const bytes = readFile(keyStoreFile);
  const store = Pkcs12Store.looksLikeOne(bytes)
    ? Pkcs12Store.open(bytes, password, keyStoreFile)
    : JceksStore.open(bytes, password, keyStoreFile);
  // A key costs a good part of a second, and each log file asks for its own.
  const known = new Map<string, Buffer | null>();
  return (alias) => {
    if (!known.has(alias)) known.set(alias, secretOf(alias));
    return known.get(alias)!;
  };

  function secretOf(alias: string): Buffer | null {
    const file = files.passwordFiles?.get(alias);
    try {
      return store.secret(alias, file === undefined ? password : passwordIn(file));
    } catch (cause) {
      const known = cause instanceof MillraceError ? cause : null;
      const why = known === null ? '' : `: ${known.message}`;
      throw new MillraceError('CONF_OPTION_VALUE', `key ${alias} of ${keyStoreFile} cannot be read${why}`, {
        value: alias,
        remedy: known?.detail.remedy ?? `correct the password in ${file ?? keyStorePasswordFile}`,
        cause,
      });
    }
  }
}

/** Flume takes the blanks and line ends around a password away. */
function passwordIn(path: string): string {
  return readFile(path).toString('utf8').trim();
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new MillraceError('CONF_OPTION_VALUE', `${path} cannot be read`, {
      value: path,
      remedy: 'correct the path or its permissions',
      cause,
    });
  }
}
