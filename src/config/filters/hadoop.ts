/**
 * Hadoop credential stores as config filter: `jceks://file/PATH`, several separated by commas. Password: the
 * environment's HADOOP_CREDSTORE_PASSWORD, else the password file on the class path, else `none` (source:
 * Hadoop's JavaKeyStoreProvider).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError } from '../../base/errors.ts';
import { JceksStore } from '../../wire/jceks/store.ts';
import type { ConfigFilter, FilterScope } from './types.ts';

export interface HadoopSettings extends FilterScope {
  readonly path: string | undefined;
  readonly passwordFile: string | undefined;
}

export function hadoopCredentials(settings: HadoopSettings): ConfigFilter {
  if (settings.path === undefined) {
    throw new MillraceError(
      'CONF_OPTION_REQUIRED',
      'config filter hadoop: required option credential.provider.path is missing',
      { remedy: 'set it to the store, e.g. jceks://file/etc/flume/credentials.jceks' },
    );
  }
  const paths = settings.path.split(',').map((path) => path.trim());
  let stores: readonly { store: JceksStore; password: string }[] | null = null;
  return (key) => {
    stores ??= paths.map((path) => {
      const password = passwordOf(settings);
      return { store: JceksStore.open(readStore(path), password, path), password };
    });
    for (const { store, password } of stores) {
      // Hadoop stores aliases in lower case.
      const secret = store.secret(key.toLowerCase(), password);
      if (secret !== null) return secret.toString('utf8');
    }
    return null;
  };
}

function readStore(path: string): Buffer {
  const match = /^(?:local)?jceks:\/\/file(\/.*)$/.exec(path);
  if (match === null) {
    throw new MillraceError('CONF_OPTION_VALUE', `credential store ${path} is not on the local file system`, {
      value: path,
      remedy: 'copy it to this machine and name it jceks://file/PATH',
    });
  }
  return readFileSync(match[1]!.replace(/^\/+/, '/'));
}

function passwordOf(settings: HadoopSettings): string {
  const fromEnv = settings.env.HADOOP_CREDSTORE_PASSWORD;
  if (fromEnv !== undefined) return fromEnv;
  if (settings.passwordFile === undefined) return 'none';
  for (const folder of ['', ...settings.classPath]) {
    const file = folder === '' ? settings.passwordFile : join(folder, settings.passwordFile);
    if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  }
  throw new MillraceError('CONF_OPTION_VALUE', `Password file does not exist: ${settings.passwordFile}`, {
    value: settings.passwordFile,
    remedy: 'put it into the directory that --conf names, or give its full path',
  });
}
