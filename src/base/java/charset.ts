/**
 * Java's charsets by name: what Node's TextDecoder (full ICU) knows, and UTF-32. Malformed input becomes
 * U+FFFD, as in Java. Encoders of other charsets than UTF are made by turning the decoder round.
 */
import { MillraceError } from '../errors.ts';

export interface JavaCharset {
  readonly name: string;
  /**
   * Whether byte 0A is a line end and nothing else, so that bytes can be split into lines before decoding.
   */
  readonly asciiCompatible: boolean;
  readonly isUtf8: boolean;
  decode(bytes: Uint8Array): string;
  /** Decodes a stream: bytes of an unfinished character wait for the rest. */
  decoder(): (bytes: Uint8Array, last: boolean) => string;
  encode(text: string): Buffer;
}

/** Java's names that TextDecoder does not take, or takes for another charset. */
const ALIASES: Readonly<Record<string, string>> = {
  utf8: 'utf-8',
  utf16: 'utf-16',
  'utf-16be': 'utf-16be',
  utf_16: 'utf-16',
  utf32: 'utf-32',
  latin1: 'iso-8859-1',
  'iso8859-1': 'iso-8859-1',
  iso8859_1: 'iso-8859-1',
  ascii: 'us-ascii',
  cp1252: 'windows-1252',
  cp1251: 'windows-1251',
  cp1250: 'windows-1250',
  sjis: 'shift_jis',
  euc_jp: 'euc-jp',
  euckr: 'euc-kr',
};

export function javaCharset(name: string): JavaCharset {
  const lower = name.trim().toLowerCase();
  const wanted = ALIASES[lower] ?? lower;
  if (wanted === 'utf-8') return utf8;
  if (wanted.startsWith('utf-16') || wanted.startsWith('utf-32')) return wide(wanted, name);
  if (wanted === 'iso-8859-1' || wanted === 'us-ascii') return single(wanted);
  try {
    return legacy(new TextDecoder(wanted).encoding, wanted);
  } catch {
    throw unknown(name);
  }
}

function unknown(name: string): MillraceError {
  return new MillraceError('CONF_OPTION_VALUE', `charset ${name} is unknown`, {
    value: name,
    remedy: 'use a charset such as UTF-8, UTF-16, ISO-8859-1, windows-1252, GBK, Shift_JIS',
  });
}

function streaming(label: string): (bytes: Uint8Array, last: boolean) => string {
  const decoder = new TextDecoder(label, { ignoreBOM: true });
  return (bytes, last) => decoder.decode(bytes, { stream: !last });
}

const utf8: JavaCharset = {
  name: 'UTF-8',
  asciiCompatible: true,
  isUtf8: true,
  decode: (bytes) => streaming('utf-8')(bytes, true),
  decoder: () => streaming('utf-8'),
  encode: (text) => Buffer.from(text, 'utf8'),
};

/** ISO-8859-1 and ASCII, which TextDecoder takes for windows-1252. */
function single(name: 'iso-8859-1' | 'us-ascii'): JavaCharset {
  const ascii = name === 'us-ascii';
  const decode = (bytes: Uint8Array) => {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    return ascii ? text.replace(/[\x80-\xff]/g, '\ufffd') : text;
  };
  const beyond = ascii ? /[^\x00-\x7f]/gu : /[^\x00-\xff]/gu;
  return {
    name: name.toUpperCase(),
    asciiCompatible: true,
    isUtf8: false,
    decode,
    decoder: () => decode,
    encode: (text) => Buffer.from(text.replace(beyond, '?'), 'latin1'),
  };
}

/** UTF-16 and UTF-32 with or without a byte order in the name. */
function wide(wanted: string, name: string): JavaCharset {
  const match = /^utf-(16|32)(be|le)?$/.exec(wanted.replace('_', ''));
  if (match === null) throw unknown(name);
  const unit = match[1] === '16' ? 2 : 4;
  const order = match[2] as 'be' | 'le' | undefined;
  return {
    name: wanted.toUpperCase(),
    asciiCompatible: false,
    isUtf8: false,
    decode: (bytes) => wideDecoder(unit, order)(bytes, true),
    decoder: () => wideDecoder(unit, order),
    encode: (text) => encodeWide(text, unit, order),
  };
}

