/**
 * Finds the next lines of a file. What a look finds out about the file on the way (it was cut, it is a
 * copy, it ends in the middle of a line) is noted there.
 */
import type { SourceContext } from '../../component/source.ts';
import type { Copies } from './copies.ts';
import type { Descriptors } from './descriptors.ts';
import type { FileTable } from './file-table.ts';
import { linesEnd, pieceEnds, type Run } from './lines.ts';
import type { Found, Reader } from './reader.ts';
import { BEGINNING, type Place, type TailFile } from './tail-file.ts';

export interface TailParts {
  readonly context: SourceContext;
  readonly reader: Reader;
  readonly descriptors: Descriptors;
  readonly table: FileTable;
  readonly copies: Copies;
}

/** `nothing` to put now; `long`: no line end in as much as was read. */
export type Looked = Run | 'nothing' | 'long';

const NEWLINE = 10;
const READER_LOG = 'org.apache.flume.source.taildir.ReliableTaildirEventReader';

export class Looker {
  readonly #parts: TailParts;
  readonly #lineBytesMax: number;

  constructor(parts: TailParts, lineBytesMax: number) {
    this.#parts = parts;
    this.#lineBytesMax = lineBytesMax;
  }

  /** Lines at `place`, at most `linesMax`, as far as the buffer goes. @throws what the disk says. */
  async look(file: TailFile, place: Place, buffer: Buffer, linesMax: number): Promise<Looked> {
    if (file.isGone) return 'nothing';
    if (file.isNew) {
      if (!(await this.#isToBeRead(file))) return 'nothing';
      return await this.look(file, file.place, buffer, linesMax);
    }
    const { epoch } = file;
    const found = await this.#parts.reader.read(file, place, buffer);
    return file.epoch === epoch ? this.#runIn(file, place, buffer, found, linesMax) : 'nothing';
  }

  /** The same at once, of a file that was just written to; null for one to be opened or judged first. */
  lookNow(file: TailFile, buffer: Buffer, linesMax: number): Looked | null {
    if (file.isNew || file.isGone || file.fd === null) return null;
    const { place } = file;
    return this.#runIn(file, place, buffer, this.#parts.reader.readNow(file, place, buffer), linesMax);
  }

  #runIn(file: TailFile, place: Place, buffer: Buffer, found: Found, linesMax: number): Looked {
    if (found.state === 'changed') this.#restart(file);
    if (found.state !== 'bytes') return 'nothing';
    const { from, to } = found;
    const isFull = to === buffer.length;
    file.size = Math.max(file.size, place.pos + to - from);
    // Nobody has looked at what is before the place: from now on it has to stay.
    const known = place.tail === null ? this.#parts.reader.placeAfter(place, buffer, from, from) : place;
    const run = { file, epoch: file.epoch, place: known, buffer, from };
    const end = linesEnd(buffer, from, to, linesMax);
    if (to - from > this.#lineBytesMax) {
      const ends = this.#pieces(file, buffer, from, end > from ? end : to, false);
      if (ends !== null && ends.length > 0) {
        return { ...run, end: ends.at(-1)!, ends, partial: 0, isMore: true };
      }
    }
    if (end > from) {
      const isMore = isFull || buffer.subarray(end, to).includes(NEWLINE);
      return { ...run, end, ends: null, partial: to - end, isMore };
    }
    return isFull ? 'long' : this.#atEnd(run, to);
  }

  #pieces(
    file: TailFile,
    buffer: Buffer,
    from: number,
    to: number,
    isLast: boolean,
  ): readonly number[] | null {
    const found = pieceEnds(buffer, from, to, this.#lineBytesMax, isLast);
    if (found === null) return null;
    const { context } = this.#parts;
    context.counters.add('EventReadFail', found.tooLong);
    context.log.warn(
      `source ${context.name}: ${file.path.text} holds a line of more than ${this.#lineBytesMax} bytes ` +
        `near position ${file.place.pos}; it becomes several events (maxLineLength)`,
    );
    return found.ends;
  }

  /** Behind the place stands the start of a line, or nothing. It is a line once the file is idle. */
  #atEnd(run: Omit<Run, 'end' | 'ends' | 'partial' | 'isMore'>, to: number): Looked {
    const { file, buffer, from } = run;
    if (!this.#isIdleWith(file, to - from)) return 'nothing';
    const ends = this.#pieces(file, buffer, from, to, true) ?? [to];
    return { ...run, end: to, ends, partial: 0, isMore: false };
  }

  #isIdleWith(file: TailFile, partial: number): boolean {
    const isEnding = file.isEnding && partial > 0 && partial === file.partial;
    if (partial !== file.partial) file.changedMs = this.#parts.context.clock.now();
    file.partial = partial;
    file.isEnding = false;
    return isEnding;
  }

  /** A line that does not fit a buffer: its end is looked for behind what was seen before. */
  async lookAtLongLine(file: TailFile, buffer: Buffer, seen: number): Promise<Looked> {
    const { reader } = this.#parts;
    const { place, epoch } = file;
    let length = Math.max(seen, file.partial);
    for (;;) {
      const read = await reader.readOn(file, place.pos + length, buffer, 0);
      if (file.epoch !== epoch) return 'nothing';
      const newline = buffer.subarray(0, read).indexOf(NEWLINE);
      if (newline >= 0) return await this.#longRun(file, length + newline + 1, false);
      length += read;
      file.size = Math.max(file.size, place.pos + length);
      if (length > this.#lineBytesMax + 1) return await this.#longRun(file, length, false);
      if (read < buffer.length) break;
    }
    const size = await reader.size(file);
    if (size !== null && size < place.pos + length) {
      this.#restart(file);
      return 'nothing';
    }
    return this.#isIdleWith(file, length) ? await this.#longRun(file, length, true) : 'nothing';
  }

  async #longRun(file: TailFile, length: number, isLast: boolean): Promise<Looked> {
    const { reader } = this.#parts;
    const buffer = await reader.bytesAt(file, file.place.pos, length);
    // It was cut a moment ago, which shows at the next look.
    if (buffer === null) return 'nothing';
    const ends = this.#pieces(file, buffer, 0, length, isLast) ?? [length];
    const run = { file, epoch: file.epoch, place: file.place, buffer, from: 0 };
    return { ...run, end: ends.at(-1)!, ends, partial: 0, isMore: !isLast };
  }

  /** A new file: whether it is none that was read under another inode. */
  async #isToBeRead(file: TailFile): Promise<boolean> {
    const { copies, context, table, descriptors } = this.#parts;
    const judgement = await copies.judge(file, context.clock.now());
    if (judgement.op === 'hold') return false;
    file.isNew = false;
    if (judgement.op === 'read') return true;
    const { from, original } = judgement;
    file.advance(from.place);
    file.head = from.head;
    copies.note(file);
    table.isChanged = true;
    if (original !== null && original.home === null && !original.isBusy) {
      table.remove(original);
      copies.retire(original);
      await descriptors.close(original);
    }
    return true;
  }

  /** The file was cut, or another one has its inode. Without a name it is none of ours any more. */
  #restart(file: TailFile): void {
    const { context, copies, table } = this.#parts;
    const { pos } = file.place;
    copies.retire(file);
    if (file.home === null) {
      table.remove(file);
      return;
    }
    context.log
      .named(READER_LOG)
      .info(
        `Pos ${pos} is larger than file size! Restarting from pos 0, file: ${file.path.text}, inode: ${file.ino}`,
      );
    file.restart(BEGINNING);
    file.size = 0;
    table.isChanged = true;
  }
}
