/** What a peer seems to speak whose bytes are no frames, for those who set both sides up. */

const TLS_HANDSHAKE = 0x1603;
/** The two bytes that begin a zlib stream with the usual window, by its level. */
const ZLIB: readonly number[] = [0x7801, 0x785e, 0x789c, 0x78da];
const HTTP = ['GET ', 'POST', 'PUT ', 'HEAD', 'OPTI', 'HTTP', 'CONN'];

/** @param first its first four bytes as one big-endian number; null when they say nothing. */
export function foreignProtocol(first: number): string | null {
  const front = first >>> 16;
  if (front === TLS_HANDSHAKE) return 'it speaks TLS, and ssl is off here';
  if (ZLIB.includes(front)) return 'it compresses what it sends, and compression-type is none here';
  const text = Buffer.alloc(4);
  text.writeInt32BE(first | 0);
  return HTTP.includes(text.toString('latin1')) ? 'it speaks HTTP' : null;
}
