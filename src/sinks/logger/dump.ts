/**
 * An event as Flume's EventHelper prints it: headers, and the body's first bytes as a hex dump of 16 a row.
 */
import { javaMapText } from '../../base/java/hashmap-order.ts';
import type { Headers } from '../../memory/block/headers.ts';

const ROW = 16;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

export function eventText(
  headers: Headers,
  bytes: Uint8Array,
  start: number,
  length: number,
  bytesMax: number,
): string {
  const shown = Math.min(length, bytesMax);
  let dump = '';
  for (let row = 0; row < shown; row += ROW) {
    // The first row's offset is left out, the others stand on lines of their own.
    if (row > 0) dump += `\n${row.toString(16).toUpperCase().padStart(8, '0')}`;
    dump += rowText(bytes, start + row, Math.min(ROW, shown - row));
  }
  return `Event: { headers:${javaMapText(headers)} body:${dump} }`;
}

function rowText(bytes: Uint8Array, from: number, count: number): string {
  let hex = '';
  let text = '';
  for (let i = 0; i < count; i++) {
    const byte = bytes[from + i]!;
    hex += ` ${HEX[byte]}`;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
  }
  return `${hex.padEnd(ROW * 3)} ${text}`;
}
