/** A file system in memory whose calls fail, hang or wait as a test says. */
import type { FileStatus, FileSystem, OutputFile } from '../../../src/sinks/hdfs/file-system/door.ts';
import { FileSystemError } from '../../../src/sinks/hdfs/file-system/door.ts';

export type Operation =
  | 'create'
  | 'write'
  | 'commit'
  | 'close'
  | 'recover'
  | 'rename'
  | 'delete'
  | 'replicas';

/** What a call does before it is done: nothing, an error, or a promise that is waited for. */
export type Fault = (operation: Operation, path: string) => Error | Promise<void> | null;

export class FaultyFileSystem implements FileSystem {
  readonly root = 'file://';
  readonly files = new Map<string, Buffer>();
  /** Calls in order: `create /a/b.tmp`. */
  readonly calls: string[] = [];
  fault: Fault = () => null;
  replicaCount: number | null = null;
  isClosed = false;
  /** Calls under way, and the most at a time. */
  #running = 0;
  runningMax = 0;

  async call<T>(operation: Operation, path: string, work: () => T): Promise<T> {
    this.calls.push(`${operation} ${path}`);
    this.runningMax = Math.max(this.runningMax, ++this.#running);
    try {
      const fault = this.fault(operation, path);
      if (fault instanceof Error) throw fault;
      await fault;
      return work();
    } finally {
      this.#running--;
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

  async status(path: string): Promise<FileStatus | null> {
    const bytes = this.files.get(path);
    if (bytes === undefined) return null;
    return { path, isDirectory: false, length: bytes.length, modifiedMs: 0 };
  }

  async list(): Promise<readonly FileStatus[]> {
    return [];
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

class FaultyFile implements OutputFile {
  readonly path: string;
  readonly #fileSystem: FaultyFileSystem;
  committed = 0;

  constructor(fileSystem: FaultyFileSystem, path: string) {
    this.#fileSystem = fileSystem;
    this.path = path;
  }

  /** Half of the bytes stand in the file even when the write fails. */
  write(views: readonly Uint8Array[]): Promise<void> {
    const { files } = this.#fileSystem;
    const bytes = Buffer.concat(views);
    const before = files.get(this.path) ?? Buffer.alloc(0);
    files.set(this.path, Buffer.concat([before, bytes.subarray(0, bytes.length / 2)]));
    return this.#fileSystem.call('write', this.path, () => {
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
