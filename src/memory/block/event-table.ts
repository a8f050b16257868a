/**
 * Where the events of an open batch are: for each the offset of its body in the segment, its length, and the
 * offset of its own headers (0: none). Entries from `count` on mean nothing.
 */
import { type LineScanner, scannerOf } from '../lines/line-memory.ts';
import { SCAN_BYTES_MAX } from '../lines/scan-module.ts';

const NEWLINE = 10;
const RETURN = 13;
const FIRST_EVENTS = 256;
/** Shorter runs are searched without a scanner: its calls would cost more. */
const SCAN_BYTES_MIN = 1024;

export class EventTable {
  count = 0;
  starts = new Uint32Array(FIRST_EVENTS);
  lengths = new Uint32Array(FIRST_EVENTS);
  refs = new Uint32Array(FIRST_EVENTS);

  /** Makes room for `events` more. */
  reserve(events: number): void {
    const need = this.count + events;
    if (need <= this.starts.length) return;
    const size = Math.max(need, this.starts.length * 2);
    this.starts = grown(this.starts, size);
    this.lengths = grown(this.lengths, size);
    this.refs = grown(this.refs, size);
  }

  /** Room for it must be there. */
  add(start: number, length: number): void {
    const i = this.count++;
    this.starts[i] = start;
    this.lengths[i] = length;
    this.refs[i] = 0;
  }

  /**
   * Enters the lines of `chunk[from, last]`, whose byte at `last` is a line end, without their `\n`
   * (`dropsReturn`: and without a `\r` directly before it). Their copies are `shift` behind them.
   */
  addLines(chunk: Buffer, from: number, last: number, shift: number, dropsReturn: boolean): void {
    const scanner = last - from < SCAN_BYTES_MIN ? null : scannerOf(chunk.buffer);
    if (scanner !== null) {
      this.#scanLines(scanner, chunk, from, last, shift, dropsReturn);
      return;
    }
    let position = from;
    while (position <= last) {
      const end = chunk.indexOf(NEWLINE, position);
      this.reserve(1);
      const isReturn = dropsReturn && end > position && chunk[end - 1] === RETURN;
      this.add(position + shift, end - position - (isReturn ? 1 : 0));
      position = end + 1;
    }
  }

  #scanLines(
    scanner: LineScanner,
    chunk: Buffer,
    from: number,
    last: number,
    shift: number,
    dropsReturn: boolean,
  ): void {
    let lineStart = from + shift;
    for (let piece = from; piece <= last; piece += SCAN_BYTES_MAX) {
      const end = Math.min(piece + SCAN_BYTES_MAX, last + 1);
      const found = scanner.find(chunk, piece, end, shift, lineStart, dropsReturn);
      lineStart = scanner.starts[found]!;
      this.reserve(found);
      const { count } = this;
      this.starts.set(scanner.starts.subarray(0, found), count);
      this.lengths.set(scanner.lengths.subarray(0, found), count);
      this.refs.fill(0, count, count + found);
      this.count = count + found;
    }
  }
}

function grown(array: Uint32Array, size: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(size);
  larger.set(array);
  return larger;
}
