/** Writes Avro's binary form into a given buffer at given places; each function returns the offset behind. */

/** Most bytes of a length or count. */
export const VARINT_BYTES_MAX = 5;

/** A length or count, 0 … 2^31 − 1, as a zig-zag varint. */
export function writeCount(bytes: Buffer, at: number, count: number): number {
  if (count < 64) {
    bytes[at] = count << 1;
    return at + 1;
  }
  if (count < 8192) {
    bytes[at] = (count << 1) | 0x80;
    bytes[at + 1] = count >>> 6;
    return at + 2;
  }
  let rest = count * 2;
  while (rest > 0x7f) {
    bytes[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  bytes[at] = rest;
  return at + 1;
}

export function writeBytes(bytes: Buffer, at: number, value: Uint8Array): number {
  const start = writeCount(bytes, at, value.length);
  bytes.set(value, start);
  return start + value.length;
}

/** A frame around one buffer. */
export function frameOf(serial: number, ...parts: readonly Uint8Array[]): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const frame = Buffer.allocUnsafe(12 + length);
  frame.writeInt32BE(serial, 0);
  frame.writeInt32BE(1, 4);
  frame.writeInt32BE(length, 8);
  let at = 12;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}
