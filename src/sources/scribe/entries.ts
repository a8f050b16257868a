/**
 * The log entries of a call, from the frame into a batch: the message is the body, the category a header.
 * Entries of one category in a row share the header.
 *
 *     Log(1: list<LogEntry> messages)        struct LogEntry { 1: string category, 2: string message }
 */
import { isUtf8 } from 'node:buffer';
import type { BatchBuilder } from '../../memory/block/builder.ts';
import {
  MAP_HEAD_BYTES_MAX,
  STRING_HEAD_BYTES_MAX,
  writeMapHead,
  writeStringHead,
} from '../../memory/block/header-bytes.ts';
import type { ThriftReader } from '../../wire/thrift/reader.ts';
import { TYPE } from '../../wire/thrift/types.ts';

const CATEGORY_FIELD = 1;
const MESSAGE_FIELD = 2;
const HEADER = 'category';
const HEADER_BYTES = Buffer.from(HEADER);

/** Reads the arguments of `Log`: the number of entries, or null when the list or a message is missing. */
export function readEntries(reader: ThriftReader, batch: BatchBuilder): number | null {
  let entries: number | null = null;
  const outer = reader.enter();
  for (let type = reader.field(); type !== TYPE.stop; type = reader.field()) {
    if (reader.fieldId !== 1 || type !== TYPE.list || entries !== null) {
      reader.skipField(type);
      continue;
    }
    entries = readList(reader, batch);
    if (entries === null) return null;
  }
  reader.leave(outer);
  return entries;
}

function readList(reader: ThriftReader, batch: BatchBuilder): number | null {
  const size = reader.list();
  if (size > 0 && reader.elementType !== TYPE.struct) return null;
  /** The category of the entry before, in the frame. */
  const last = { at: -1, length: 0 };
  for (let i = 0; i < size; i++) if (!readEntry(reader, batch, last)) return null;
  return size;
}

function readEntry(reader: ThriftReader, batch: BatchBuilder, last: { at: number; length: number }): boolean {
  let categoryAt = -1;
  let categoryBytes = 0;
  let messageAt = -1;
  let messageBytes = 0;
  const outer = reader.enter();
  for (let type = reader.field(); type !== TYPE.stop; type = reader.field()) {
    if (type !== TYPE.string) {
      reader.skipField(type);
      continue;
    }
    const length = reader.length();
    if (reader.fieldId === CATEGORY_FIELD) {
      categoryAt = reader.at;
      categoryBytes = length;
    } else if (reader.fieldId === MESSAGE_FIELD) {
      messageAt = reader.at;
      messageBytes = length;
    }
    reader.at += length;
  }
  reader.leave(outer);
  if (messageAt < 0) return false;
  const { bytes } = reader;
  const to = batch.beginBody(messageBytes);
  bytes.copy(batch.bytes, to, messageAt, messageAt + messageBytes);
  batch.endBody(messageBytes);
  if (categoryAt < 0) return true;
  const categoryEnd = categoryAt + categoryBytes;
  const isRepeated =
    last.at >= 0 && bytes.compare(bytes, categoryAt, categoryEnd, last.at, last.at + last.length) === 0;
  if (isRepeated && batch.count > 1) batch.repeatHeaders(batch.count - 2);
  else setCategory(bytes.subarray(categoryAt, categoryEnd), batch);
  last.at = categoryAt;
  last.length = categoryBytes;
  return true;
}

/** Java reads the category as text: bytes that are not UTF-8 become U+FFFD. */
function setCategory(category: Buffer, batch: BatchBuilder): void {
  if (!isUtf8(category)) {
    batch.setHeaders(batch.count - 1, new Map([[HEADER, category.toString('utf8')]]));
    return;
  }
  const bytesMax = MAP_HEAD_BYTES_MAX + 2 * STRING_HEAD_BYTES_MAX + HEADER_BYTES.length + category.length;
  const from = batch.beginHeaders(bytesMax);
  const { bytes } = batch;
  let to = writeMapHead(bytes, from, 1);
  to = writeStringHead(bytes, to, HEADER_BYTES.length);
  to += HEADER_BYTES.copy(bytes, to);
  to = writeStringHead(bytes, to, category.length);
  to += category.copy(bytes, to);
  batch.endHeaders(to - from);
}
