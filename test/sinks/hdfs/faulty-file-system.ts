/** A file system in memory whose calls fail, hang or wait as a test says. */
import { dirname } from 'node:path';
import type { FileStatus, FileSystem, OutputFile } from '../../../src/sinks/hdfs/file-system/door.ts';
import { FileSystemError, tooLarge } from '../../../src/sinks/hdfs/file-system/door.ts';

export type Operation =
  | 'create'
  | 'write'
  | 'commit'
  | 'close'
  | 'recover'
  | 'rename'
  | 'delete'
  | 'read'
  | 'status'
  | 'list'
  | 'replicas';

/** The call is done, and fails all the same: its answer is lost. */
export class LostAnswer extends Error {}

/** Nobody hears of the call again; `begun` does its work now, later or never. */
export class Hang {
  readonly begun: (work: () => unknown) => void;

  constructor(begun: (work: () => unknown) => void = () => {}) {
    this.begun = begun;
  }
}

/** What a call does before it is done: nothing, an error, or a promise that is waited for. */
export type Fault = (operation: Operation, path: string) => Error | Promise<void> | Hang | null;

export class FaultyFileSystem implements FileSystem {
  readonly root = 'file://';
  readonly files: Map<string, Buffer>;
  /** Calls in order: `create /a/b.tmp`. */
  readonly calls: string[] = [];
  fault: Fault = () => null;
  replicaCount: number | null = null;
  isClosed = false;
  /** Whoever uses it is dead: nothing that it does counts any more. */
  isDead = false;
  /** Calls under way, and the most at a time. */
  running = 0;
  runningMax = 0;

  /** Over files that others have left. */
  constructor(files = new Map<string, Buffer>()) {
    this.files = files;
  }

  async call<T>(operation: Operation, path: string, work: () => T): Promise<T> {
    this.calls.push(`${operation} ${path}`);
    this.runningMax = Math.max(this.runningMax, ++this.running);
    try {
      const fault = this.isDead ? new Hang() : this.fault(operation, path);
      if (fault instanceof Hang) {
        fault.begun(work);
        return await new Promise<never>(() => {});
      }
      if (fault instanceof LostAnswer) {
        work();
        throw new FileSystemError('timeout', fault.message);
      }
      if (fault instanceof Error) throw fault;
      await fault;
      return work();
    } finally {
      this.running--;
    }
  }

  create(path: string): Promise<OutputFile> {
    return this.call('create', path, () => {
      if (this.files.has(path)) throw new FileSystemError('exists', `${path} exists`);
      this.files.set(path, Buffer.alloc(0));
      return new FaultyFile(this, path);
    });
  }

  recover(path: string, length: number | null): Promise<string | null> {
    return this.call('recover', path, () => {
      const bytes = this.files.get(path);
      if (bytes === undefined) return null;
      if (length !== null) this.files.set(path, bytes.subarray(0, length));
      return path;
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.call('rename', from, () => {
      if (this.files.has(to)) throw new FileSystemError('exists', `${to} exists`);
      if (!this.files.has(from)) throw new FileSystemError('missing', `${from} is gone`);
      this.files.set(to, this.files.get(from)!);
      this.files.delete(from);
    });
  }

  delete(path: string): Promise<boolean> {
    return this.call('delete', path, () => this.files.delete(path));
  }

  read(path: string, bytesMax: number): Promise<Uint8Array> {
    return this.call('read', path, () => {
      const bytes = this.files.get(path);
      if (bytes === undefined) throw new FileSystemError('missing', `${path} is gone`);
      if (bytes.length > bytesMax) throw tooLarge(path, bytes.length, bytesMax);
      return bytes;
    });
  }

  status(path: string): Promise<FileStatus | null> {
    return this.call('status', path, () => {
      const bytes = this.files.get(path);
      return bytes === undefined ? null : statusOf(path, bytes);
    });
  }

  list(directory: string): Promise<readonly FileStatus[]> {
    return this.call('list', directory, () => {
      const inside = [...this.files].filter(([path]) => dirname(path) === directory);
      return inside.map(([path, bytes]) => statusOf(path, bytes));
    });
  }

  async mkdirs(): Promise<void> {}

  replicas(path: string): Promise<number | null> {
    return this.call('replicas', path, () => this.replicaCount);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  /** Text of each file, by its path. */
  texts(): Record<string, string> {
    const sorted = [...this.files].sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted.map(([path, bytes]) => [path, bytes.toString()]));
  }
}

function statusOf(path: string, bytes: Buffer): FileStatus {
  return { path, isDirectory: false, length: bytes.length, modifiedMs: 0 };
}

class FaultyFile implements OutputFile {
  readonly path: string;
  readonly #fileSystem: FaultyFileSystem;
  committed = 0;

  constructor(fileSystem: FaultyFileSystem, path: string) {
    this.#fileSystem = fileSystem;
    this.path = path;
  }

  /** Half of the bytes stand in the file even when the write fails. */
  async write(views: readonly Uint8Array[]): Promise<void> {
    const { files, isDead } = this.#fileSystem;
    if (isDead) await new Promise(() => {});
    const bytes = Buffer.concat(views);
    const before = files.get(this.path) ?? Buffer.alloc(0);
    files.set(this.path, Buffer.concat([before, bytes.subarray(0, bytes.length / 2)]));
    await this.#fileSystem.call('write', this.path, () => {
      files.set(this.path, Buffer.concat([before, bytes]));
    });
  }

  commit(): Promise<void> {
    return this.#fileSystem.call('commit', this.path, () => this.#commit());
  }

  close(): Promise<void> {
    return this.#fileSystem.call('close', this.path, () => this.#commit());
  }

  #commit(): void {
    this.committed = this.#fileSystem.files.get(this.path)!.length;
  }

  abandon(): void {}
}
