/** What runs in the pool's threads: a function a task, bytes in, bytes out. */
import { deflateRawSync } from 'node:zlib';
import { move } from 'piscina';

export function deflateRaw(bytes: Uint8Array): unknown {
  const packed = deflateRawSync(bytes);
  // Its memory may be a share of a pool's slab, which cannot be moved.
  const own = packed.byteLength === packed.buffer.byteLength ? packed : Uint8Array.from(packed);
  return move(own);
}
