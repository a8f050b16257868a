/** A disk of the log that fails as it is told to: real files, with faults between them and the log. */
import { existsSync } from 'node:fs';
import { type Disk, type Environment, lmdbDisk } from '../../src/storage/log/environment.ts';
import type { JournalFile } from '../../src/storage/log/journal-file.ts';

export type Fault =
  | 'full' // writes fail with ENOSPC, and so do new files
  | 'readOnly' // the same with EROFS
  | 'sync' // what is written can be seen, and its sync fails with EIO
  | 'torn' // half of what is written reaches the file, and nobody hears of it any more
  | 'old' // a read gives what stood there before
  | 'unreadable' // a read fails with EIO
  | 'nameless'; // the names of new files do not reach the disk: EIO

function failure(code: string, call: string): Error {
  return Object.assign(new Error(`${code}: ${call}`), { code });
}

export class FaultyDisk implements Disk {
  fault: Fault | null = null;
  /** Files that the fault concerns. */
  concerns: (file: string) => boolean = () => true;
  /** Writes whose end nobody hears of. */
  lost = 0;
  #namesMayPass: Promise<void> = Promise.resolve();

  faultOf(file: string): Fault | null {
    return this.concerns(file) ? this.fault : null;
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#namesMayPass;
    if (this.fault === 'nameless') throw failure('EIO', 'fsync');
    await lmdbDisk.syncDirectory(path);
  }

  /** New names reach the disk only once the function that is returned has been called. */
  holdNames(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#namesMayPass = promise;
    return resolve;
  }

  open(file: string, mapBytes: number): Environment {
    const fault = this.faultOf(file);
    if (!existsSync(file) && fault === 'full') throw failure('ENOSPC', `open ${file}`);
    if (!existsSync(file) && fault === 'readOnly') throw failure('EROFS', `open ${file}`);
    return faulty(lmdbDisk.open(file, mapBytes), file, this);
  }

  async openJournal(file: string, bytes: number): Promise<JournalFile> {
    if (this.faultOf(file) === 'full') throw failure('ENOSPC', `write ${file}`);
    if (this.faultOf(file) === 'readOnly') throw failure('EROFS', `open ${file}`);
    const real = await lmdbDisk.openJournal(file, bytes);
    const write = async (content: Buffer, position: number): Promise<void> => {
      switch (this.faultOf(file)) {
        case 'full':
          throw failure('ENOSPC', 'write');
        case 'readOnly':
          throw failure('EROFS', 'write');
        case 'torn':
          this.lost++;
          await real.write(content.subarray(0, content.length >> 1), position);
          return new Promise(() => {});
        case 'sync':
          await real.write(content, position);
          throw failure('EIO', 'write');
        default:
          return real.write(content, position);
      }
    };
    return { write, close: () => real.close() };
  }
}

function faulty(real: Environment, file: string, disk: FaultyDisk): Environment {
  let before: Buffer | null = null;
  const put = (key: Buffer, value: Buffer, options: number): Promise<boolean> => {
    switch (disk.faultOf(file)) {
      case 'full':
        return Promise.reject(failure('ENOSPC', 'write'));
      case 'readOnly':
        return Promise.reject(failure('EROFS', 'write'));
      case 'torn': {
        const half = Buffer.from(value);
        half.fill(0, half.length >> 1);
        disk.lost++;
        void real.put(key, half, options);
        return new Promise(() => {});
      }
      case 'sync': {
        const written = real.put(key, value, options);
        const flushed = Promise.reject(failure('EIO', 'fdatasync'));
        flushed.catch(() => {});
        return Object.assign(Promise.resolve(written), { flushed });
      }
      default:
        return real.put(key, value, options);
    }
  };
  const overrides = {
    put,
    getRange: (options: object) => {
      if (disk.faultOf(file) === 'unreadable') throw failure('EIO', 'read');
      return real.getRange(options).map(({ key, value }) => {
        const found = disk.faultOf(file) === 'old' && before !== null ? before : value;
        before = Buffer.from(value);
        return { key, value: found };
      });
    },
  };
  return new Proxy(real, {
    get: (target, name) => {
      const own = overrides[name as keyof typeof overrides];
      if (own !== undefined) return own;
      const value = target[name as keyof Environment] as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
