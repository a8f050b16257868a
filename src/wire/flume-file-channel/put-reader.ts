/** Reads the events that pointers point to, mostly forward: a window of each file is kept. */
import { closeSync, openSync, readSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import type { LogFile } from './directory.ts';
import type { Findings } from './findings.ts';
import { FRAME_BYTES, OP_CROSSED_OUT, OP_RECORD } from './log-scanner.ts';
import { OFFSETS } from './pointer-queue.ts';
import { type FlumeEvent, PutDecoder } from './record.ts';

const WINDOW_BYTES = 256 * 1024;
/** Files are left in the order of their numbers, one of each data directory at a time. */
const WINDOWS_MAX = 16;

interface Window {
  readonly fd: number;
  readonly bytes: Buffer;
  start: number;
  end: number;
}

export class PutReader {
  readonly #files: readonly LogFile[];
  readonly #findings: Findings;
  readonly #decoder = new PutDecoder();
  /** By index of the file, the one used last at the end. */
  readonly #windows = new Map<number, Window>();
  #last = -1;

  constructor(files: readonly LogFile[], findings: Findings) {
    this.#files = files;
    this.#findings = findings;
  }

  /** The event; null, with a finding, when there is none that can be read. */
  read(pointer: number): FlumeEvent | null {
    const index = Math.floor(pointer / OFFSETS);
    const file = this.#files[index]!;
    const offset = pointer - index * OFFSETS;
    try {
      return this.#read(this.#window(index, file), file, offset);
    } catch (error) {
      const detail = `at offset ${offset}: ${messageOf(error)}`;
      this.#findings.add('error', 'an event cannot be read and is skipped', file.path, detail);
      return null;
    }
  }

  close(): void {
    for (const { fd } of this.#windows.values()) closeSync(fd);
    this.#windows.clear();
  }

  #read(window: Window, file: LogFile, offset: number): FlumeEvent | null {
    const at = load(window, offset, FRAME_BYTES);
    const operation = window.bytes[at]!;
    if (operation === OP_CROSSED_OUT) {
      const detail = `at offset ${offset}`;
      this.#findings.add('warning', 'an event was crossed out by the integrity tool', file.path, detail);
      return null;
    }
    if (operation !== OP_RECORD) throw new Error(`there is no record, but the byte ${operation}`);
    const length = window.bytes.readInt32BE(at + 1);
    if (length < 0 || length > file.sizeBytes - offset - FRAME_BYTES) {
      throw new Error(`its length is ${length}, but the file ends at ${file.sizeBytes}`);
    }
    const from = offset + FRAME_BYTES;
    if (length > window.bytes.length)
      return this.#decode(file, readWhole(window.fd, from, length), 0, length);
    const place = load(window, from, length);
    return this.#decode(file, window.bytes, place, place + length);
  }

  #decode({ cipher }: LogFile, bytes: Buffer, from: number, to: number): FlumeEvent {
    if (cipher === null) return this.#decoder.decode(bytes, from, to);
    return this.#decoder.decode(cipher.decrypt(bytes.subarray(from, to)), 0, to - from);
  }

  #window(index: number, file: LogFile): Window {
    const known = this.#windows.get(index);
    if (known !== undefined && index === this.#last) return known;
    this.#last = index;
    this.#windows.delete(index);
    if (this.#windows.size === WINDOWS_MAX) {
      const [oldest, { fd }] = this.#windows.entries().next().value!;
      closeSync(fd);
      this.#windows.delete(oldest);
    }
    const window = known ?? {
      fd: openSync(file.path, 'r'),
      bytes: Buffer.allocUnsafeSlow(WINDOW_BYTES),
      start: 0,
      end: 0,
    };
    this.#windows.set(index, window);
    return window;
  }
}

/** The place in the window of `length` bytes from `offset`. */
function load(window: Window, offset: number, length: number): number {
  if (offset < window.start || offset + length > window.end) {
    window.start = offset;
    window.end = offset + readSync(window.fd, window.bytes, 0, window.bytes.length, offset);
    if (offset + length > window.end) throw new Error(`the file ends at ${window.end}`);
  }
  return offset - window.start;
}

function readWhole(fd: number, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  const count = readSync(fd, bytes, 0, length, from);
  if (count < length) throw new Error(`the file ends at ${from + count}`);
  return bytes;
}
