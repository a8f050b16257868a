/** Events of a container file that Java Flume's serializer avro_event wrote, read by Avro's specification. */
import { readAvroBlocks } from '../kit/serialize.ts';
import { lineOf } from './events.ts';

/** A line an event, as `linesOf` makes them. */
export function linesOfContainer(bytes: Uint8Array): string[] {
  return readAvroBlocks(bytes).blocks.flatMap(([count, block]) => linesOfBlock(count, block));
}

function linesOfBlock(count: number, block: Buffer): string[] {
  let at = 0;
  const long = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = block[at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  const bytes = (): Buffer => {
    const length = long();
    at += length;
    return block.subarray(at - length, at);
  };
  return Array.from({ length: count }, () => {
    const headers: [string, string][] = [];
    for (let pairs = long(); pairs !== 0; pairs = long()) {
      for (let i = 0; i < pairs; i++) headers.push([bytes().toString(), bytes().toString()]);
    }
    return lineOf(headers, bytes());
  });
}
