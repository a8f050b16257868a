/**
 * HDFS behind the door, over WebHDFS or HttpFS.
 *
 * A request that ended is the commit: WebHDFS has no flush. A writer that was given up is closed by its
 * DataNode with what it got; `recover` waits for that, or for the lease when the DataNode died too (a
 * minute), and cuts off what was not committed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../../base/errors.ts';
import {
  HdfsError,
  HdfsSettingsError,
  type FileStatus as HdfsStatus,
  type HdfsWriter,
  TRANSPORT,
  WebHdfsClient,
} from '../../../wire/hdfs-webhdfs-client/index.ts';
import {
  type FileStatus,
  type FileSystem,
  FileSystemError,
  type FileSystemSettings,
  type OutputFile,
  tooLarge,
} from './door.ts';
import { explained } from './webhdfs-errors.ts';
import { WebHdfsFile } from './webhdfs-file.ts';
import { clientSettingsOf } from './webhdfs-settings.ts';

/** In which a DataNode that refuses a file does so. */
const HEAR_MS = 500;
/** A recovery that takes longer is asked for again later: cut blocks take about a second. */
const RECOVERY_MS = 3000;
/** Of `callTimeoutMs`: who knows which server is silent speaks before the sink's own clock. */
const OWN_SHARE = 0.9;
/** Between two looks at it: from, to. */
const RECOVERY_PAUSE_MS = 100;
const RECOVERY_PAUSE_MS_MAX = 1000;

/** @throws MillraceError CONF_OPTION_VALUE when no address follows from the settings. */
export function openWebHdfs(given: FileSystemSettings): FileSystem {
  const callTimeoutMs = Math.ceil(given.callTimeoutMs * OWN_SHARE);
  const settings = { ...given, callTimeoutMs };
  try {
    return new WebHdfsFileSystem(new WebHdfsClient(clientSettingsOf(settings)), settings);
  } catch (error) {
    if (!(error instanceof HdfsSettingsError)) throw error;
    throw new MillraceError('CONF_OPTION_VALUE', error.message, {
      option: 'hdfs.path',
      value: settings.root === '' ? 'a path without a cluster' : settings.root,
      remedy: 'name the cluster in hdfs.path or hdfs.nameNodes, or set HADOOP_CONF_DIR',
      cause: error,
    });
  }
}

export class WebHdfsFileSystem implements FileSystem {
  readonly root: string;
  readonly #client: WebHdfsClient;
  readonly #callMs: number;
  /** The last break of a connection has not been looked into. */
  #hasLost = false;

  constructor(client: WebHdfsClient, { root, callTimeoutMs }: FileSystemSettings) {
    this.root = root === '' ? `http://${client.nameNode}` : root;
    this.#client = client;
    this.#callMs = callTimeoutMs;
  }

