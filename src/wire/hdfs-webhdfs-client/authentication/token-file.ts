/**
 * A delegation token in a file: as text (what `urlString` of GETDELEGATIONTOKEN is), or in the form that
 * `hdfs fetchdt` and YARN's HADOOP_TOKEN_FILE_LOCATION have. Whoever renews it replaces the file.
 *
 * Layout of that form: `HDTS`, a byte of version. 0: a count, then for each token an alias (length, UTF-8),
 * the
 *   length and bytes of its identifier, of its password, of its kind, of its service; lengths are Hadoop's
 *   variable-length integers. 1: the same in protobuf, `CredentialsProto`, after the length of the message.
 * Limits: 1 MiB. Secret keys, which may follow, are not read.
 */
import { statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { CredentialsError } from './ticket.ts';
import { credentialsOf, tokenText } from './token-storage.ts';

const FILE_BYTES_MAX = 1024 * 1024;
const MAGIC = 'HDTS';
const KINDS: ReadonlySet<string> = new Set([
  'HDFS_DELEGATION_TOKEN',
  'WEBHDFS delegation',
  'SWEBHDFS delegation',
]);

export class TokenFile {
  readonly #file: string;
  #token: string | null = null;
  #version = '';

  constructor(file: string) {
    this.#file = file;
  }

  /** The token as a query has it. @throws CredentialsError when the file has none. */
  async token(): Promise<string> {
    try {
      const state = await stat(this.#file);
      const version = versionOf(state);
      if (this.#token !== null && version === this.#version) return this.#token;
      if (state.size > FILE_BYTES_MAX) throw new Error(`it has more than ${FILE_BYTES_MAX} bytes`);
      this.#token = tokenOf(await readFile(this.#file));
      this.#version = version;
      return this.#token;
    } catch (error) {
      throw new CredentialsError(`no delegation token in ${this.#file}: ${(error as Error).message}`, error);
    }
  }

  /** Whether another token may be there than the one that was given. */
  hasChanged(): boolean {
    const state = statSync(this.#file, { throwIfNoEntry: false });
    return state !== undefined && versionOf(state) !== this.#version;
  }
}

function versionOf({ mtimeMs, size, ino }: { mtimeMs: number; size: number; ino: number }): string {
  return `${mtimeMs}/${size}/${ino}`;
}

export function tokenOf(bytes: Buffer): string {
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    const text = bytes.toString('utf8').trim();
    if (!/^[\w-]+={0,2}$/.test(text)) throw new Error('it is neither a token nor the file of hdfs fetchdt');
    return text;
  }
  const tokens = credentialsOf(bytes.subarray(MAGIC.length));
  const token = tokens.find(({ kind }) => KINDS.has(kind));
  if (token === undefined) {
    throw new Error(
      `it has no token of HDFS, but ${tokens.map(({ kind }) => kind).join(', ') || 'none at all'}`,
    );
  }
  return tokenText(token);
}
