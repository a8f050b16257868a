/**
 * The door to a file system: all that the sink asks of one. Behind it stand local paths (local.ts) and HDFS
 * over HTTP (webhdfs.ts).
 *
 * A file's life as the sink drives it; calls on one file never overlap, calls on different files do:
 *
 *     create ─▶ write* ─▶ commit ─▶ write* ─▶ commit … ─▶ close ─▶ rename
 *                  └── any failure ──▶ abandon ─▶ recover (truncate or delete, until it succeeds) ─▶ rename
 *
 * Rules for every method:
 * - Paths are absolute and without scheme and authority (`/flume/2024/a.1.tmp`).
 * - Every promise settles: without progress for about `callTimeoutMs` it rejects. (The sink has a clock of
 *   its own beside it: a call that outlives it counts as failed, and the file is abandoned.)
 * - A rejection is a FileSystemError whose `kind` says what the sink may do; nothing is retried by the sink
 *   inside one call, so the door repeats what is safe to repeat.
 * - After a rejected `write`, `commit` or `close` the file may have any length from `committed` on.
 */

import type { Logger } from '../../../base/log.ts';

export type FailureKind =
  /** Something of that name is there. */
  | 'exists'
  /** The path, or a directory of it, is not there. */
  | 'missing'
  /** This user may not do that, or could not say who it is. */
  | 'permission'
  /** No room: quota or disk. */
  | 'full'
  /**
   * The same call may succeed soon by itself: lease, recovery, safe mode, standby, no DataNode, no
   * connection.
   */
  | 'unavailable'
  /** No answer in time; it may have been done. */
  | 'timeout'
  /** The file system cannot do that at all (truncate on an old cluster). */
  | 'unsupported'
  | 'other';

export class FileSystemError extends Error {
  override readonly name = 'FileSystemError';
  readonly kind: FailureKind;
  /** What the operator can do, where that is known. */
  readonly remedy: string | undefined;

  constructor(kind: FailureKind, message: string, detail: { cause?: unknown; remedy?: string } = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.kind = kind;
    this.remedy = detail.remedy;
  }
}

export function tooLarge(path: string, bytes: number, bytesMax: number): FileSystemError {
  return new FileSystemError('other', `${path} has ${bytes} bytes; ${bytesMax} are read at most`);
}

export interface FileStatus {
  readonly path: string;
  readonly isDirectory: boolean;
  /** Bytes. Of a file that is being written: what was committed, or more. */
  readonly length: number;
  /** Epoch ms. */
  readonly modifiedMs: number;
}

/** A file that this process writes, at its end only. */
export interface OutputFile {
  readonly path: string;
  /** Length of the file at the last `commit` or `close` that resolved; 0 before. These bytes are safe. */
  readonly committed: number;
  /**
   * Gives bytes, in order. Resolves when their memory may be used for something else; until then it is read
   * where it lies (it may be shared memory) and must not change. Resolving says nothing of their safety. The
   * views may be many and small: the door gathers them.
   */
  write(views: readonly Uint8Array[]): Promise<void>;
  /**
   * The commit point. Resolves when every byte given before is as safe as the file system makes it and
   * readers see it: HDFS has answered the CREATE or APPEND request that carried them; a local file was
   * synced. The next `write` goes on behind (a new request). Without new bytes since the last commit it
   * does nothing.
   */
  commit(): Promise<void>;
  /**
   * `commit`, and the end of writing: nobody holds the file open or a lease on it afterwards. A file that
   * got no byte exists then too, and is empty.
   */
  close(): Promise<void>;
  /**
   * Gives the file up after a failure or a timeout: connections and descriptors go, calls that are under way
   * reject. Promises nothing of the file; `recover` is next. Never throws, may be called twice.
   */
  abandon(): void;
}

export interface FileSystem {
  /** `file://`, `hdfs://nn:8020`, for messages. */
  readonly root: string;
  /**
   * Begins a new file and makes its directories. Never overwrites: where the path exists or another one is
   * creating it, this, the first `write` or the first `commit` rejects with kind `exists`: the sink then
   * leaves the path alone, while after any other failure it removes what may be there. The file may become
   * visible as late as at its first commit.
   */
  create(path: string): Promise<OutputFile>;
  /**
   * Brings a file that this process no longer writes to `length` bytes, and closes it: recovers the lease
   * of its writer, cuts off what stands behind. `length` is never more than what was committed; 0 leaves an
   * empty file (the sink deletes those instead). `null` keeps all bytes that are there and only closes it.
   * Resolves with the path at which it stands then, which may be another one: what its writer sent before it
   * was given up may still be on its way, and must not find the file. Null: there is no such file.
   *
   * Rejects with `unavailable` while that cannot be done yet (lease, DataNode away): it is asked again after
   * `hdfs.retryInterval`, so the door itself waits for what takes a few seconds. Rejects
   * with `unsupported` when the file cannot be cut at all, and with `other` when it is shorter than `length`.
   */
  recover(path: string, length: number | null): Promise<string | null>;
  /**
   * Gives a closed file its final name, at once and as a whole. Rejects with `exists` rather than replace,
   * with `missing` when there is no `from`.
   */
  rename(from: string, to: string): Promise<void>;
  /**
   * Removes a file; false when there was none, though one that was given up may still come. Never removes a
   * directory.
   */
  delete(path: string): Promise<boolean>;
  /** All bytes of a closed file. Rejects with `missing`, and with `other` when there are more. */
  read(path: string, bytesMax: number): Promise<Uint8Array>;
  /** Null when there is nothing of that name. */
  status(path: string): Promise<FileStatus | null>;
  /** What stands directly in a directory; empty when there is none. */
  list(directory: string): Promise<readonly FileStatus[]>;
  mkdirs(directory: string): Promise<void>;
  /**
   * How many live replicas the last block of a committed file has; null where there is no such thing (local
   * files, an empty file, HttpFS). Asked after a commit, and only when `hdfs.minBlockReplicas` is 2 or
   * more.
   */
  replicas(path: string): Promise<number | null>;
  /** Drops what is kept open, and calls that are under way. Files must be closed or abandoned before. */
  close(): Promise<void>;
}

/** What a file system is made with. */
export interface FileSystemSettings {
  /** `sink k1`, for messages. */
  readonly component: string;
  readonly log: Logger;
  /** Scheme and authority: `file://`, `hdfs://nn:8020`, `swebhdfs://nn:9871`; empty for `fs.defaultFS`. */
  readonly root: string;
  /** Longest wait of a call without progress; 0: none. */
  readonly callTimeoutMs: number;
  /** Files that may be written at the same time. */
  readonly concurrency: number;
  /** `hdfs.proxyUser`, on whose behalf everything is done. */
  readonly proxyUser: string | undefined;
  /** `hdfs.kerberosPrincipal` and `hdfs.kerberosKeytab`: both or neither. */
  readonly kerberos: { readonly principal: string; readonly keytab: string } | undefined;
  /** `hdfs.nameNodes`: HTTP addresses, whatever the configuration of Hadoop says; empty: by that. */
  readonly nameNodes: readonly string[];
  /** Folder of core-site.xml and hdfs-site.xml; without it HADOOP_CONF_DIR. */
  readonly hadoopConfDir: string | undefined;
  /** Whom a cluster without security is told; without it HADOOP_USER_NAME or the account of the process. */
  readonly user: string | undefined;
  readonly tokenFile: string | undefined;
  /** Program and arguments that print a SPNEGO token; empty: none. */
  readonly ticketCommand: readonly string[];
  /** Names outlive a loss of power once `rename` has resolved. HDFS does so in any case. */
  readonly syncsNames: boolean;
}
