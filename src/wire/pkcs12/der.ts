/** DER, as much of it as a key store needs: a value is a tag and its content, for some tags values again. */
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
  explicit0: 0xa0,
} as const;

/** Bytes that are no DER, or not of the shape that was asked for. */
export class DerError extends Error {}

/** The values that stand one after another in `bytes`. */
export function derValues(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { start, end } = contentOf(bytes, at);
    values.push({ tag: bytes[at]!, content: bytes.subarray(start, end) });
    at = end;
  }
  return values;
}

function contentOf(bytes: Buffer, at: number): { start: number; end: number } {
  const short = bytes[at + 1];
  if (short === undefined) throw new DerError('a value is cut short');
  const lengthBytes = short < 0x80 ? 0 : short - 0x80;
  const start = at + 2 + lengthBytes;
  // Four bytes of length are more than any file here has; none at all would be BER's open end.
  if (short === 0x80 || lengthBytes > 4 || start > bytes.length) throw new DerError('a length is not valid');
  const end = start + (lengthBytes === 0 ? short : bytes.readUIntBE(at + 2, lengthBytes));
  if (end > bytes.length) throw new DerError('a value is cut short');
  return { start, end };
}

/** The values inside a value, which must have `tag`. */
export function inside(value: DerValue | undefined, tag: number): DerValue[] {
  return derValues(contentAs(value, tag));
}

/** The content of a value, which must have `tag`. */
export function contentAs(value: DerValue | undefined, tag: number): Buffer {
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
