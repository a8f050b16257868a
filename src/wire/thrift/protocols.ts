/** A protocol by its name in configurations. */
import { BinaryReader } from './binary-reader.ts';
import { BinaryWriter } from './binary-writer.ts';
import { CompactReader } from './compact-reader.ts';
import { CompactWriter } from './compact-writer.ts';
import type { ThriftReader } from './reader.ts';
import type { ProtocolName } from './types.ts';
import type { ThriftWriter } from './writer.ts';

export function readerOf(protocol: ProtocolName): ThriftReader {
  return protocol === 'binary' ? new BinaryReader() : new CompactReader();
}

export function writerOf(protocol: ProtocolName): ThriftWriter {
  return protocol === 'binary' ? new BinaryWriter() : new CompactWriter();
}
