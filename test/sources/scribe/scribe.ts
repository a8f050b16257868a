/** Calls of a Scribe client, and what the source answers. */
import { BinaryReader } from '../../../src/wire/thrift/binary-reader.ts';
import { BinaryWriter } from '../../../src/wire/thrift/binary-writer.ts';
import { readResult } from '../../../src/wire/thrift/replies.ts';
import { MESSAGE, TYPE } from '../../../src/wire/thrift/types.ts';
import { until } from '../../kit/until.ts';
import type { RawClient } from '../raw-client.ts';

export interface Entry {
  readonly category?: string;
  readonly message?: string | Buffer;
}

/** The frame of a call of `Log`. */
export function logCall(entries: readonly Entry[], sequence = 1, method = 'Log'): Buffer {
  const writer = new BinaryWriter(false);
  writer.message(method, MESSAGE.call, sequence);
  writer.ensure(16);
  writer.field(TYPE.list, 1);
  writer.list(TYPE.struct, entries.length);
  for (const { category, message } of entries) {
    writer.ensure(16);
    if (category !== undefined) {
      writer.field(TYPE.string, 1);
      writer.text(category);
    }
    if (message !== undefined) {
      const bytes = Buffer.from(message as string);
      writer.ensure(bytes.length + 16);
      writer.field(TYPE.string, 2);
      writer.length(bytes.length);
      writer.at += bytes.copy(writer.bytes, writer.at);
    }
    writer.ensure(16);
    writer.stop();
  }
  writer.ensure(16);
  writer.stop();
  return Buffer.from(writer.finish());
}

/** The results of as many calls, numbered from 1 on. */
export async function results(client: RawClient, count: number): Promise<number[]> {
  const found: number[] = [];
  let at = 0;
  const reader = new BinaryReader();
  await until(`${count} answers`, () => {
    const bytes = client.received;
    while (bytes.length - at >= 4 && bytes.length - at >= 4 + bytes.readInt32BE(at)) {
      const end = at + 4 + bytes.readInt32BE(at);
      reader.over(bytes, at + 4, end);
      found.push(readResult(reader, { method: 'Log', sequence: found.length + 1 }));
      at = end;
    }
    if (client.closed && found.length < count) throw new Error('the connection has ended');
    return found.length >= count;
  });
  return found;
}
