/**
 * Java's charsets by name: what Node's TextDecoder (full ICU) knows, and UTF-32. Malformed input becomes
 * U+FFFD, as in Java; in charsets of two bytes a character (GBK, Big5, Shift_JIS, EUC, …) their number and
 * some rare characters may differ. Encoders of other charsets than UTF are made by turning the decoder
 * round, so a charset that shifts (ISO-2022-JP) is refused.
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
  utf_16: 'utf-16',
  unicode: 'utf-16',
  utf32: 'utf-32',
  iso8859_1: 'iso-8859-1',
  'ansi_x3.4-1968': 'us-ascii',
  ascii: 'us-ascii',
  cp1252: 'windows-1252',
  cp1251: 'windows-1251',
  cp1250: 'windows-1250',
  sjis: 'shift_jis',
  euc_jp: 'euc-jp',
  euckr: 'euc-kr',
};

/** What TextDecoder knows and Java does not, or not under these names, and what cannot be encoded. */
const REFUSED = new Set(['utf-16le', 'utf-16be', 'iso-2022-jp', 'x-user-defined', 'replacement']);

export function javaCharset(name: string): JavaCharset {
  const lower = name.trim().toLowerCase();
  const wanted = ALIASES[lower] ?? lower;
  if (wanted === 'utf-8') return utf8;
  if (wanted.startsWith('utf-16') || wanted.startsWith('utf-32')) return wide(wanted, name);
  if (wanted === 'us-ascii') return single(wanted);
  const label = labelOf(wanted);
  if (label === null || REFUSED.has(label)) throw unknown(name);
  // TextDecoder takes ISO-8859-1 for windows-1252.
  if (label === 'windows-1252' && !/1252$/.test(wanted)) return single('iso-8859-1');
  return legacy(label, wanted);
}

function labelOf(name: string): string | null {
  try {
    return new TextDecoder(name).encoding;
  } catch {
    return null;
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
  decode: (bytes) => utf8Decoder()(bytes, true),
  decoder: utf8Decoder,
  encode: (text) => Buffer.from(text.isWellFormed() ? text : text.replace(/\p{Cs}/gu, '?'), 'utf8'),
};

/** Surrogates as three bytes each, ED A0…BF xx, are one U+FFFD in Java and three in TextDecoder. */
const SURROGATE_LEAD = 0xed;
const INVALID = 0xff;

function utf8Decoder(): (bytes: Uint8Array, last: boolean) => string {
  const decode = streaming('utf-8');
  let carry: Uint8Array = new Uint8Array(0);
  return (chunk, last) => {
    let bytes = chunk;
    if (carry.length > 0) bytes = Buffer.concat([carry, chunk]);
    carry = bytes.subarray(bytes.length);
    if (bytes.indexOf(SURROGATE_LEAD) < 0) return decode(bytes, last);
    const end = last ? bytes.length : bytes.length - unfinished(bytes);
    carry = Uint8Array.from(bytes.subarray(end));
    return decode(withoutSurrogates(bytes.subarray(0, end)), last);
  };
}

/** Bytes at the end that may become a surrogate. */
function unfinished(bytes: Uint8Array): number {
  if (bytes.at(-1) === SURROGATE_LEAD) return 1;
  return bytes.at(-2) === SURROGATE_LEAD && bytes.at(-1)! >= 0xa0 ? 2 : 0;
}

function withoutSurrogates(bytes: Uint8Array): Uint8Array {
  let copy: Uint8Array | null = null;
  let to = 0;
  let from = 0;
  for (let at = bytes.indexOf(SURROGATE_LEAD); at >= 0; at = bytes.indexOf(SURROGATE_LEAD, at + 1)) {
    const [second = 0, third = 0] = bytes.subarray(at + 1, at + 3);
    if (second < 0xa0 || second > 0xbf || third < 0x80 || third > 0xbf) continue;
    copy ??= new Uint8Array(bytes.length);
    copy.set(bytes.subarray(from, at), to);
    to += at - from;
    copy[to++] = INVALID;
    from = at + 3;
  }
  if (copy === null) return bytes;
  copy.set(bytes.subarray(from), to);
  return copy.subarray(0, to + bytes.length - from);
}

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
  let started = false;
  let carry: Buffer = Buffer.alloc(0);
  return (chunk, last) => {
    let bytes = Buffer.concat([carry, chunk]);
    if (!started && bytes.length >= unit) {
      started = true;
      const mark = markOf(bytes, unit);
      // Without a mark Java reads big-endian. UTF-16 with the order in its name keeps the mark as a
      // character.
      order ??= mark ?? 'be';
      if (mark === order && (named === undefined || unit === 4)) bytes = bytes.subarray(unit);
    }
    const { text, end } = unit === 2 ? utf16Text(bytes, order ?? 'be') : utf32Text(bytes, order ?? 'be');
    carry = Buffer.from(bytes.subarray(end));
    return last && carry.length > 0 ? `${text}\ufffd` : text;
  };
}

/**
 * Text up to `end`: what follows is no whole character yet. Java takes half a pair and the next unit for
 * one error.
 */
