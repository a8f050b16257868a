/**
 * A compressed file, as Flume's CompressedStream writes it: what was written since the last flush is packed
 * in pieces, side by side, and given on in order. Each piece is whole (a gzip member, a bzip2 stream, a
 * frame, or blocks), so after a flush the file can be read up to its end.
 *
 * Limits: bytes are copied when they are written. Pieces wait to be packed without limit: whoever writes more
 * than a batch between two flushes awaits `ready` first.
 * Failure: when packing or `out` fails, `flush` rejects, and so does each later one: the file has a gap.
 */
import { copyBytes } from '../../memory/copy.ts';
import type { Compress } from '../compression/form.ts';
import { InOrder } from '../compression/in-order.ts';
import type { Codec } from './codec.ts';

/** At this length what gzip loses at the start of a member is under 1 %. */
const PIECE_BYTES = 768 * 1024;
/** A first piece; most flushes hold a batch of small events. */
const FIRST_BYTES = 64 * 1024;
const FREE_MAX = 4;

export class HadoopCompressor {
  readonly #codec: Codec;
  readonly #compress: Compress;
  readonly #out: (bytes: Uint8Array) => void;
  readonly #packed = new InOrder();
  #piece = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #used = 0;
  /** Pieces that nobody reads any more. */
  readonly #free: Buffer<ArrayBuffer>[] = [];
  #isEmpty = true;

  /** `out` is given bytes of its own, from a microtask. */
  constructor(codec: Codec, compress: Compress, out: (bytes: Uint8Array) => void) {
    this.#codec = codec;
    this.#compress = compress;
    this.#out = out;
  }

  /** Takes a copy. */
  write(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      this.#ensure(bytes.length - from);
      const to = Math.min(bytes.length, from + this.#piece.length - this.#used);
      copyBytes(this.#piece, this.#used, bytes, from, to);
      this.#used += to - from;
      from = to;
      if (this.#used === PIECE_BYTES) this.#pack();
    }
  }

  /** Undefined when more may be written; else a promise for that. One caller at a time. */
  ready(): Promise<void> | undefined {
    return this.#packed.ready();
  }

  /** Resolves (or returns) when everything written was given to `out`; what is in `out` may end here. */
  flush(): Promise<void> | undefined {
    if (this.#used > 0) this.#pack();
    return this.#packed.settled();
  }

  /** As `flush`; a file that got nothing gets an empty piece, since readers refuse one without any. */
  end(): Promise<void> | undefined {
    if (this.#isEmpty && this.#used === 0) this.#pack();
    return this.flush();
  }

  #ensure(more: number): void {
    const { length } = this.#piece;
    if (length === PIECE_BYTES || this.#used + more <= length) return;
    const larger = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, Math.max(length * 2, this.#used + more)));
    this.#piece.copy(larger, 0, 0, this.#used);
    this.#piece = larger;
  }

  #pack(): void {
    const piece = this.#piece;
    this.#packed.add(this.#compress(this.#codec.form, piece.subarray(0, this.#used)), (bytes) => {
      if (this.#free.length < FREE_MAX) this.#free.push(piece);
      this.#out(bytes);
    });
    this.#piece = this.#free.pop() ?? Buffer.allocUnsafeSlow(piece.length);
    this.#used = 0;
    this.#isEmpty = false;
  }
}
