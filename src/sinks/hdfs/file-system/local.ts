/**
 * Local paths behind the door (`file://…`). Every commit is an fdatasync, the first one of a file an fsync
 * of the file and of its directory: bytes whose batch is committed outlive the loss of power. Renames are
 * synced when that is asked for. (Flume's
 * local file system is flushed to the kernel only, and writes `.crc` files beside.)
 */
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  truncate,
  unlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../../base/errors.ts';
import { syncDirectory } from '../../../storage/sync-directory.ts';
import {
  type FailureKind,
  type FileStatus,
  type FileSystem,
  FileSystemError,
  type OutputFile,
  tooLarge,
} from './door.ts';

/** Views of one system call; the kernel takes 1024. */
const VIEWS_MAX = 512;

export class LocalFileSystem implements FileSystem {
  readonly root = 'file://';
  readonly #syncsNames: boolean;

  constructor(syncsNames = false) {
    this.#syncsNames = syncsNames;
  }

  create(path: string): Promise<OutputFile> {
    return explained(async () => {
      await this.mkdirs(dirname(path));
      return new LocalFile(path, await open(path, 'wx'));
    });
  }

  recover(path: string, length: number | null): Promise<string | null> {
    return explained(async () => {
      const there = await this.status(path);
      if (there === null) return null;
      if (length === null || there.length === length) return path;
      if (there.length < length) {
        throw new FileSystemError('other', `${path} has ${there.length} bytes, ${length} were committed`);
      }
      await truncate(path, length);
      return path;
    });
  }

  rename(from: string, to: string): Promise<void> {
    return explained(async () => {
      if ((await this.status(to)) !== null) throw new FileSystemError('exists', `${to} exists already`);
      await rename(from, to);
      if (this.#syncsNames) await syncDirectory(dirname(to));
    });
  }

  delete(path: string): Promise<boolean> {
    return explained(() => orNull(unlink(path)).then((gone) => gone !== null));
  }

  status(path: string): Promise<FileStatus | null> {
    return explained(async () => {
      const there = await orNull(stat(path));
      if (there === null) return null;
      const { size, mtimeMs } = there;
      return { path, isDirectory: there.isDirectory(), length: size, modifiedMs: Math.trunc(mtimeMs) };
    });
  }

  read(path: string, bytesMax: number): Promise<Uint8Array> {
    return explained(async () => {
      const { size } = await stat(path);
      if (size > bytesMax) throw tooLarge(path, size, bytesMax);
      return await readFile(path);
    });
  }

  list(directory: string): Promise<readonly FileStatus[]> {
    return explained(async () => {
      const names = (await orNull(readdir(directory))) ?? [];
      const all = await Promise.all(names.map((name) => this.status(join(directory, name))));
      return all.filter((one) => one !== null);
    });
  }

  mkdirs(directory: string): Promise<void> {
    return explained(async () => {
      try {
        await mkdir(directory, { recursive: true });
      } catch (error) {
        // Not `exists`: that would say that the file is there.
        if ((error as { code?: string }).code !== 'EEXIST') throw error;
        const remedy = 'a part of the path is a file: move it away';
        throw new FileSystemError('missing', messageOf(error), { cause: error, remedy });
      }
    });
  }

  async replicas(): Promise<null> {
    return null;
  }

  async close(): Promise<void> {}
}

class LocalFile implements OutputFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #written = 0;
  #committed = 0;
  #isNew = true;
  #isClosed = false;

  constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  get committed(): number {
    return this.#committed;
  }

  write(views: readonly Uint8Array[]): Promise<void> {
    return explained(async () => {
      for (let from = 0; from < views.length; from += VIEWS_MAX) {
        await this.#writeAll(views.slice(from, from + VIEWS_MAX));
      }
    });
  }

  async #writeAll(views: readonly Uint8Array[]): Promise<void> {
    let total = 0;
    for (const view of views) total += view.length;
    let { bytesWritten: done } = await this.#handle.writev(views);
    // A short write is rare (a signal, a disk about to be full): the rest goes view by view.
    while (done < total) {
      const { bytesWritten } = await this.#handle.write(remainder(views, done));
      done += bytesWritten;
    }
    this.#written += total;
  }

  commit(): Promise<void> {
    return explained(async () => {
      if (this.#committed === this.#written) return;
      const length = this.#written;
      await this.#sync();
      this.#committed = length;
    });
  }

  async #sync(): Promise<void> {
    if (!this.#isNew) return await this.#handle.datasync();
    await this.#handle.sync();
    await syncDirectory(dirname(this.path));
    this.#isNew = false;
  }

  async close(): Promise<void> {
    await this.commit();
    this.#isClosed = true;
    await explained(() => this.#handle.close());
  }

  abandon(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // A descriptor that cannot be closed is the kernel's to free; what the file holds is told by `recover`.
    this.#handle.close().catch(() => {});
  }
}

/** The first view that is not wholly among the `done` bytes, from there on. */
function remainder(views: readonly Uint8Array[], done: number): Uint8Array {
  let left = done;
  for (const view of views) {
    if (left < view.length) return view.subarray(left);
    left -= view.length;
  }
  throw new Error('more bytes written than given');
}

async function orNull<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return null;
    throw error;
  }
}

const KINDS: Readonly<Record<string, readonly [FailureKind, string?]>> = {
  EEXIST: ['exists'],
  ENOENT: ['missing'],
  ENOTDIR: ['missing', 'a part of the path is a file: move it away'],
  EACCES: ['permission', 'let this user write there'],
  EPERM: ['permission', 'let this user write there'],
  EROFS: ['permission', 'mount its disk writable'],
  ENOSPC: ['full', 'free space on its disk'],
  EDQUOT: ['full', 'raise the quota of its owner'],
  EMFILE: ['unavailable', 'raise the limit of open files (ulimit -n) or lower hdfs.maxOpenFiles'],
  ENFILE: ['unavailable', 'raise the limit of open files of the system'],
  ESTALE: ['unavailable'],
};

async function explained<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof FileSystemError) throw error;
    const [kind, remedy] = KINDS[(error as { code?: string }).code ?? ''] ?? ['other'];
    throw new FileSystemError(kind, messageOf(error), {
      cause: error,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}
