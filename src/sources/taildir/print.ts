/**
 * Fingerprints of content. The tail of what was delivered, up to PRINT_BYTES before the position, is compared
 * with what stands there at every read: a file that was cut and has grown again, or another one with the same
 * inode, shows. The head, the first PRINT_BYTES once they were all delivered, finds copies.
 */
import { hash } from 'node:crypto';

export const PRINT_BYTES = 1024;
/** Characters kept of a digest: 132 bits. */
const PRINT_CHARACTERS = 22;

/**
 * What stands before a position: its bytes, which are compared at no cost, until the print is asked for; from
 * then on only that.
 */
export class Tail {
  #bytes: Buffer | null;
  #print: string | null;

  /** Copies the bytes. */
  static of(bytes: Uint8Array): Tail {
    return new Tail(Buffer.from(bytes), null);
  }

  static printed(print: string): Tail {
    return new Tail(null, print);
  }

  private constructor(bytes: Buffer | null, print: string | null) {
    this.#bytes = bytes;
    this.#print = print;
  }

  get print(): string {
    this.#print ??= printOf(this.#bytes!);
    this.#bytes = null;
    return this.#print;
  }

  matches(bytes: Uint8Array): boolean {
    return this.#bytes === null ? printOf(bytes) === this.#print : this.#bytes.equals(bytes);
  }
}

export function printOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64').slice(0, PRINT_CHARACTERS);
}

/** How many bytes stand before `pos` for its tail. */
export function tailBytes(pos: number): number {
  return Math.min(pos, PRINT_BYTES);
}