  create(path: string): Promise<OutputFile> {
    return explained(async () => {
      const writer = await this.#client.create(path, { overwrite: false, ...this.#options });
      if (this.#hasLost) await this.#hear(writer);
      const lost = () => {
        this.#hasLost = true;
      };
      return new WebHdfsFile(this.#client, writer, this.#callMs, lost);
    });
  }

  /**
   * A DataNode that refuses says so and closes the connection; what is being sent to it then breaks, and its
   * words are lost with it. After such a break nothing is sent before it had time to speak.
   */
  async #hear(writer: HdfsWriter): Promise<void> {
    this.#hasLost = false;
    await Promise.race([writer.done, sleep(HEAR_MS)]);
  }

  /**
   * A DataNode opens a file by its path, and may do so long after its client went away. So the file gets
   * another name first: then nobody can begin to write it, and what is seen of it once it is closed stays.
   */
  recover(path: string, length: number | null): Promise<string | null> {
    return explained(async () => {
      const fenced = fencedPath(path);
      await this.#fence(path, fenced);
      const end = Date.now() + RECOVERY_MS;
      for (let pauseMs = RECOVERY_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, RECOVERY_PAUSE_MS_MAX)) {
        if (await this.#isRecovered(fenced, length, end)) return fenced;
        if ((await this.#client.findFile(fenced, this.#options)) === null) return null;
        if (Date.now() > end)
          throw new FileSystemError('unavailable', `${fenced} is being recovered by the cluster`);
        await sleep(pauseMs);
      }
    });
  }

  /** An earlier attempt may have got that far. */
  async #fence(path: string, fenced: string): Promise<void> {
    try {
      await this.rename(path, fenced);
    } catch (error) {
      const { kind } = error as FileSystemError;
      if (kind !== 'missing' && kind !== 'exists') throw error;
    }
  }

  /** One step towards it; true when nothing is left to do. */
  async #isRecovered(path: string, length: number | null, end: number): Promise<boolean> {
    // The length of an open file is not known: it is asked for afterwards.
    const isOpen = await this.#isOpen(path);
    if (isOpen === null) return false;
    if (isOpen) {
      await this.#recoverLease(path, end);
      return false;
    }
    const { length: there } = await this.#client.getFileStatus(path, this.#options);
    if (length === null || there === length) return true;
    if (there < length)
      throw new FileSystemError('other', `${path} has ${there} bytes, ${length} were committed`);
    return this.#client.truncate(path, length, this.#options);
  }

  rename(from: string, to: string): Promise<void> {
    return explained(async () => {
      try {
        await this.#client.rename(from, to, this.#options);
      } catch (error) {
        if (!(error instanceof HdfsError)) throw error;
        const isUnclear = error.outcome === 'unknown' || error.exception === TRANSPORT.renameRefused;
        if (!isUnclear) throw error;
        await this.#settleRename(from, to, error);
      }
    });
  }

  delete(path: string): Promise<boolean> {
    return explained(async () => {
      const status = await this.#client.findFile(path, this.#options);
      if (status === null) return false;
      if (status.type === 'DIRECTORY') throw new FileSystemError('other', `${path} is a directory`);
      return this.#client.delete(path, this.#options);
    });
  }

  status(path: string): Promise<FileStatus | null> {
    return explained(async () => {
      const status = await this.#client.findFile(path, this.#options);
      return status === null ? null : statusOf(status);
    });
  }

  read(path: string, bytesMax: number): Promise<Uint8Array> {
    return explained(async () => {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of await this.#client.open(path, this.#options)) {
        bytes += chunk.length;
        if (bytes > bytesMax) throw tooLarge(path, bytes, bytesMax);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    });
  }

  list(directory: string): Promise<readonly FileStatus[]> {
    return explained(async () => {
      const found: FileStatus[] = [];
      try {
        for await (const status of this.#client.list(directory, this.#options)) {
          if (status.path !== directory) found.push(statusOf(status));
        }
      } catch (error) {
        if (error instanceof HdfsError && error.isNotFound) return [];
        throw error;
      }
      return found;
    });
  }

  mkdirs(directory: string): Promise<void> {
    return explained(() => this.#client.mkdirs(directory, this.#options));
  }

  replicas(path: string): Promise<number | null> {
    return explained(async () => {
      const { blocks } = await this.#client.getBlockLocations(path, this.#options);
      return blocks.at(-1)?.hosts.length ?? null;
    });
  }

  async close(): Promise<void> {
    this.#client.close();
  }

  get #options(): { readonly deadlineMs: number } {
    return { deadlineMs: this.#callMs };
  }

  /** Null: there is no such file. */
  async #isOpen(path: string): Promise<boolean | null> {
    try {
      return (await this.#client.getBlockLocations(path, this.#options)).isUnderConstruction === true;
    } catch (error) {
      if (error instanceof HdfsError && error.isNotFound) return null;
      throw error;
    }
  }

  /** An APPEND of nothing takes the lease when its holder has let it expire, and closes the file. */
  async #recoverLease(path: string, end: number): Promise<void> {
    try {
      const writer = await this.#client.append(path, this.#options);
      await writer.end();
    } catch (error) {
      const isHeld = error instanceof HdfsError && error.isLeaseConflict;
      if (!isHeld || Date.now() > end) throw error;
    }
  }

  /** Nobody else takes `from` away: when it is gone and `to` is there, the rename was done. */
  async #settleRename(from: string, to: string, error: HdfsError): Promise<void> {
    const [source, target] = await Promise.all([
      this.#client.findFile(from, this.#options),
      this.#client.findFile(to, this.#options),
    ]);
    if (error.outcome === 'unknown' && source === null && target !== null) return;
    if (source === null) throw new FileSystemError('missing', `${from} is not there`, { cause: error });
    if (target !== null) throw new FileSystemError('exists', `${to} exists already`, { cause: error });
    throw error;
  }
}

/** `/d/a.1.tmp` → `/d/a.1.cut.tmp`: still what readers take for a file in use. */
export function fencedPath(path: string): string {
  return path.replace(/(\.[^./]*)?$/, '.cut$1');
}

function statusOf({ path, type, length, modificationTime }: HdfsStatus): FileStatus {
  return { path, isDirectory: type === 'DIRECTORY', length, modifiedMs: modificationTime };
}
