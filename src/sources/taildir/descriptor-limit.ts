/**
 * What happens when the process, or the system, may open no more files: files that are held open only so that
 * they are found again make way, and the call is made once more. Whatever else the agent opens needs
 * descriptors, too, so this source then goes on with fewer.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Disk } from './disk.ts';

/** Calls that fail for want of a descriptor are made so often. */
const TRIES = 4;
/** While files are just being opened there is none to close yet. */
const PAUSE_MS = 20;

function isOutOfDescriptors(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === 'EMFILE' || code === 'ENFILE';
}

export class DescriptorLimit {
  readonly #makeWay: () => Promise<boolean>;
  #making: Promise<boolean> | null = null;
  /** Many calls fail together: one of them makes way for all. */
  #rounds = 0;

  /** `makeWay` closes some files; false when it has none to close. */
  constructor(makeWay: () => Promise<boolean>) {
    this.#makeWay = makeWay;
  }

  /** The disk, whose calls that need a descriptor are repeated when there was none. */
  around(disk: Disk): Disk {
    return {
      ...disk,
      open: (path) => this.call(() => disk.open(path)),
      names: (directory) => this.call(() => disk.names(directory)),
      readFile: (path) => this.call(() => disk.readFile(path)),
      writeFile: (path, bytes) => this.call(() => disk.writeFile(path, bytes)),
    };
  }

  /** With one try only way is made for others. */
  async call<T>(open: () => Promise<T>, triesMax = TRIES): Promise<T> {
    for (let tries = 1; ; tries++) {
      const round = this.#rounds;
      try {
        return await open();
      } catch (error) {
        if (!isOutOfDescriptors(error)) throw error;
        const isMade = this.#rounds !== round || (await this.#make());
        if (tries >= triesMax) throw error;
        if (!isMade) await sleep(PAUSE_MS);
      }
    }
  }

  #make(): Promise<boolean> {
    this.#making ??= this.#makeWay().finally(() => {
      this.#making = null;
      this.#rounds++;
    });
    return this.#making;
  }
}
