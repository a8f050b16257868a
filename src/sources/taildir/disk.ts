/** The file system as this source uses it, behind one small door so that tests can break it. */
import {
  type BigIntStats,
  close,
  constants,
  type FSWatcher,
  fstat,
  fsync,
  mkdir,
  open,
  type PathLike,
  read,
  readdir,
  readFile,
  readSync,
  realpath,
  rename,
  stat,
  statfs,
  statSync,
  unlink,
  watch,
  write,
} from 'node:fs';
import { promisify } from 'node:util';

/** What tells files apart, and how long they are. */
export interface FileStatus {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: number;
  readonly mtimeMs: number;
  readonly kind: 'file' | 'directory' | 'other';
}

export interface Disk {
  /** Opens for reading; does not wait for the other end of a pipe. */
  open(path: PathLike): Promise<number>;
  close(fd: number): Promise<void>;
  /** Fills `buffer[at, at + length)` from `position` on; returns the bytes read, 0 at the end. */
  read(fd: number, buffer: Buffer, at: number, length: number, position: number): Promise<number>;
  /** The same at once: for a few bytes that were just written, which no disk is asked for. */
  readNow(fd: number, buffer: Buffer, at: number, length: number, position: number): number;
  fstat(fd: number): Promise<FileStatus>;
  stat(path: PathLike): Promise<FileStatus>;
  /** The same at once: for what the system has in memory. Null when nothing is there. */
  statNow(path: PathLike): FileStatus | null;
  names(directory: string): Promise<Buffer[]>;
  /**
   * Lets the system tell of what happens in a directory: `told` gets the kind and the name, its bytes one
   * character each, or null. @throws when there can be no more watches (ENOSPC, EMFILE).
   */
  watch(directory: string, told: (event: string, name: string | null) => void): FSWatcher;
  /** Whether changes that other machines make can happen here: nobody tells of them. */
  isRemote(directory: string): Promise<boolean>;
  readFile(path: string): Promise<Buffer>;
  /** Creates or cuts the file, writes all and syncs. */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  /** Where links lead; the path itself when nothing is there. */
  realPath(path: string): Promise<string>;
}

export interface TrackedDisk extends Disk {
  /** Whether something is under way. */
  readonly isBusy: boolean;
}

/** Counts what is under way at a disk. */
export function tracked(disk: Disk): TrackedDisk {
  let underWay = 0;
  const track =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      underWay++;
      try {
        return await call(...args);
      } finally {
        underWay--;
      }
    };
  return {
    get isBusy() {
      return underWay > 0;
    },
    open: track(disk.open),
    close: track(disk.close),
    read: track(disk.read),
    readNow: disk.readNow,
    fstat: track(disk.fstat),
    stat: track(disk.stat),
    statNow: disk.statNow,
    names: track(disk.names),
    watch: disk.watch,
    isRemote: track(disk.isRemote),
    readFile: track(disk.readFile),
    writeFile: track(disk.writeFile),
    rename: track(disk.rename),
    remove: track(disk.remove),
    makeDirectory: track(disk.makeDirectory),
    realPath: track(disk.realPath),
  };
}

/** `statfs` types: NFS, SMB, CIFS, SMB2, FUSE, 9P, AFS, Ceph, Lustre, GPFS, OCFS2, VirtualBox. */
const REMOTE_TYPES = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997, 0x5346414f, 0x00c36400, 0x0bd00bd0,
  0x47504653, 0x7461636f, 0x786f4256,
]);

const opened = promisify(open);
const closed = promisify(close);
const fstatOf = promisify(fstat);
const statOf = promisify(stat);
const statfsOf = promisify(statfs);
const synced = promisify(fsync);
const written = promisify(write);
const readWhole = promisify(readFile);

function statusOf(found: BigIntStats): FileStatus {
  const kind = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : 'other';
  const { dev, ino } = found;
  return { dev, ino, size: Number(found.size), mtimeMs: Number(found.mtimeNs) / 1e6, kind };
}

async function writeAndSync(path: string, flags: string, bytes: Uint8Array): Promise<void> {
  const fd = await opened(path, flags);
  try {
    for (let at = 0; at < bytes.length; ) {
      at += (await written(fd, bytes, at, bytes.length - at, null)).bytesWritten;
    }
    await synced(fd);
  } finally {
    await closed(fd);
  }
}

export const systemDisk: Disk = {
  open: (path) => opened(path, constants.O_RDONLY | constants.O_NONBLOCK),
  close: (fd) => closed(fd),
  // Not promisified: this is called for every chunk.
  read: (fd, buffer, at, length, position) =>
    new Promise((resolve, reject) => {
      read(fd, buffer, at, length, position, (error, bytes) => {
        if (error === null) resolve(bytes);
        else reject(error);
      });
    }),
  readNow: readSync,
  fstat: async (fd) => statusOf(await fstatOf(fd, { bigint: true })),
  statNow: (path) => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? null : statusOf(found);
  },
  stat: async (path) => statusOf(await statOf(path, { bigint: true })),
  names: (directory) => promisify(readdir)(directory, 'buffer'),
  watch: (directory, told) => watch(directory, { encoding: 'latin1', persistent: false }, told),
  isRemote: async (directory) => REMOTE_TYPES.has((await statfsOf(directory)).type >>> 0),
  readFile: (path) => readWhole(path),
  writeFile: (path, bytes) => writeAndSync(path, 'w', bytes),
  rename: promisify(rename),
  remove: promisify(unlink),
  makeDirectory: async (path) => {
    await promisify(mkdir)(path, { recursive: true });
  },
  realPath: (path) => promisify(realpath)(path).catch(() => path),
};
