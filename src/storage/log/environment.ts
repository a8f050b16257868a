/**
 * The home of lmdb: opens environments with the settings that the log needs. Only files that this process
 * makes are opened: LMDB trusts what it maps (../pages/page-file.ts).
 */
import { closeSync, constants, openSync } from 'node:fs';
import { type FileHandle, open as openFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { assert } from '../../base/assert.ts';
import { uninterrupted } from '../../memory/gate.ts';
import { syncDirectory } from '../sync-directory.ts';

/** What the log asks of an environment. */
export type Environment = Pick<
  RootDatabase<Buffer, Buffer>,
  'put' | 'getKeys' | 'getRange' | 'resetReadTxn' | 'close'
>;

/** Where environments are: on the disk, or in tests on one that fails. */
export interface Disk {
  open(file: string, mapBytes: number): Environment;
  /** A plain file of at least so many bytes, all of them there: to write over them changes nothing else. */
  openJournal(file: string, bytes: number): Promise<JournalFile>;
  /** Resolves when the names in a directory are on the disk. */
  syncDirectory(path: string): Promise<void>;
}

export interface JournalFile {
  /** Resolves when the bytes are on the disk. They must not change before. */
  write(bytes: Buffer, position: number): Promise<void>;
  close(): Promise<void>;
}

export const lmdbDisk: Disk = { open: openEnvironment, openJournal, syncDirectory };

function openEnvironment(file: string, mapBytes: number): Environment {
  // What stands in the way of a new file is told by its code here.
  closeSync(openSync(file, 'a'));
  const settings = {
    path: file,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    mapSize: mapBytes,
    maxReaders: 8,
    // Unused space of pages would carry what this process had in memory to the disk.
    noMemInit: false,
    // A put's promise means visible; its `flushed` means that it is on the disk.
    separateFlushed: true,
    overlappingSync: true,
    // With it a commit that fails rejects a promise that nobody has, which would end the thread.
    eventTurnBatching: false,
  } as const;
  return uninterrupted(() => open<Buffer, Buffer>(settings));
}

async function openJournal(file: string, bytes: number): Promise<JournalFile> {
  const { O_RDWR, O_CREAT, O_DSYNC } = constants;
  const handle = await openFile(file, O_RDWR | O_CREAT | (O_DSYNC ?? 0), 0o644);
  try {
    const { size } = await handle.stat();
    if (size < bytes) await writeAll(handle, Buffer.alloc(bytes - size), size);
    await handle.sync();
    await syncDirectory(dirname(file));
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    write: async (content, position) => {
      await writeAll(handle, content, position);
      // Where the system has no such flag.
      if (O_DSYNC === undefined) await handle.datasync();
    },
    close: () => handle.close(),
  };
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** A put of lmdb-js with `separateFlushed`. */
export interface Written extends Promise<boolean> {
  readonly flushed?: Promise<boolean>;
}

/**
 * Resolves when what was put is visible. Rejects with the system's reason, which lmdb-js keeps in a promise
 * beside its own error.
 */
export async function committed(written: Written): Promise<void> {
  let isStored: boolean;
  try {
    isStored = await written;
  } catch (error) {
    await (error as { commitError?: Promise<never> }).commitError;
    throw error;
  }
  assert(isStored, 'a record was not stored');
}
