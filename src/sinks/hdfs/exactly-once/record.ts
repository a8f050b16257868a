/**
 * A commit record: what stands in HDFS for good, as of one commit. It is text of two lines: JSON, and the
 * CRC-32 of the JSON in 8 hexadecimal digits.
 *
 *   {"version": 1, "log": NAME, "opening": ID, "writer": "HOST PID", "low": N, "ranges": [[FROM, TO], …],
 *    "files": [[ROOT, PATH IN USE, FINAL PATH, LENGTH], …]}
 *
 * Events of that log below `low`, and those of `ranges` (TO is not among them), stand in files: in those of
 * `files` within the first LENGTH bytes, or in files that have their final names. `opening` is the opening of
 * the log that they came from last: see Numbering.
 */
import { crc32 } from 'node:zlib';
import type { OffsetRange } from '../../../storage/log/ranges.ts';

const VERSION = 1;

export interface RecordedFile {
  readonly root: string;
  readonly inUse: string;
  readonly final: string;
  readonly length: number;
}

export interface CommitRecord {
  readonly log: string;
  readonly opening: string;
  /** Who wrote it, for whoever finds it in the way. */
  readonly writer: string;
  readonly low: number;
  readonly ranges: readonly OffsetRange[];
  readonly files: readonly RecordedFile[];
}

export function encodeRecord(record: CommitRecord): Buffer {
  const { log, opening, writer, low, ranges } = record;
  const files = record.files.map(({ root, inUse, final, length }) => [root, inUse, final, length]);
  const json = JSON.stringify({ version: VERSION, log, opening, writer, low, ranges, files });
  return Buffer.from(`${json}\n${checksum(json)}\n`);
}

/** @throws when it is no whole record of a version that is known. */
export function decodeRecord(bytes: Uint8Array): CommitRecord {
  const text = Buffer.from(bytes).toString();
  const [json = '', sum] = text.split('\n');
  if (sum !== checksum(json)) throw new Error('its checksum does not match');
  const { version, files, ...rest } = JSON.parse(json) as Omit<CommitRecord, 'files'> & {
    readonly version: number;
    readonly files: readonly [string, string, string, number][];
  };
  if (version !== VERSION) throw new Error(`it has version ${version}; this one knows ${VERSION}`);
  return {
    ...rest,
    files: files.map(([root, inUse, final, length]) => ({ root, inUse, final, length })),
  };
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}
