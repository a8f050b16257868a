/**
 * Chooses the file system of a path by its scheme:
 *
 *   file:/dir, file:///dir                    local
 *   hdfs://…, webhdfs://…, swebhdfs://…       HDFS over HTTP
 *   /dir                                      `fs.defaultFS` of core-site.xml; local without one
 */
import { MillraceError } from '../../../base/errors.ts';
import { HadoopConfiguration } from '../../../wire/hdfs-webhdfs-client/cluster/hadoop-configuration.ts';
import type { FileSystem, FileSystemSettings } from './door.ts';
import { LocalFileSystem } from './local.ts';

export interface Location {
  /** Scheme and authority, empty when the path has none. */
  readonly root: string;
  /** Absolute. */
  readonly path: string;
}

const HDFS_SCHEMES: ReadonlySet<string> = new Set(['hdfs', 'webhdfs', 'swebhdfs']);

/** @throws MillraceError for schemes that are not known, and paths that are not absolute. */
export function locate(uri: string): Location {
  const parts = /^(?:([A-Za-z][A-Za-z\d+.-]*):(?:\/\/([^/]*))?)?(.*)$/.exec(uri)!;
  const [, scheme = '', authority = '', rest = ''] = parts;
  const path = `/${rest}`.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
  if (scheme === '') {
    if (!rest.startsWith('/')) throw refused(uri, 'it is no absolute path');
    return { root: '', path };
  }
  const known = scheme.toLowerCase();
  if (known === 'file') return { root: 'file://', path };
  if (HDFS_SCHEMES.has(known)) return { root: `${known}://${authority}`, path };
  throw refused(uri, `the scheme ${scheme} is not known`);
}

function refused(uri: string, reason: string): MillraceError {
  const remedy = 'write hdfs://HOST:PORT/DIR, webhdfs://, swebhdfs://, file:///DIR or /DIR';
  return new MillraceError('CONF_OPTION_VALUE', `hdfs.path ${uri}: ${reason}`, {
    option: 'hdfs.path',
    value: uri,
    remedy,
  });
}

export async function openFileSystem(settings: FileSystemSettings): Promise<FileSystem> {
  if (isLocal(settings)) return new LocalFileSystem(settings.syncsNames);
  const { openWebHdfs } = await import('./webhdfs.ts');
  return await openWebHdfs(settings);
}

function isLocal({ root, nameNodes, hadoopConfDir }: FileSystemSettings): boolean {
  if (root !== '') return root === 'file://';
  if (nameNodes.length > 0) return false;
  const folder = hadoopConfDir ?? process.env.HADOOP_CONF_DIR;
  const configuration = HadoopConfiguration.read(folder === undefined || folder === '' ? [] : [folder]);
  const defaultFs = configuration.get('fs.defaultFS') ?? configuration.get('fs.default.name');
  return defaultFs === null || defaultFs.toLowerCase().startsWith('file:');
}
