import type { CompressionForm } from '../wire/compression/form.ts';

/**
 * CPU-bound, stateless work on whole blocks (compression, ciphers), done beside the component's own thread.
 * Several calls run at once; each resolves with bytes of its own.
 */
export interface BlockWork {
  /** `bytes` must not change before the promise settles. */
  compress(form: CompressionForm, bytes: Uint8Array): Promise<Uint8Array>;
}
