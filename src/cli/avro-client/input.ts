/** What is sent: the standard input, a file, or the files of a directory, oldest first. */
import { createReadStream, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MillraceError, messageOf } from '../../base/errors.ts';

export interface Input {
  /** For messages. */
  readonly name: string;
  /** Bytes of it, where that is known. */
  readonly bytes: number | null;
  read(): AsyncIterable<Buffer>;
  /** All of it was acknowledged. */
  done(): void;
}

/**
 * What a file of a directory is given to its name once it is sent: Flume's default of spooling directories.
 */
const DONE_SUFFIX = '.COMPLETED';
const CHUNK_BYTES = 256 * 1024;

function cannotRead(what: string, value: string, cause: unknown): MillraceError {
  const text = `${what} ${value} cannot be read: ${messageOf(cause)}`;
  return new MillraceError('BAD_INPUT', text, { value, remedy: 'give one that can be read', cause });
}

export function standardInput(): Input {
  return { name: 'the standard input', bytes: null, read: () => process.stdin, done: () => {} };
}

/** @throws MillraceError BAD_INPUT */
export function fileInput(path: string, done: () => void = () => {}): Input {
  let bytes: number;
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw new Error('it is a directory (send it with --dirname)');
    bytes = stat.size;
  } catch (error) {
    throw cannotRead('file', path, error);
  }
  return { name: path, bytes, read: () => createReadStream(path, { highWaterMark: CHUNK_BYTES }), done };
}

/**
 * Files that are neither hidden nor sent already; each is renamed when it is. @throws MillraceError BAD_INPUT
 */
export function directoryInputs(directory: string): Input[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((one) => one.isFile() && !one.name.startsWith('.') && !one.name.endsWith(DONE_SUFFIX))
      .map(({ name }) => ({ path: join(directory, name), ms: statSync(join(directory, name)).mtimeMs }))
      .sort((a, b) => a.ms - b.ms || (a.path < b.path ? -1 : 1))
      .map(({ path }) => fileInput(path, () => renameSync(path, path + DONE_SUFFIX)));
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    throw cannotRead('directory', directory, error);
  }
}