function wideDecoder(
  unit: 2 | 4,
  named: 'be' | 'le' | undefined,
): (bytes: Uint8Array, last: boolean) => string {
  let order = named;
  let carry: Buffer = Buffer.alloc(0);
  let surrogate = '';
  return (chunk, last) => {
    let bytes = Buffer.concat([carry, chunk]);
    let text = surrogate;
    surrogate = '';
    if (order === undefined && bytes.length >= unit) {
      // Without a mark Java reads big-endian.
      order = markOf(bytes, unit) ?? 'be';
      if (markOf(bytes, unit) !== null) bytes = bytes.subarray(unit);
    }
    const whole = bytes.length - (bytes.length % unit);
    for (let i = 0; i < whole; i += unit) text += unitText(bytes, i, unit, order!);
    carry = Buffer.from(bytes.subarray(whole));
    if (!last && /[\ud800-\udbff]$/.test(text)) {
      surrogate = text.slice(-1);
      text = text.slice(0, -1);
    }
    return last ? (carry.length > 0 ? `${text}\ufffd` : text).toWellFormed() : text.toWellFormed();
  };
}

function markOf(bytes: Buffer, unit: 2 | 4): 'be' | 'le' | null {
  if (unit === 2)
    return bytes.readUInt16BE(0) === 0xfeff ? 'be' : bytes.readUInt16BE(0) === 0xfffe ? 'le' : null;
  return bytes.readUInt32BE(0) === 0xfeff ? 'be' : bytes.readUInt32LE(0) === 0xfeff ? 'le' : null;
}

function unitText(bytes: Buffer, at: number, unit: 2 | 4, order: 'be' | 'le'): string {
  if (unit === 2)
    return String.fromCharCode(order === 'be' ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at));
  const point = order === 'be' ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
  return point > 0x10ffff ? '\ufffd' : String.fromCodePoint(point);
}

/** Java writes UTF-16 big-endian with a mark, UTF-32 big-endian without one. */
function encodeWide(text: string, unit: 2 | 4, order: 'be' | 'le' | undefined): Buffer {
  if (unit === 2) {
    const bytes = Buffer.from(text, 'utf16le');
    if (order === 'le') return bytes;
    bytes.swap16();
    return order === 'be' || text === '' ? bytes : Buffer.concat([Buffer.from([0xfe, 0xff]), bytes]);
  }
  const points = [...text];
  const bytes = Buffer.alloc(points.length * 4);
  points.forEach((point, i) => {
    if (order === 'le') bytes.writeUInt32LE(point.codePointAt(0)!, i * 4);
    else bytes.writeUInt32BE(point.codePointAt(0)!, i * 4);
  });
  return bytes;
}

/** A charset of one or two bytes a character. */
function legacy(label: string, name: string): JavaCharset {
  let table: Map<string, Buffer> | null = null;
  return {
    name,
    // ISO-2022-JP shifts: its bytes 20–7E are not always ASCII. Line ends are safe in
    // all others that are left.
    asciiCompatible: label !== 'iso-2022-jp',
    isUtf8: false,
    decode: (bytes) => streaming(label)(bytes, true),
    decoder: () => streaming(label),
    encode: (text) => {
      table ??= encoderTable(label);
      return Buffer.concat([...text].map((char) => table!.get(char) ?? Buffer.from('?')));
    },
  };
}

function encoderTable(label: string): Map<string, Buffer> {
  const table = new Map<string, Buffer>();
  const decoder = new TextDecoder(label);
  const add = (bytes: number[]) => {
    const text = decoder.decode(Uint8Array.from(bytes));
    if ([...text].length === 1 && text !== '\ufffd' && !table.has(text)) table.set(text, Buffer.from(bytes));
  };
  for (let byte = 0; byte < 256; byte++) add([byte]);
  for (let lead = 0x81; lead < 0xff; lead++) for (let trail = 0x30; trail < 0xff; trail++) add([lead, trail]);
  return table;
}
