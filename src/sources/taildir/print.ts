/**
 * Fingerprints of content. The tail of what was delivered, up to PRINT_BYTES before the position, is compared
 * with what stands there at every read: a file that was cut and has grown again, or another one with the same
 * inode, shows. The head, the first PRINT_BYTES once they were all delivered, finds copies.
 */
import { hash } from 'node:crypto';

export const PRINT_BYTES = 1024;
/** Characters kept of a digest: 132 bits. */
const PRINT_CHARACTERS = 22;

export function printOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64').slice(0, PRINT_CHARACTERS);
}

/** How many bytes stand before `pos` for its tail. */
export function tailBytes(pos: number): number {
  return Math.min(pos, PRINT_BYTES);
}
