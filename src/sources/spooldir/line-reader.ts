/**
 * Deserializer LINE: reads a file in runs of whole lines, into two buffers in turn, so that a run stays as it
 * is while the next one is read.
 *
 * Limits: a run is what one read brought and the unfinished line before it; a line of which so many bytes
 * have come that no event should hold more is cut there (lineBytesMax).
 */
import { MillraceError } from '../../base/errors.ts';
import type { JavaCharset } from '../../base/java/charset.ts';
import { NO_HEADERS } from '../../memory/block/headers.ts';
import type { Chunk, ChunkReader, EventTarget, OpenReader, SourceFile } from './chunk.ts';
import { appendLines, eventStarts, type LineSettings, pieceEnd } from './line-run.ts';
import { type DecodeErrorPolicy, orderedCharset, TextRuns } from './text.ts';

/** What one read may bring: with an event a byte, such a run and its table still fit a block. */
const READ_BYTES = 512 * 1024;
/** Longest line, whatever `maxLineLength` is. */
const UTF8_LINE_BYTES_MAX = 8 * 1024 * 1024;
/** The same in other charsets, of which a character may take more bytes in UTF-8. */
const OTHER_LINE_BYTES_MAX = 2 * 1024 * 1024;

const NEWLINE = 10;

export interface LineReaderSettings extends LineSettings {
  readonly input: JavaCharset;
  readonly decodeErrors: DecodeErrorPolicy;
  /** A line was cut. */
  readonly onCut: () => void;
}

export function lineReaders(settings: LineReaderSettings): OpenReader {
  return async (file, from) => {
    const { charset, begin } = await orderedCharset(settings.input, file.read);
    const text = new TextRuns(charset, settings.decodeErrors);
    return new LineReader(file, Math.max(from, begin), text, settings);
  };
}

class LineReader implements ChunkReader {
  readonly headers = NO_HEADERS;
  readonly #file: SourceFile;
  readonly #text: TextRuns;
  readonly #settings: LineReaderSettings;
  readonly #lineBytesMax: number;
  readonly #buffers: [Buffer, Buffer];
  #turn = 0;
  /** The start of a line whose end has not been read; in the buffer of the run before. */
  #rest: Buffer = Buffer.alloc(0);
  /** Offset in the file of the first byte of `#rest`. */
  #at: number;
  #isAtEnd = false;
  #bad: MillraceError | null = null;

  constructor(file: SourceFile, from: number, text: TextRuns, settings: LineReaderSettings) {
    this.#file = file;
    this.#at = from;
    this.#text = text;
    this.#settings = settings;
    this.#lineBytesMax = text.isUtf8 ? UTF8_LINE_BYTES_MAX : OTHER_LINE_BYTES_MAX;
    // Most files are small: one byte more tells that they ended.
    const bytes = Math.max(Math.min(READ_BYTES, file.size - from + 1), 1);
    this.#buffers = [Buffer.allocUnsafeSlow(bytes), Buffer.alloc(0)];
  }

