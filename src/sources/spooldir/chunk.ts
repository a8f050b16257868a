/**
 * What the source and its deserializers agree on: a file is read as a sequence of chunks, each with the
 * events of some of its bytes and with the place from which reading can go on once they are committed.
 */
import type { Headers } from '../../memory/block/headers.ts';

/** Fills `target` from the file's `position` on as far as there are bytes; resolves with their number. */
export type ReadAt = (target: Buffer, position: number) => Promise<number>;

/** Where events go: a batch, or a list when refused events are put again. */
export interface EventTarget {
  append(source: Uint8Array, from: number, to: number, headers?: Headers): void;
  /** As BatchBuilder's: every whole line of `source[from, to)` is an event. */
  appendLines(source: Buffer, from: number, to: number): number;
}

export interface Chunk {
  /** Offset in the file from which to go on once all events are committed. */
  readonly end: number;
  /** About how many bytes the bodies take. */
  readonly sizeBytes: number;
  /** What stands at the end of the file without a line end: it may be half a line of a file that grows. */
  readonly isTail: boolean;
  /** Appends the events; may be called again for the same ones. */
  append(target: EventTarget): void;
  /** For each event the offset from which to go on once it is committed; null where there is none. */
  ends(): (number | null)[];
}

export interface ChunkReader {
  /** Headers that every event of the file gets. */
  readonly headers: Headers;
  /**
   * The next chunk, or null at the end of the file. A chunk stays as it is until the call after the next one.
   * @throws MillraceError BAD_INPUT with what is wrong with the file at the place where reading ended.
   */
  next(): Promise<Chunk | null>;
  /** Frees what it holds; the file itself is its opener's. */
  close?(): void;
}

/** Opens a reader at `from`, an `end` of before or 0. */
export type OpenReader = (file: SourceFile, from: number) => Promise<ChunkReader>;

export interface SourceFile {
  /** As Flume writes it: below spoolDir as it was configured. */
  readonly path: string;
  /** Bytes when it was opened. */
  readonly size: number;
  readonly read: ReadAt;
}

/** Events one by one, with views of their bodies. */
export class EventList implements EventTarget {
  readonly bodies: Buffer[] = [];
  readonly headers: (Headers | undefined)[] = [];

  append(source: Uint8Array, from: number, to: number, headers?: Headers): void {
    this.bodies.push(Buffer.from(source.buffer, source.byteOffset + from, to - from));
    this.headers.push(headers);
  }

  appendLines(source: Buffer, from: number, to: number): number {
    let at = from;
    for (;;) {
      const end = source.indexOf(10, at);
      if (end < 0 || end >= to) return at;
      this.append(source, at, end);
      at = end + 1;
    }
  }
}
