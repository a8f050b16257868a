/**
 * The home of lmdb: opens environments with the settings that the log needs, and looks at a file before LMDB
 * maps it: a file shorter than its pages would end the process with SIGBUS at the first read beyond its end.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { open, type RootDatabase } from 'lmdb';

export type Environment = RootDatabase<Buffer, Buffer>;

export function openEnvironment(file: string, mapBytes: number): Environment {
  return open<Buffer, Buffer>({
    path: file,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    mapSize: mapBytes,
    maxReaders: 8,
    noMemInit: true,
    // A put's promise means visible; its `flushed` means that it is on the disk.
    separateFlushed: true,
    overlappingSync: true,
  });
}

/** A put of lmdb-js with `separateFlushed`. */
export interface Written extends Promise<boolean> {
  readonly flushed?: Promise<boolean>;
}

/** Pages of lmdb-js' LMDB begin with a header of 24 bytes; page 0 and page 1 hold the two meta records. */
const META = { at: 24, magic: 24, pageSize: 48, lastPage: 144, bytes: 160 } as const;
const META_MAGIC = 0xbeefc0de;
const PAGE_BYTES_MIN = 256;
const PAGE_BYTES_MAX = 65536;

export interface FileCheck {
  /** Why LMDB must not open the file; null when it may. New and empty files may. */
  readonly damage: string | null;
  /** Bytes of zeros that were added, because the file ended before its last page: a torn tail. */
  readonly addedBytes: number;
}

/**
 * Looks at a file before LMDB maps it. What is missing at its end becomes zeros, which the checksums find.
 */
export function checkFile(file: string): FileCheck {
  const fd = openSync(file, 'r+');
  try {
    const { size } = fstatSync(fd);
    if (size === 0) return { damage: null, addedBytes: 0 };
    const first = metaAt(fd, 0);
    if (size < META.bytes || first.readUInt32LE(META.magic) !== META_MAGIC) {
      return { damage: 'it does not begin as an LMDB file does', addedBytes: 0 };
    }
    const pageSize = first.readUInt32LE(META.pageSize);
    if (pageSize < PAGE_BYTES_MIN || pageSize > PAGE_BYTES_MAX) {
      return { damage: `its pages have ${pageSize} bytes`, addedBytes: 0 };
    }
    const second = metaAt(fd, pageSize);
    const metas = [first, second].filter((meta) => meta.readUInt32LE(META.magic) === META_MAGIC);
    const lastPage = Math.max(...metas.map((meta) => Number(meta.readBigUInt64LE(META.lastPage))));
    const wanted = (lastPage + 1) * pageSize;
    if (size >= wanted) return { damage: null, addedBytes: 0 };
    ftruncateSync(fd, wanted);
    return { damage: null, addedBytes: wanted - size };
  } finally {
    closeSync(fd);
  }
}

function metaAt(fd: number, position: number): Buffer {
  const meta = Buffer.alloc(META.bytes);
  readSync(fd, meta, 0, meta.length, position);
  return meta;
}
