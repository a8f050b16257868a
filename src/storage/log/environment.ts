/**
 * The home of lmdb: opens environments with the settings that the log needs, and looks at a file before LMDB
 * maps it: a file shorter than its pages would end the process with SIGBUS at the first read beyond its end.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import { type FileHandle, open as openFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { assert } from '../../base/assert.ts';

/** What the log asks of an environment. */
export type Environment = Pick<
  RootDatabase<Buffer, Buffer>,
  'put' | 'get' | 'getKeys' | 'getRange' | 'resetReadTxn' | 'close'
>;

/** Where environments are: on the disk, or in tests on one that fails. */
export interface Disk {
  open(file: string, mapBytes: number): Environment;
  /** A plain file of at least so many bytes, all of them there: to write over them changes nothing else. */
  openJournal(file: string, bytes: number): Promise<JournalFile>;
}

export interface JournalFile {
  /** Resolves when the bytes are on the disk. They must not change before. */
  write(bytes: Buffer, position: number): Promise<void>;
  close(): Promise<void>;
}

export const lmdbDisk: Disk = {
  open: (file, mapBytes) => openEnvironment(file, mapBytes),
  openJournal,
};

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

async function syncDirectory(path: string): Promise<void> {
  const directory = await openFile(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

export function openEnvironment(file: string, mapBytes: number, readOnly = false): Environment {
  return open<Buffer, Buffer>({
    path: file,
    readOnly,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    mapSize: mapBytes,
    maxReaders: 8,
    // Unused space of pages would carry what this process had in memory to the disk.
    noMemInit: false,
    // A put's promise means visible; its `flushed` means that it is on the disk.
    separateFlushed: true,
    overlappingSync: !readOnly,
    // With it a commit that fails rejects a promise that nobody has, which would end the thread.
    eventTurnBatching: false,
  });
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

/** Pages of lmdb-js' LMDB begin with a header of 24 bytes; page 0 and page 1 hold the two meta records. */
const META = { at: 24, magic: 24, pageSize: 48, lastPage: 144, bytes: 160 } as const;
const META_MAGIC = 0xbeefc0de;
const PAGE_BYTES_MIN = 256;
const PAGE_BYTES_MAX = 65536;

export interface FileCheck {
  /** Why LMDB must not open the file; null when it may. New and empty files may. */
  readonly damage: string | null;
  /** Bytes that the file lacks at its end, up to its last page: a torn tail. */
  readonly missingBytes: number;
}

/**
 * Looks at a file before LMDB maps it. What is missing at its end becomes zeros, which the checksums find.
 */
export function checkFile(file: string): FileCheck {
  const check = inspectFile(file);
  if (check.missingBytes > 0) addZeros(file, check.missingBytes);
  return check;
}

export function addZeros(file: string, bytes: number): void {
  truncateSync(file, statSync(file).size + bytes);
}

/** The same look, which changes nothing. */
export function inspectFile(file: string): FileCheck {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size === 0) return { damage: null, missingBytes: 0 };
    const first = metaAt(fd, 0);
    if (size < META.bytes || first.readUInt32LE(META.magic) !== META_MAGIC) {
      return { damage: 'it does not begin as an LMDB file does', missingBytes: 0 };
    }
    const pageSize = first.readUInt32LE(META.pageSize);
    if (pageSize < PAGE_BYTES_MIN || pageSize > PAGE_BYTES_MAX) {
      return { damage: `its pages have ${pageSize} bytes`, missingBytes: 0 };
    }
    const second = metaAt(fd, pageSize);
    const metas = [first, second].filter((meta) => meta.readUInt32LE(META.magic) === META_MAGIC);
    const lastPage = Math.max(...metas.map((meta) => Number(meta.readBigUInt64LE(META.lastPage))));
    return { damage: null, missingBytes: Math.max(0, (lastPage + 1) * pageSize - size) };
  } finally {
    closeSync(fd);
  }
}

function metaAt(fd: number, position: number): Buffer {
  const meta = Buffer.alloc(META.bytes);
  readSync(fd, meta, 0, meta.length, position);
  return meta;
}
