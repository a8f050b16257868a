/**
 * Fingerprints of content. The tail of what was delivered, up to PRINT_BYTES before the position, is compared
 * with what stands there at every read: a file that was cut and has grown again, or another one with the same
 * inode, shows. The head, the first PRINT_BYTES once they were all delivered, finds copies.
 */
import { hash } from 'node:crypto';

export const PRINT_BYTES = 1024;
/** Characters kept of a digest: 132 bits. */
export const PRINT_CHARACTERS = 22;

/**
 * What stands before the position of a file: its bytes, which are compared at no cost, until the print is
 * asked for; from then on only that. It is renewed in place: who keeps it beside the file keeps its print.
 */
export class Tail {
  #bytes: Buffer | null = null;
  #length = 0;
  #print: string | null = null;

  static of(bytes: Uint8Array): Tail {
    const tail = new Tail();
    tail.renew(bytes);
    return tail;
  }

  static printed(print: string): Tail {
    const tail = new Tail();
    tail.#print = print;
    return tail;
  }

  /** Copies the bytes. */
  renew(bytes: Uint8Array): void {
    this.#bytes ??= Buffer.allocUnsafe(PRINT_BYTES);
    this.#bytes.set(bytes);
    this.#length = bytes.length;
    this.#print = null;
  }

  get print(): string {
    this.#print ??= printOf(this.#bytes!.subarray(0, this.#length));
    this.#bytes = null;
    return this.#print;
  }

  matches(bytes: Uint8Array): boolean {
    if (this.#bytes === null) return printOf(bytes) === this.#print;
    return (
      bytes.length === this.#length && this.#bytes.compare(bytes, 0, bytes.length, 0, this.#length) === 0
    );
  }
}

export function printOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64').slice(0, PRINT_CHARACTERS);
}

/** How many bytes stand before `pos` for its tail. */
export function tailBytes(pos: number): number {
  return Math.min(pos, PRINT_BYTES);
}
