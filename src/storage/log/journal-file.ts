/**
 * A journal's file: writes that are on the disk when they resolve.
 *
 * A short write to a quick disk is made in the caller's thread: to hand it to another one and to be woken by
 * it takes as long again as the write. A disk that is slow gets its writes from libuv's threads, so that the
 * caller goes on meanwhile; a short write is tried in place now and then, for about a twentieth of the time.
 * A disk that stands still in the middle of a write in place keeps the caller until it goes on.
 */
import { constants, fdatasyncSync, writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '../sync-directory.ts';

export interface JournalFile {
  /** Resolves when the bytes are on the disk. They must not change before. */
  write(bytes: Buffer, position: number): Promise<void>;
  close(): Promise<void>;
}

/** Writes of up to so many bytes may be made in place. */
export const IN_PLACE_BYTES_MAX = 64 * 1024;
/** A disk whose writes take longer on average is slow, ms. */
const QUICK_MS = 1;
/** Writes that the average is over, about. */
const AVERAGE_WRITES = 16;
/** Nothing is tried in place for so many times as long as those writes took. */
const AWAY_TIMES = 20;

/** Whether the disk is so quick that a short write is not worth another thread. */
export class DiskPace {
  #averageMs = 0;
  #slowUntilMs = Number.NEGATIVE_INFINITY;

  isQuick(nowMs: number): boolean {
    return nowMs >= this.#slowUntilMs;
  }

  /** A write in place has taken from `beganMs` to `nowMs`. */
  note(beganMs: number, nowMs: number): void {
    const tookMs = nowMs - beganMs;
    this.#averageMs += (tookMs - this.#averageMs) / AVERAGE_WRITES;
    if (this.#averageMs < QUICK_MS) return;
    this.#slowUntilMs = nowMs + AWAY_TIMES * AVERAGE_WRITES * this.#averageMs;
    this.#averageMs = 0;
  }
}

/** A plain file of at least so many bytes, all of them there: to write over them changes nothing else. */
export async function openJournal(
  file: string,
  bytes: number,
  pace: DiskPace = new DiskPace(),
): Promise<JournalFile> {
  const { O_RDWR, O_CREAT, O_DSYNC } = constants;
  const handle = await open(file, O_RDWR | O_CREAT | (O_DSYNC ?? 0), 0o644);
  try {
    const { size } = await handle.stat();
    if (size < bytes) await writeAll(handle, Buffer.alloc(bytes - size), size);
    await handle.sync();
    await syncDirectory(dirname(file));
  } catch (error) {
    await handle.close();
    throw error;
  }
  // Where the system has no such flag.
  const syncs = O_DSYNC === undefined;
  return {
    write: async (content, position) => {
      const beganMs = performance.now();
      if (content.length <= IN_PLACE_BYTES_MAX && pace.isQuick(beganMs)) {
        writeAllNow(handle.fd, content, position);
        if (syncs) fdatasyncSync(handle.fd);
        pace.note(beganMs, performance.now());
      } else {
        await writeAll(handle, content, position);
        if (syncs) await handle.datasync();
      }
    },
    close: () => handle.close(),
  };
}

function writeAllNow(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
