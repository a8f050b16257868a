/** Writes log files as Flume does, to have them as no Flume would leave them. */
import { createCipheriv } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

export const FILL = Buffer.alloc(64, 0x80);

/** Number 1 for a put's event, and so on, of a protocol buffer's field. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}

export function delimited(content: Buffer): Buffer {
  return Buffer.concat([varint(content.length), content]);
}

export function fixed32(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes[0] = (field << 3) | 5;
  bytes.writeInt32LE(value, 1);
  return bytes;
}

export function fixed64(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = (field << 3) | 1;
  bytes.writeBigInt64LE(BigInt(value), 1);
  return bytes;
}

export function bytesField(field: number, content: Buffer | string): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2]), delimited(Buffer.from(content as string))]);
}

/** The content of a record; `body` is what its type has. */
export function content(type: number, transaction: number, writeOrder: number, body: Buffer): Buffer {
  const header = Buffer.concat([fixed32(1, type), fixed64(2, transaction), fixed64(3, writeOrder)]);
  return Buffer.concat([delimited(header), delimited(body), delimited(Buffer.alloc(0))]);
}

export function frame(bytes: Buffer): Buffer {
  const head = Buffer.from([127, 0, 0, 0, 0]);
  head.writeInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

export interface PutOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Null for none. */
  readonly checksum?: number | null;
}

export function putContent(
  transaction: number,
  writeOrder: number,
  body: string,
  options: PutOptions = {},
): Buffer {
  const { headers = {}, checksum = crc32(body) } = options;
  const event = Object.entries(headers).map(([key, value]) =>
    bytesField(1, Buffer.concat([bytesField(1, key), bytesField(2, value)])),
  );
  const fields = [bytesField(1, Buffer.concat([...event, bytesField(2, body)]))];
  if (checksum !== null) fields.push(fixed64(2, checksum));
  return content(1, transaction, writeOrder, Buffer.concat(fields));
}

export const put = (transaction: number, writeOrder: number, body: string, options?: PutOptions) =>
  frame(putContent(transaction, writeOrder, body, options));
export const take = (transaction: number, writeOrder: number, fileId: number, offset: number) =>
  frame(content(2, transaction, writeOrder, Buffer.concat([fixed32(1, fileId), fixed32(2, offset)])));
export const rollback = (transaction: number, writeOrder: number) =>
  frame(content(3, transaction, writeOrder, Buffer.alloc(0)));
export const commit = (transaction: number, writeOrder: number, type: 'puts' | 'takes') =>
  frame(content(4, transaction, writeOrder, fixed32(1, type === 'puts' ? 1 : 2)));

export interface MetaOptions {
  readonly version?: number;
  readonly fileId?: number;
  readonly encryption?: { provider: string; keyAlias: string; parameters: Buffer };
}

export function meta(fileId: number, options: MetaOptions = {}): Buffer {
  const fields = [
    fixed32(1, options.version ?? 3),
    fixed32(2, options.fileId ?? fileId),
    fixed64(3, 0),
    fixed64(4, 0),
  ];
  if (options.encryption !== undefined) {
    const { provider, keyAlias, parameters } = options.encryption;
    const inner = [bytesField(1, provider), bytesField(2, keyAlias), bytesField(3, parameters)];
    fields.push(bytesField(5, Buffer.concat(inner)));
  }
  return delimited(Buffer.concat(fields));
}

/** A log file and its metadata. */
export function writeLog(path: string, records: readonly Buffer[], options: MetaOptions = {}): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.concat(records));
  writeFileSync(`${path}.meta`, meta(Number(/\d+$/.exec(path)![0]), options));
}

/** The records of a file as Flume encrypts them: each from the start of the same key stream. */
export function encrypted(key: Buffer, iv: Buffer, contents: readonly Buffer[]): Buffer[] {
  return contents.map((one) => frame(createCipheriv(`aes-${key.length * 8}-ctr`, key, iv).update(one)));
}
