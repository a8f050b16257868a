/** Deserializer BLOB: a whole file is an event; one larger than `maxBlobLength` becomes several. */
import { MillraceError } from '../../base/errors.ts';
import { BLOCK_BYTES_MAX } from '../../base/limits.ts';
import { NO_HEADERS } from '../../memory/block/headers.ts';
import type { Chunk, ChunkReader, EventTarget, OpenReader, SourceFile } from './chunk.ts';

/** What an event may take of a block, whose table and headers need room, too. */
const EVENT_BYTES_MAX = BLOCK_BYTES_MAX - 1024 * 1024;

export function blobReaders(lengthMax: number, onCut: () => void): OpenReader {
  return async (file, from) => new BlobReader(file, from, lengthMax, onCut);
}

class BlobReader implements ChunkReader {
  readonly headers = NO_HEADERS;
  readonly #file: SourceFile;
  readonly #lengthMax: number;
  readonly #onCut: () => void;
  #at: number;

  constructor(file: SourceFile, from: number, lengthMax: number, onCut: () => void) {
    this.#file = file;
    this.#at = from;
    this.#lengthMax = lengthMax;
    this.#onCut = onCut;
  }

  async next(): Promise<Chunk | null> {
    const left = this.#file.size - this.#at;
    const size = Math.min(this.#lengthMax, left);
    if (size <= 0) return null;
    if (size > EVENT_BYTES_MAX) {
      throw new MillraceError(
        'EVENT_TOO_LARGE',
        `an event of ${size} bytes is too large; ${EVENT_BYTES_MAX} is the most`,
        {
          remedy: `set deserializer.maxBlobLength to at most ${EVENT_BYTES_MAX} to have several events of the file`,
        },
      );
    }
    const body = Buffer.allocUnsafeSlow(size);
    const read = await this.#file.read(body, this.#at);
    if (read === 0) return null;
    this.#at += read;
    if (left > size) this.#onCut();
    return new BlobChunk(body.subarray(0, read), this.#at);
  }
}

class BlobChunk implements Chunk {
  readonly isTail = false;
  readonly end: number;
  readonly #body: Buffer;

  constructor(body: Buffer, end: number) {
    this.#body = body;
    this.end = end;
  }

  get sizeBytes(): number {
    return this.#body.length;
  }

  append(target: EventTarget): void {
    target.append(this.#body, 0, this.#body.length);
  }

  ends(): (number | null)[] {
    return [this.end];
  }
}