  async next(): Promise<Chunk | null> {
    if (this.#bad !== null) throw this.#bad;
    let buffer = this.#buffer(this.#rest.length + READ_BYTES);
    this.#rest.copy(buffer);
    let used = this.#rest.length;
    for (;;) {
      const read = this.#isAtEnd ? 0 : await this.#read(buffer, used);
      used += read;
      const bytes = buffer.subarray(0, used);
      const end = this.#isAtEnd ? used : this.#text.lastLineEnd(bytes);
      const lines = this.#isAtEnd ? this.#text.lastLineEnd(bytes) : end;
      if (lines > 0) return this.#run(bytes, lines, false);
      if (this.#isAtEnd) return used === 0 ? null : this.#run(bytes, used, true);
      const cut = this.#cutEnd(bytes);
      if (cut > 0) return this.#run(bytes, cut, false);
      if (used === buffer.length) buffer = this.#grow(buffer);
    }
  }

  /** The buffer that the run before does not stand in. */
  #buffer(bytesMin: number): Buffer {
    const turn = this.#turn++ % 2;
    const size = Math.min(bytesMin, this.#rest.length + Math.max(1, this.#file.size - this.#at + 1));
    if (this.#buffers[turn]!.length < size) this.#buffers[turn] = Buffer.allocUnsafeSlow(size);
    return this.#buffers[turn]!;
  }

  #grow(buffer: Buffer): Buffer {
    const larger = Buffer.allocUnsafeSlow(buffer.length + Math.max(buffer.length, READ_BYTES));
    buffer.copy(larger);
    this.#buffers[(this.#turn - 1) % 2] = larger;
    return larger;
  }

  async #read(buffer: Buffer, used: number): Promise<number> {
    const room = buffer.subarray(used, used + READ_BYTES);
    const read = await this.#file.read(room, this.#at + used);
    if (read < room.length) this.#isAtEnd = true;
    return read;
  }

  /** The offset behind the last whole piece of a line that has not ended; 0 when more has to be read. */
  #cutEnd(bytes: Buffer): number {
    const { charactersMax } = this.#settings;
    if (this.#text.isUtf8) {
      let end = 0;
      for (;;) {
        const piece = pieceEnd(bytes, end, bytes.length, charactersMax);
        if (piece < 0) break;
        end = piece;
      }
      if (end > 0) return end;
    }
    return bytes.length < this.#lineBytesMax ? 0 : this.#text.characterEnd(bytes);
  }

  #run(bytes: Buffer, end: number, isTail: boolean): Chunk | null {
    const run = bytes.subarray(0, end);
    const { bytes: decoded, badAt } = this.#text.decode(run);
    if (badAt >= 0) {
      const at = this.#at + badAt;
      this.#bad = new MillraceError('BAD_INPUT', `the line at byte ${at} is not of the file’s charset`, {
        remedy: 'correct inputCharset, or set decodeErrorPolicy to REPLACE or IGNORE',
      });
      if (badAt === 0) throw this.#bad;
    }
    const input = badAt >= 0 ? run.subarray(0, badAt) : run;
    const chunk = new LineChunk(input, this.#at, decoded, this.#text, this.#settings, isTail);
    this.#at += end;
    this.#rest = bytes.subarray(end);
    return chunk;
  }
}

class LineChunk implements Chunk {
  readonly isTail: boolean;
  readonly #input: Buffer;
  readonly #start: number;
  readonly #bytes: Buffer;
  readonly #text: TextRuns;
  readonly #settings: LineReaderSettings;

  constructor(
    input: Buffer,
    start: number,
    bytes: Buffer,
    text: TextRuns,
    settings: LineReaderSettings,
    isTail: boolean,
  ) {
    this.#input = input;
    this.#start = start;
    this.#bytes = bytes;
    this.#text = text;
    this.#settings = settings;
    this.isTail = isTail;
  }

  get end(): number {
    return this.#start + this.#input.length;
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  append(target: EventTarget): void {
    if (appendLines(target, this.#bytes, this.#settings)) this.#settings.onCut();
  }

  ends(): (number | null)[] {
    const bytes = this.#bytes;
    const starts = eventStarts(bytes, this.#settings);
    const inFile = bytes === this.#input ? (at: number) => this.#start + at : this.#lineEndsInFile();
    return starts.map((_, i) => (i + 1 === starts.length ? this.end : inFile(starts[i + 1]!)));
  }

  /** The run was decoded: what is known are the line ends, one by one. */
  #lineEndsInFile(): (at: number) => number | null {
    let decoded = 0;
    let input = 0;
    return (at) => {
      if (this.#bytes[at - 1] !== NEWLINE) return null;
      while (decoded < at) {
        decoded = this.#bytes.indexOf(NEWLINE, decoded) + 1;
        input = this.#text.lineEnd(this.#input, input);
      }
      return this.#start + input;
    };
  }
}
