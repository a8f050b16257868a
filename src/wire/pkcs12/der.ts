/**
 * DER, as much of it as a key store needs: a value is a tag and its content, for some tags values again.
 * BER's open lengths and strings in pieces are read, too: some tools write key stores in one go with them.
 */
export interface DerValue {
  readonly tag: number;
  readonly content: Buffer;
}

export const DER = {
  integer: 0x02,
  octets: 0x04,
  oid: 0x06,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
  implicit0: 0x80,
  explicit0: 0xa0,
} as const;

/** A string that is a list of its pieces. */
const CONSTRUCTED = 0x20;
const OPEN_LENGTH = 0x80;
/** Two zero bytes end a value of open length. */
const END_BYTES = 2;
/** Levels of values of open length; a key store needs ten. */
const DEPTH_MAX = 32;

/** Bytes that are no DER, or not of the shape that was asked for. */
export class DerError extends Error {}

/** The values that stand one after another in `bytes`. */
export function derValues(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { start, end, next } = spanOf(bytes, at, 0);
    values.push({ tag: bytes[at]!, content: bytes.subarray(start, end) });
    at = next;
  }
  return values;
}

/** Where the content of the value at `at` lies, and where the next value begins. */
function spanOf(bytes: Buffer, at: number, depth: number): { start: number; end: number; next: number } {
  const short = bytes[at + 1];
  if (short === undefined) throw new DerError('a value is cut short');
  if (short === OPEN_LENGTH) return openSpanOf(bytes, at, depth);
  const lengthBytes = short < 0x80 ? 0 : short - 0x80;
  const start = at + 2 + lengthBytes;
  // Four bytes of length are more than any file here has.
  if (lengthBytes > 4 || start > bytes.length) throw new DerError('a length is not valid');
  const end = start + (lengthBytes === 0 ? short : bytes.readUIntBE(at + 2, lengthBytes));
  if (end > bytes.length) throw new DerError('a value is cut short');
  return { start, end, next: end };
}

function openSpanOf(bytes: Buffer, at: number, depth: number): { start: number; end: number; next: number } {
  if (depth === DEPTH_MAX || (bytes[at]! & CONSTRUCTED) === 0) throw new DerError('a length is not valid');
  const start = at + 2;
  let end = start;
  while (bytes[end] !== 0 || bytes[end + 1] !== 0) {
    if (end >= bytes.length) throw new DerError('a value is cut short');
    end = spanOf(bytes, end, depth + 1).next;
  }
  return { start, end, next: end + END_BYTES };
}

/** The values inside a value, which must have `tag`. */
export function inside(value: DerValue | undefined, tag: number): DerValue[] {
  return derValues(contentAs(value, tag));
}

/** The content of a value, which must have `tag`; of a string in pieces, the pieces together. */
export function contentAs(value: DerValue | undefined, tag: number): Buffer {
  const inPieces = tag === DER.octets || tag === DER.implicit0;
  if (inPieces && value?.tag === (tag | CONSTRUCTED)) {
    return Buffer.concat(derValues(value.content).map((piece) => contentAs(piece, DER.octets)));
  }
  if (value?.tag !== tag) throw new DerError(`tag ${value?.tag ?? 'of nothing'} stands where ${tag} belongs`);
  return value.content;
}

/** An object identifier, as the hexadecimal digits of its content. */
export function oidOf(value: DerValue | undefined): string {
  return contentAs(value, DER.oid).toString('hex');
}

export function intOf(value: DerValue | undefined): number {
  const content = contentAs(value, DER.integer);
  if (content.length === 0 || content.length > 6) throw new DerError('a number is too long');
  return content.readUIntBE(0, content.length);
}
