/**
 * The file systems that paths lead to: one for each scheme and authority, opened when the first path needs
 * it.
 */
import type { FileSystem, FileSystemSettings } from './file-system/door.ts';
import { openFileSystem } from './file-system/open.ts';

export interface OpenFileSystems {
  of(root: string): Promise<FileSystem>;
  close(): Promise<void>;
}

export class FileSystems implements OpenFileSystems {
  readonly #settings: Omit<FileSystemSettings, 'root'>;
  readonly #open = new Map<string, Promise<FileSystem>>();

  constructor(settings: Omit<FileSystemSettings, 'root'>) {
    this.#settings = settings;
  }

  of(root: string): Promise<FileSystem> {
    const known = this.#open.get(root);
    if (known !== undefined) return known;
    const opening = openFileSystem({ ...this.#settings, root });
    this.#open.set(root, opening);
    // What failed may succeed later: a folder of the configuration that was not mounted yet.
    opening.catch(() => this.#open.delete(root));
    return opening;
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const opening of await Promise.allSettled(all)) {
      if (opening.status === 'fulfilled') await opening.value.close();
    }
  }
}
