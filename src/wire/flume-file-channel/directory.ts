/** The log files of a channel with their metadata, in the order of their numbers. */
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { MillraceError, messageOf } from '../../base/errors.ts';
import { type Encryption, type KeySource, RecordCipher } from './cipher.ts';
import type { Findings } from './findings.ts';
import { MessageReader } from './proto.ts';

/** The only version that is read; Flume 1.3 and later write it. */
export const VERSION = 3;
const VERSION_2 = 2;
const LOG_NAME = /^log-(\d+)$/;
/** The first that exists counts; the others remain when an agent ends while it replaces the first. */
const META_ENDINGS = ['.meta', '.meta.tmp', '.meta.old', '.meta.meta.old'];

export interface LogFile {
  readonly path: string;
  readonly fileId: number;
  /** The place of the file among all of the channel: the upper part of pointers into it. */
  readonly index: number;
  readonly sizeBytes: number;
  /** From here on stand the records written after the checkpoint of that write order. */
  readonly checkpointPosition: number;
  readonly checkpointWriteOrderId: number;
  readonly cipher: RecordCipher | null;
}

/** @throws MillraceError when a directory or file cannot be what Flume would read. */
export function findLogs(
  dataDirs: readonly string[],
  keys: KeySource | undefined,
  findings: Findings,
): LogFile[] {
  const found = dataDirs.flatMap((directory) => namesIn(directory));
  found.sort((a, b) => a.fileId - b.fileId);
  const logs: LogFile[] = [];
  for (const [i, { path, fileId }] of found.entries()) {
    if (i > 0 && found[i - 1]!.fileId === fileId) {
      throw damaged(
        `${found[i - 1]!.path} and ${path} have the same number`,
        'name each data directory once',
      );
    }
    const log = readLog(path, fileId, logs.length, keys, findings);
    if (log !== null) logs.push(log);
  }
  return logs;
}

function namesIn(directory: string): { path: string; fileId: number }[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (cause) {
    throw new MillraceError('CONF_OPTION_VALUE', `data directory ${directory} cannot be read`, {
      option: 'dataDirs',
      value: directory,
      remedy: 'name the directories that the Flume channel had, no more and no less',
      cause,
    });
  }
  return names.flatMap((name) => {
    const match = LOG_NAME.exec(name);
    return match === null ? [] : [{ path: resolve(directory, name), fileId: Number(match[1]) }];
  });
}

function readLog(
  path: string,
  fileId: number,
  index: number,
  keys: KeySource | undefined,
  findings: Findings,
): LogFile | null {
  const sizeBytes = statSync(path).size;
  const bytes = readMeta(path);
  if (bytes === null || bytes.length === 0) {
    if (sizeBytes === 0) {
      findings.add('info', 'log file without content', path, 'the agent ended when it had just made it');
      return null;
    }
    throw noMeta(path, bytes !== null);
  }
  const meta = decodeMeta(bytes, path);
  if (meta.version !== VERSION) throw otherVersion(path, meta.version);
  if (meta.fileId !== fileId) {
    throw damaged(`the metadata of ${path} are those of log-${meta.fileId}`, 'undo the renaming of files');
  }
  const { checkpointPosition, checkpointWriteOrderId, encryption } = meta;
  const cipher = encryption === null ? null : new RecordCipher(encryption, keys, path);
  return { path, fileId, index, sizeBytes, checkpointPosition, checkpointWriteOrderId, cipher };
}

function readMeta(path: string): Buffer | null {
  for (const ending of META_ENDINGS) {
    if (statSync(path + ending, { throwIfNoEntry: false }) === undefined) continue;
    return readFileSync(path + ending);
  }
  return null;
}

function noMeta(path: string, empty: boolean): MillraceError {
  if (!empty && firstInt(path) === VERSION_2) return otherVersion(path, VERSION_2);
  return damaged(`${path} has ${empty ? 'empty' : 'no'} metadata`, `restore ${path}.meta from a backup`);
}

function firstInt(path: string): number {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(4);
    readSync(fd, bytes);
    return bytes.readInt32BE();
  } finally {
    closeSync(fd);
  }
}

interface Meta {
  readonly version: number;
  readonly fileId: number;
  readonly checkpointPosition: number;
  readonly checkpointWriteOrderId: number;
  readonly encryption: Encryption | null;
}

function decodeMeta(bytes: Buffer, path: string): Meta {
  const values = new Map<number, number>();
  let encryption: Encryption | null = null;
  try {
    const reader = new MessageReader();
    reader.openDelimited(bytes, 0, bytes.length);
    while (reader.next()) {
      if (reader.field === 5) encryption = decodeEncryption(bytes, reader.from, reader.to);
      else values.set(reader.field, reader.value);
    }
  } catch (cause) {
    throw damaged(`the metadata of ${path} cannot be decoded: ${messageOf(cause)}`, 'restore them', cause);
  }
  return {
    version: values.get(1) ?? 0,
    fileId: values.get(2) ?? 0,
    checkpointPosition: values.get(3) ?? 0,
    checkpointWriteOrderId: values.get(4) ?? 0,
    encryption,
  };
}

function decodeEncryption(bytes: Buffer, from: number, to: number): Encryption {
  const reader = new MessageReader();
  const fields = ['', '', ''];
  reader.open(bytes, from, to);
  let parameters = Buffer.alloc(0);
  while (reader.next()) {
    if (reader.field === 3) parameters = Buffer.from(bytes.subarray(reader.from, reader.to));
    else fields[reader.field] = bytes.toString('utf8', reader.from, reader.to);
  }
  return { provider: fields[1]!, keyAlias: fields[2]!, parameters };
}

function otherVersion(path: string, version: number): MillraceError {
  return new MillraceError('STORAGE_DAMAGED', `${path} has format version ${version}, wanted is ${VERSION}`, {
    value: String(version),
    remedy: 'let Flume 1.11 start with these directories and drain the channel',
  });
}

function damaged(what: string, remedy: string, cause?: unknown): MillraceError {
  return new MillraceError('STORAGE_DAMAGED', what, { remedy, ...(cause === undefined ? {} : { cause }) });
}
