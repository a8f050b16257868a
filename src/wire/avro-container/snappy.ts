/**
 * Snappy's raw format, decompressed: a length, then literals and copies from what was written before. Source:
 * "Snappy compressed format description" of the Snappy project.
 */
import { badAvro } from './cursor.ts';

const damaged = () => badAvro('a block of snappy is damaged');

/** @throws BAD_INPUT when the bytes are no snappy, or are more than `bytesMax` decompressed. */
export function snappyUncompress(bytes: Buffer, bytesMax: number): Buffer {
  let at = 0;
  let length = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[at++];
    if (byte === undefined || scale > 2 ** 28) throw damaged();
    length += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  if (length > bytesMax)
    throw badAvro(`a block is ${length} bytes decompressed; at most ${bytesMax} are read`);
  const out = Buffer.allocUnsafe(length);
  let to = 0;
  while (at < bytes.length) {
    const tag = bytes[at++]!;
    if ((tag & 3) === 0) {
      let size = tag >>> 2;
      const extra = size - 59;
      if (extra > 0) {
        if (at + extra > bytes.length) throw damaged();
        size = bytes.readUIntLE(at, extra);
        at += extra;
      }
      size++;
      if (at + size > bytes.length || to + size > length) throw damaged();
      bytes.copy(out, to, at, at + size);
      at += size;
      to += size;
      continue;
    }
    const offsetBytes = [0, 1, 2, 4][tag & 3]!;
    if (at + offsetBytes > bytes.length) throw damaged();
    let offset = bytes.readUIntLE(at, offsetBytes);
    let size = (tag >>> 2) + 1;
    if (offsetBytes === 1) {
      offset |= (tag >>> 5) << 8;
      size = ((tag >>> 2) & 7) + 4;
    }
    at += offsetBytes;
    if (offset === 0 || offset > to || to + size > length) throw damaged();
    // A copy may overlap what it writes: it repeats then.
    for (let n = 0; n < size; n++, to++) out[to] = out[to - offset]!;
  }
  if (to !== length) throw damaged();
  return out;
}
