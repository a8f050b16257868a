/**
 * The home of lmdb: opens environments with the settings that the log needs. Only files that this process
 * makes are opened: LMDB trusts what it maps (../pages/page-file.ts).
 */
import { closeSync, openSync } from 'node:fs';
import { open, type RootDatabase } from 'lmdb';
import { assert } from '../../base/assert.ts';
import { uninterrupted } from '../../memory/gate.ts';
import { syncDirectory } from '../sync-directory.ts';
import { type JournalFile, openJournal } from './journal-file.ts';

/** What the log asks of an environment. */
export type Environment = Pick<
  RootDatabase<Buffer, Buffer>,
  'put' | 'getKeys' | 'getRange' | 'resetReadTxn' | 'close'
>;

/** Where environments are: on the disk, or in tests on one that fails. */
export interface Disk {
  open(file: string, mapBytes: number): Environment;
  /** See journal-file.ts. */
  openJournal(file: string, bytes: number): Promise<JournalFile>;
  /** Resolves when the names in a directory are on the disk. */
  syncDirectory(path: string): Promise<void>;
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
