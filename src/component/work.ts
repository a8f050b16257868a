/**
 * CPU-bound, stateless work on whole blocks (compression, ciphers), done beside the component's own thread.
 * Several calls run at once; each resolves with bytes of its own.
 */
export interface BlockWork {
  /** Raw deflate (RFC 1951) of `bytes`, which must not change before the promise settles. */
  deflateRaw(bytes: Uint8Array): Promise<Uint8Array>;
}
