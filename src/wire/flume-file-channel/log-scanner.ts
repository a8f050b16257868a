/**
 * Reads the records of one log file from front to back, and of puts only where they are.
 *
 * Layout of a log file: records, then fill. A record is the byte 127, its length (4 bytes, big-endian) and
 *   its content. A record that Flume's integrity tool has crossed out begins with 0 instead; space that was
 *   allocated and not used is filled with -128, after a crash of the machine with 0 or not at all.
 * End: the first -128; the end of the file; a record that is longer than the file (torn); a byte that begins
 *   no record. The last two are findings. Content that cannot be decoded is a finding, and the next record is
 *   read.
 * Resources: a fresh scanner has no descriptor and no buffer: `advance` to the first record gives both back,
 *   as a channel may have thousands of files, of which few are read at a time.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { MillraceError, messageOf } from '../../base/errors.ts';
import type { LogFile } from './directory.ts';
import type { Findings } from './findings.ts';
import { HEAD_BYTES, RecordHead } from './record.ts';

export const OP_RECORD = 127;
export const OP_CROSSED_OUT = 0;
export const OP_FILL = 128;
/** The operation and the length. */
export const FRAME_BYTES = 5;
const BUFFER_BYTES = 256 * 1024;
const FIRST_BYTES = 4 * 1024;

/** So many records that make no sense at the start of an encrypted file mean that its key is another one. */
const UNREADABLE_MAX = 3;

/** Buffers that no scanner uses now. */
const pool: Buffer[] = [];
const first = Buffer.alloc(FIRST_BYTES);

export class LogScanner extends RecordHead {
  readonly file: LogFile;
  readonly #findings: Findings;
  readonly #plain: Buffer | null;
  #fd = -1;
  #fresh = true;
  #buffer: Buffer | null = null;
  /** The part of the file that is in the buffer. */
  #start = 0;
  #end = 0;
  /** Where the next record begins. */
  #next: number;
  #decoded = false;
  #unreadable = 0;
  /** Where the record that `advance` came to begins. */
  offset = -1;

  constructor(file: LogFile, position: number, findings: Findings) {
    super();
    this.file = file;
    this.#next = position;
    this.#findings = findings;
    this.#plain = file.cipher === null ? null : Buffer.alloc(HEAD_BYTES);
  }

  /**
   * Comes to the next record; false at the end, and then everything is given back.
   * @throws MillraceError CONF_OPTION_VALUE when nothing can be decrypted.
   */
  advance(): boolean {
    this.#open();
    let found = false;
    try {
      found = this.#findRecord();
      if (!found && this.#unreadable > 0) this.#refuseKey();
      return found;
    } finally {
      if (!found || this.#fresh) this.close();
      this.#fresh = false;
    }
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
    if (this.#buffer !== null && this.#buffer !== first) pool.push(this.#buffer);
    this.#buffer = null;
    this.#start = this.#end = 0;
  }

  #open(): void {
    if (this.#fd >= 0) return;
    this.#fd = openSync(this.file.path, 'r');
    this.#buffer = this.#fresh ? first : (pool.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES));
  }

  #findRecord(): boolean {
    const { sizeBytes } = this.file;
    for (;;) {
      const offset = this.#next;
      const left = sizeBytes - offset;
      if (left <= 0) return false;
      const at = this.#load(offset, Math.min(left, FRAME_BYTES));
      if (at < 0) return false;
      const operation = this.#buffer![at]!;
      if (operation === OP_FILL) return false;
      if (operation !== OP_RECORD && operation !== OP_CROSSED_OUT) {
        return this.#stop('bytes that are no record', offset, `the byte ${operation} begins none`);
      }
      if (left < FRAME_BYTES) {
        return operation === OP_RECORD && this.#stop('a torn record', offset, 'its length is cut off');
      }
      const length = this.#buffer!.readInt32BE(at + 1);
      this.#next = offset + FRAME_BYTES + Math.max(0, length);
      if (operation === OP_CROSSED_OUT) continue;
      if (length < 0) return this.#stop('bytes that are no record', offset, `the length ${length}`);
      if (length > left - FRAME_BYTES) {
        return this.#stop(
          'a torn record',
          offset,
          `${length} bytes are announced, ${left - FRAME_BYTES} there`,
        );
      }
      if (this.#decode(offset, length)) return true;
    }
  }

  #decode(offset: number, length: number): boolean {
    const known = Math.min(length, HEAD_BYTES);
    const at = this.#load(offset + FRAME_BYTES, known);
    if (at < 0) return false;
    this.offset = offset;
    try {
      if (this.#plain === null) {
        this.read(this.#buffer!, at, at + known);
      } else {
        this.file.cipher!.head(this.#buffer!, at, known, this.#plain);
        this.read(this.#plain, 0, known);
      }
      this.#decoded = true;
      return true;
    } catch (error) {
      if (++this.#unreadable === UNREADABLE_MAX) this.#refuseKey();
      const detail = `at offset ${offset}: ${messageOf(error)}`;
      this.#findings.add('error', 'a record cannot be decoded and is skipped', this.file.path, detail);
      return false;
    }
  }

  #refuseKey(): void {
    const { cipher, path } = this.file;
    if (cipher === null || this.#decoded) return;
    const what = `${path} cannot be decrypted with the key ${cipher.keyAlias}`;
    throw new MillraceError('CONF_OPTION_VALUE', what, {
      value: cipher.keyAlias,
      remedy: 'use the key store with which the file was written',
    });
  }

  #stop(kind: string, offset: number, detail: string): false {
    const text = `at offset ${offset}: ${detail}; nothing behind it is read`;
    this.#findings.add('warning', kind, this.file.path, text);
    return false;
  }

  /** The place in the buffer of `length` bytes from `offset`; negative when the file has become shorter. */
  #load(offset: number, length: number): number {
    if (offset < this.#start || offset + length > this.#end) {
      const bytes = this.#buffer!;
      this.#start = offset;
      this.#end = offset + readSync(this.#fd, bytes, 0, bytes.length, offset);
      if (offset + length > this.#end) return -1;
    }
    return offset - this.#start;
  }
}
