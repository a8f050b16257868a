/**
 * Reads and writes the position files. Each is replaced whole: written beside, synced, renamed. Ours comes
 * first; should the process die between the two, ours knows Flume's as it was before.
 */
import { dirname } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { Disk } from './disk.ts';
import { PositionTexts, readPositions, type StoredPlace } from './positions.ts';
import { printOf } from './print.ts';
import type { TailFile } from './tail-file.ts';

const EXACT_SUFFIX = '.millrace';
const TEMPORARY_SUFFIX = '.tmp';
const DAMAGED_SUFFIX = '.damaged';

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string }).code;
}

export class PositionStore {
  readonly #disk: Disk;
  readonly #log: Logger;
  #path: string;
  readonly #texts = new PositionTexts();
  /** The texts stand on the disk as they are. */
  #isWritten = false;
  /** Print of Flume's file as it stands; null when there is none. */
  #print: string | null = null;

  constructor(path: string, disk: Disk, log: Logger) {
    this.#path = path;
    this.#disk = disk;
    this.#log = log;
  }

  /**
   * Makes the directory and reads what is there. @throws when the directory cannot be made or a file read.
   */
  async load(): Promise<readonly StoredPlace[]> {
    await this.#disk.makeDirectory(dirname(this.#path));
    // A link stays one: what it points to is replaced.
    this.#path = await this.#disk.realPath(this.#path);
    const plain = await this.#read(this.#path);
    const exact = await this.#read(this.#path + EXACT_SUFFIX);
    if (plain === null) this.#log.info(`File not found: ${this.#path}, not updating position`);
    else this.#log.info(`Updating position from position file: ${this.#path}`);
    this.#print = plain === null ? null : printOf(plain);
    const { places, complaints } = readPositions(plain, exact);
    if (complaints.length > 0) {
      for (const text of complaints) this.#log.error(`Failed loading positionFile: ${this.#path}: ${text}`);
      await this.#keepDamaged(plain!);
    }
    return places;
  }

  async #read(path: string): Promise<Buffer | null> {
    try {
      return await this.#disk.readFile(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return null;
      throw error;
    }
  }

  /** It is about to be replaced; somebody may still want to see it. */
  async #keepDamaged(plain: Buffer): Promise<void> {
    const kept = this.#path + DAMAGED_SUFFIX;
    try {
      await this.#disk.writeFile(kept, plain);
      this.#log.warn(`The damaged position file is kept as ${kept}`);
    } catch (error) {
      this.#log.warn(`The damaged position file cannot be kept as ${kept}: ${messageOf(error)}`);
    }
  }

  /** Writes the places of `files`, unless they are what was written before. @throws when the disk refuses. */
  async save(files: Iterable<TailFile>): Promise<void> {
    const texts = this.#texts;
    if (!texts.update(files, this.#print) && this.#isWritten) return;
    this.#isWritten = false;
    await this.#replace(this.#path + EXACT_SUFFIX, texts.exact);
    await this.#replace(this.#path, texts.plain);
    this.#print = texts.print;
    this.#isWritten = true;
  }

  async #replace(path: string, bytes: Buffer): Promise<void> {
    const temporary = path + TEMPORARY_SUFFIX;
    try {
      await this.#disk.writeFile(temporary, bytes);
      await this.#disk.rename(temporary, path);
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'EACCES' && code !== 'EPERM') {
        await this.#disk.remove(temporary).catch(() => {});
        throw error;
      }
      // The file may be written but its directory not: then as Flume does it.
      await this.#disk.writeFile(path, bytes);
    }
  }
}
