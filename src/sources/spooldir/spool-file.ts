/** A file that is being read: opened once, with what it was like then. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { SourceFile } from './chunk.ts';

/** What a file is known by. */
export interface FileState {
  /** Whole milliseconds, as Flume compares them. */
  readonly mtimeMs: number;
  readonly size: number;
  readonly inode: string;
}

/** Null when there is no such file. */
export async function stateOf(path: string): Promise<FileState | null> {
  try {
    return toState(await stat(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function toState({ mtimeMs, size, ino }: { mtimeMs: number; size: number; ino: number }): FileState {
  return { mtimeMs: Math.floor(mtimeMs), size, inode: String(ino) };
}

export class SpoolFile implements SourceFile {
  readonly path: string;
  readonly state: FileState;
  readonly #handle: FileHandle;

  /** @throws the system's error. */
  static async open(path: string): Promise<SpoolFile> {
    const handle = await open(path, 'r');
    try {
      return new SpoolFile(path, handle, toState(await handle.stat()));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  private constructor(path: string, handle: FileHandle, state: FileState) {
    this.path = path;
    this.#handle = handle;
    this.state = state;
  }

  get size(): number {
    return this.state.size;
  }

  readonly read = async (target: Buffer, position: number): Promise<number> => {
    let used = 0;
    while (used < target.length) {
      const { bytesRead } = await this.#handle.read(target, used, target.length - used, position + used);
      if (bytesRead === 0) break;
      used += bytesRead;
      // A plain file gives less only at its end.
      if (position + used >= this.size) break;
    }
    return used;
  };

  /**
   * What shows that the file was written to since it was opened, in Flume's words, or that another one has
   * its name, which Flume takes for read; null when nothing does. A file that is gone is not changed: what it
   * held has been read.
   */
  async change(): Promise<string | null> {
    const now = await stateOf(this.path);
    if (now === null) return null;
    if (now.inode !== this.state.inode) return `File has been replaced since being read: ${this.path}`;
    if (now.mtimeMs !== this.state.mtimeMs) return `File has been modified since being read: ${this.path}`;
    if (now.size !== this.size) return `File has changed size since being read: ${this.path}`;
    return null;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
