/**
 * Where commit records are: `hdfs.commitDir`, or a hidden directory in the last one of `hdfs.path` that has
 * no escapes; below, a directory for each log. Readers of the data pass over names that begin with a dot.
 */
import { locate } from '../file-system/open.ts';

const DIRECTORY = '.millrace';

/** Null: no directory of the path is without escapes. @throws as `locate` does. */
export function recordsPlace(path: string, commitDir: string | undefined): string | null {
  if (commitDir !== undefined) return placeOf(commitDir);
  const at = path.indexOf('%');
  if (at < 0) return `${placeOf(path)}/${DIRECTORY}`;
  const fixed = path.slice(0, path.lastIndexOf('/', at) + 1);
  // An escape in the authority leaves the scheme only.
  if (!/^(file:\/*|[A-Za-z][\w+.-]*:\/\/[^/]+)?\/./.test(`${fixed}x`)) return null;
  return `${placeOf(fixed)}/${DIRECTORY}`;
}

function placeOf(uri: string): string {
  const { root, path } = locate(uri);
  return path === '/' ? root : `${root}${path}`;
}
