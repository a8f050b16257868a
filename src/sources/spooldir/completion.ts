/** What becomes of a file that has been read, as deletePolicy and trackingPolicy say. */
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '../../base/log.ts';
import { stateOf } from './spool-file.ts';

export interface CompletionSettings {
  readonly spoolDir: string;
  readonly trackerDir: string;
  readonly fileSuffix: string;
  readonly deletes: boolean;
  readonly marksInTracker: boolean;
  readonly log: Logger;
}

/** What would mark the file as read is there already. */
export class NameTaken extends Error {
  override readonly name = 'NameTaken';
}

export class Completion {
  readonly #settings: CompletionSettings;

  constructor(settings: CompletionSettings) {
    this.#settings = settings;
  }

  /** The file that marks `path` as read: its new name, or the one in trackerDir. */
  readonly markOf = (path: string): string => {
    const { marksInTracker, trackerDir, spoolDir, fileSuffix } = this.#settings;
    return (marksInTracker ? trackerDir + path.slice(spoolDir.length) : path) + fileSuffix;
  };

  /** @throws NameTaken, or the system's error: then it may be tried again. */
  async complete(path: string): Promise<void> {
    const { deletes, marksInTracker, log } = this.#settings;
    const logger = log.named('org.apache.flume.client.avro.ReliableSpoolingFileEventReader');
    logger.info('Last read took us just up to a file boundary. Rolling to the next file, if there is one.');
    if (deletes) {
      logger.info(`Preparing to delete file ${path}`);
      await unlink(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        logger.warn(`Unable to delete nonexistent file: ${path}`);
      });
      return;
    }
    const mark = this.markOf(path);
    if (marksInTracker) {
      logger.info(`Preparing to create tracker file for ${path} at ${mark}`);
      await this.#createMark(mark);
      return;
    }
    logger.info(`Preparing to move file ${path} to ${mark}`);
    await move(path, mark);
  }

  async #createMark(mark: string): Promise<void> {
    await mkdir(dirname(mark), { recursive: true });
    try {
      await (await open(mark, 'wx')).close();
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? taken(mark) : error;
    }
  }
}

async function move(path: string, mark: string): Promise<void> {
  if ((await stateOf(mark)) !== null) throw taken(mark);
  await rename(path, mark);
}

function taken(mark: string): NameTaken {
  return new NameTaken(
    `File name has been re-used with different files. Spooling assumptions violated for ${mark}`,
  );
}
