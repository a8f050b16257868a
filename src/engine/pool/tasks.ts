/** What runs in the pool's threads: a function a task, bytes in, bytes out. */
import { move } from 'piscina';
import { type CompressionForm, compressNow } from '../../wire/compression/form.ts';

export interface CompressTask {
  readonly form: CompressionForm;
  readonly bytes: Uint8Array;
}

export function compress({ form, bytes }: CompressTask): unknown {
  const packed = compressNow(form, bytes);
  // Its memory may be a share of a pool's slab, or far larger than it.
  const own = packed.byteLength === packed.buffer.byteLength ? packed : Uint8Array.from(packed);
  return move(own);
}
