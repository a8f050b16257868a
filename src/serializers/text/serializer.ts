import type { OptionsOf } from '../../component/options/table.ts';
import type { EventSerializer, SerializerContext, Writer } from '../../component/serializer.ts';
import type { Batch, BatchRange } from '../../memory/block/batch.ts';
import { copyBytes } from '../../memory/copy.ts';
import type { options } from './index.ts';

const NEWLINE = 10;
/** Bodies that do not stand as lines are gathered in pieces of this size. */
const PIECE_BYTES = 256 * 1024;

export function create(context: SerializerContext): EventSerializer {
  const { appendNewline } = context.options as OptionsOf<typeof options>;
  return new TextSerializer(context.out, appendNewline);
}

class TextSerializer implements EventSerializer {
  readonly supportsReopen = true;
  readonly #out: Writer;
  readonly #newline: boolean;
  #piece = Buffer.allocUnsafe(PIECE_BYTES);
  #used = 0;

  constructor(out: Writer, newline: boolean) {
    this.#out = out;
    this.#newline = newline;
  }

  begin(): void {}

  reopen(): void {}

  write(batch: Batch): void {
    for (const range of batch.ranges) this.#range(range);
    this.#emit();
  }

  /**
   * Bodies that a source took from lines still stand as lines in memory, one behind the other with their line
   * ends: such a run is written as it stands. Only where not all of the block does is it looked for.
   */
  #range({ view, first, count }: BatchRange): void {
    const { bytes } = view;
    const end = first + count;
    if (this.#newline && view.isLines) {
      this.#emit();
      const last = end - 1;
      this.#out.write(
        bytes.subarray(view.bodyStart(first), view.bodyStart(last) + view.bodyLength(last) + 1),
      );
      return;
    }
    let i = first;
    while (i < end) {
      const start = view.bodyStart(i);
      let runEnd = start + view.bodyLength(i);
      let j = i + 1;
      if (this.#newline && bytes[runEnd] === NEWLINE) {
        runEnd++;
        while (j < end && view.bodyStart(j) === runEnd) {
          const next = runEnd + view.bodyLength(j);
          if (bytes[next] !== NEWLINE) break;
          runEnd = next + 1;
          j++;
        }
        this.#emit();
        this.#out.write(bytes.subarray(start, runEnd));
      } else {
        this.#gather(bytes, start, runEnd);
      }
      i = j;
    }
  }

  #gather(bytes: Buffer, start: number, end: number): void {
    const need = end - start + 1;
    if (this.#used + need > this.#piece.length) {
      this.#emit();
      if (need > this.#piece.length) this.#piece = Buffer.allocUnsafe(need);
    }
    copyBytes(this.#piece, this.#used, bytes, start, end);
    this.#used += end - start;
    if (this.#newline) this.#piece[this.#used++] = NEWLINE;
  }

  /** The writer keeps the view until it is flushed, so the piece is not used again. */
  #emit(): void {
    if (this.#used === 0) return;
    this.#out.write(this.#piece.subarray(0, this.#used));
    this.#piece =
      this.#piece.length - this.#used >= PIECE_BYTES / 4
        ? this.#piece.subarray(this.#used)
        : Buffer.allocUnsafe(PIECE_BYTES);
    this.#used = 0;
  }

  flush(): void {}

  end(): void {}
}