function utf16Text(bytes: Buffer, order: 'be' | 'le'): { text: string; end: number } {
  const unitAt = (at: number) => (order === 'be' ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at));
  let text = '';
  let at = 0;
  while (at + 2 <= bytes.length) {
    const first = unitAt(at);
    const isHigh = first >= 0xd800 && first <= 0xdbff;
    if (!isHigh) {
      text += first >= 0xdc00 && first <= 0xdfff ? '\ufffd' : String.fromCharCode(first);
      at += 2;
      continue;
    }
    if (at + 4 > bytes.length) break;
    const second = unitAt(at + 2);
    text += second >= 0xdc00 && second <= 0xdfff ? String.fromCharCode(first, second) : '\ufffd';
    at += 4;
  }
  return { text, end: at };
}

function utf32Text(bytes: Buffer, order: 'be' | 'le'): { text: string; end: number } {
  let text = '';
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) {
    const point = order === 'be' ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at);
    text += point > 0x10ffff ? '\ufffd' : String.fromCodePoint(point);
  }
  return { text, end: at };
}

function markOf(bytes: Buffer, unit: 2 | 4): 'be' | 'le' | null {
  if (unit === 2)
    return bytes.readUInt16BE(0) === 0xfeff ? 'be' : bytes.readUInt16BE(0) === 0xfffe ? 'le' : null;
  return bytes.readUInt32BE(0) === 0xfeff ? 'be' : bytes.readUInt32LE(0) === 0xfeff ? 'le' : null;
}

/** Java writes UTF-16 big-endian with a mark, UTF-32 big-endian without one. */
function encodeWide(raw: string, unit: 2 | 4, order: 'be' | 'le' | undefined): Buffer {
  const text = raw.toWellFormed();
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

/** A charset of one, two or, in GB18030, four bytes a character. */
function legacy(label: string, name: string): JavaCharset {
  const fix = controls(label, name);
  return {
    name,
    asciiCompatible: true,
    isUtf8: false,
    decode: (bytes) => fix(streaming(label)(bytes, true)),
    decoder: () => {
      const decode = streaming(label);
      return (bytes, last) => fix(decode(bytes, last));
    },
    encode: (text) => {
      const table = encoderTable(label, name, fix);
      return Buffer.concat([...text].map((char) => table.get(char) ?? encodeOther(label, char)));
    },
  };
}

/**
 * Bytes 80–9F that a charset of Windows does not use are control characters in TextDecoder and errors in
 * Java. TextDecoder also takes ISO-8859-9, where all of them are control characters, for windows-1254, and
 * TIS-620, where none is used, for windows-874.
 */
function controls(label: string, name: string): (text: string) => string {
  if (!/^windows-(?:125\d|874)$/.test(label)) return (text) => text;
  const number = label.slice('windows-'.length);
  if (name.endsWith(number)) return (text) => text.replace(/[\x80-\x9f]/g, '\ufffd');
  const decoder = new TextDecoder(label);
  const own = new Map<string, string>();
  for (let byte = 0x80; byte <= 0x9f; byte++)
    own.set(decoder.decode(Uint8Array.of(byte)), number === '874' ? '\ufffd' : String.fromCharCode(byte));
  return (text) => text.replace(/[^\x00-\x7f]/g, (char) => own.get(char) ?? char);
}

/**
 * By name: charsets of one label may differ in their control characters. Made when first needed: some are
 * large.
 */
const tables = new Map<string, ReadonlyMap<string, Buffer>>();

function encoderTable(
  label: string,
  name: string,
  fix: (text: string) => string,
): ReadonlyMap<string, Buffer> {
  const made = tables.get(name);
  if (made !== undefined) return made;
  const table = new Map<string, Buffer>();
  tables.set(name, table);
  const decoder = new TextDecoder(label);
  const add = (...bytes: number[]) => {
    const text = fix(decoder.decode(Uint8Array.from(bytes)));
    if ([...text].length === 1 && text !== '\ufffd' && !table.has(text)) table.set(text, Buffer.from(bytes));
  };
  for (let byte = 0; byte < 256; byte++) add(byte);
  if (/^(?:windows-|iso-8859-|koi8|ibm|mac|x-mac)/.test(label)) return table;
  for (let lead = 0x81; lead < 0xff; lead++) for (let trail = 0x30; trail < 0xff; trail++) add(lead, trail);
  if (label !== 'gb18030') return table;
  for (let rest = 0; rest < GB18030_BASIC; rest++) add(...gb18030(rest));
  return table;
}

/** Characters of four bytes up to U+FFFF, and the place of U+10000 among all. */
const GB18030_BASIC = 39420;
const GB18030_BEYOND = 189000;

function gb18030(place: number): [number, number, number, number] {
  return [
    0x81 + Math.floor(place / 12600),
    0x30 + (Math.floor(place / 1260) % 10),
    0x81 + (Math.floor(place / 10) % 126),
    0x30 + (place % 10),
  ];
}

function encodeOther(label: string, char: string): Buffer {
  const point = char.codePointAt(0)!;
  if (label === 'gb18030' && point > 0xffff) return Buffer.from(gb18030(GB18030_BEYOND + point - 0x10000));
  return Buffer.from('?');
}
