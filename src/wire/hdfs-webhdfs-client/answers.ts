/** What calls answer, and how it is read from JSON. Times are epoch milliseconds, sizes bytes. */

export interface FileStatus {
  /** Absolute. */
  readonly path: string;
  readonly type: 'FILE' | 'DIRECTORY' | 'SYMLINK';
  /** Of a file that is open: what was known at its last closed block. */
  readonly length: number;
  readonly modificationTime: number;
  readonly accessTime: number;
  /** 0 for a directory. */
  readonly blockSize: number;
  readonly replication: number;
  readonly owner: string;
  readonly group: string;
  /** Octal, e.g. `644`. */
  readonly permission: string;
  readonly childrenCount: number;
  readonly fileId: number;
}

export interface ContentSummary {
  readonly length: number;
  readonly fileCount: number;
  readonly directoryCount: number;
  /** With replicas. */
  readonly spaceConsumed: number;
  /** Names allowed below; -1: no quota. */
  readonly quota: number;
  /** Bytes allowed below, with replicas; -1: no quota. */
  readonly spaceQuota: number;
}

export interface FileChecksum {
  /** e.g. `MD5-of-0MD5-of-512CRC32C` */
  readonly algorithm: string;
  readonly bytes: string;
  readonly length: number;
}

export interface BlockLocation {
  readonly offset: number;
  readonly length: number;
  /** Those that have a replica. */
  readonly hosts: readonly string[];
  /** The same as `HOST:PORT` of the data transfer. */
  readonly names: readonly string[];
  readonly isCorrupt: boolean;
}

export interface BlockLocations {
  readonly blocks: readonly BlockLocation[];
  /**
   * A writer has the file open, or its last block is being recovered. Null: the server does not say (HttpFS).
   */
  readonly isUnderConstruction: boolean | null;
}

export interface ServerDefaults {
  readonly blockSize: number;
  readonly replication: number;
  readonly fileBufferSize: number;
  readonly trashIntervalMin: number;
}

type Json = Readonly<Record<string, unknown>>;

/** Thrown by the readers below; the call turns it into an HdfsError. */
export class AnswerError extends Error {}

/** The value below `keys` of an answer. @throws AnswerError */
export function parse(body: string, ...keys: readonly string[]): unknown {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new AnswerError(`the answer is not JSON: ${body.slice(0, 200)}`);
  }
  for (const key of keys) {
    if (!isObject(value) || !(key in value))
      throw new AnswerError(`the answer has no ${key}: ${body.slice(0, 200)}`);
    value = value[key];
  }
  return value;
}

export function objectOf(value: unknown): Json {
  if (!isObject(value)) throw new AnswerError(`${JSON.stringify(value)} is no object`);
  return value;
}

export function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new AnswerError(`${JSON.stringify(value)} is no list`);
  return value;
}

export function booleanOf(body: string): boolean {
  return parse(body, 'boolean') === true;
}

export function fileStatusOf(value: unknown, directory: string): FileStatus {
  const status = objectOf(value);
  const suffix = text(status, 'pathSuffix');
  const type = text(status, 'type');
  if (type !== 'FILE' && type !== 'DIRECTORY' && type !== 'SYMLINK') {
    throw new AnswerError(`'${type}' is no type of a file`);
  }
  const base = directory === '/' ? '/' : `${directory}/`;
  return {
    path: suffix === '' ? directory : `${base}${suffix}`,
    type,
    length: count(status, 'length'),
    modificationTime: count(status, 'modificationTime'),
    accessTime: count(status, 'accessTime'),
    blockSize: count(status, 'blockSize'),
    replication: count(status, 'replication'),
    owner: text(status, 'owner'),
    group: text(status, 'group'),
    permission: text(status, 'permission'),
    childrenCount: count(status, 'childrenNum', 0),
    fileId: count(status, 'fileId', 0),
  };
}

export function contentSummaryOf(body: string): ContentSummary {
  const summary = objectOf(parse(body, 'ContentSummary'));
  return {
    length: count(summary, 'length'),
    fileCount: count(summary, 'fileCount'),
    directoryCount: count(summary, 'directoryCount'),
    spaceConsumed: count(summary, 'spaceConsumed'),
    quota: count(summary, 'quota', -1),
    spaceQuota: count(summary, 'spaceQuota', -1),
  };
}

export function fileChecksumOf(body: string): FileChecksum {
  const checksum = objectOf(parse(body, 'FileChecksum'));
  return {
    algorithm: text(checksum, 'algorithm'),
    bytes: text(checksum, 'bytes'),
    length: count(checksum, 'length'),
  };
}

/** Of GET_BLOCK_LOCATIONS. A file that is open has its last block apart. */
export function locatedBlocksOf(body: string): BlockLocations {
  const located = objectOf(parse(body, 'LocatedBlocks'));
  const blocks = listOf(located.locatedBlocks).map((one) => {
    const block = objectOf(one);
    const nodes = listOf(block.locations).map(objectOf);
    return {
      offset: count(block, 'startOffset'),
      length: count(objectOf(block.block), 'numBytes'),
      hosts: nodes.map((node) => text(node, 'hostName')),
      names: nodes.map((node) => text(node, 'name')),
      isCorrupt: block.isCorrupt === true,
    };
  });
  return { blocks, isUnderConstruction: located.isUnderConstruction === true };
}

/** Of GETFILEBLOCKLOCATIONS, which HttpFS and later Hadoops have. */
export function blockLocationsOf(body: string): BlockLocations {
  const blocks = listOf(parse(body, 'BlockLocations', 'BlockLocation')).map((one) => {
    const block = objectOf(one);
    return {
      offset: count(block, 'offset'),
      length: count(block, 'length'),
      hosts: listOf(block.hosts).map(String),
      names: listOf(block.names).map(String),
      isCorrupt: block.corrupt === true,
    };
  });
  return { blocks, isUnderConstruction: null };
}

export function serverDefaultsOf(body: string): ServerDefaults {
  const defaults = objectOf(parse(body, 'FsServerDefaults'));
  return {
    blockSize: count(defaults, 'blockSize'),
    replication: count(defaults, 'replication'),
    fileBufferSize: count(defaults, 'fileBufferSize'),
    trashIntervalMin: count(defaults, 'trashInterval', 0),
  };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(from: Json, key: string): string {
  const value = from[key];
  if (typeof value !== 'string') throw new AnswerError(`${key} is ${JSON.stringify(value)}, not a text`);
  return value;
}

function count(from: Json, key: string, otherwise?: number): number {
  const value = from[key] ?? otherwise;
  if (!Number.isSafeInteger(value))
    throw new AnswerError(`${key} is ${JSON.stringify(value)}, not a whole number`);
  return value as number;
}
