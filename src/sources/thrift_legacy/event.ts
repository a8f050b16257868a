/**
 * The event of Flume 0.9:
 *
 *     append(1: ThriftFlumeEvent evt)
 *     struct ThriftFlumeEvent { 1: i64 timestamp, 2: enum priority, 3: binary body, 4: i64 nanos,
 *                               5: string host, 6: map<string, binary> fields }
 */
import type { Headers } from '../../memory/block/headers.ts';
import { ThriftProtocolError } from '../../wire/thrift/errors.ts';
import type { ThriftReader } from '../../wire/thrift/reader.ts';
import { TYPE } from '../../wire/thrift/types.ts';

const PRIORITIES = ['FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'];
const EMPTY = Buffer.alloc(0);

export interface LegacyEvent {
  readonly headers: Headers;
  /** A copy: an event that is refused is put again later. */
  readonly body: Buffer;
}

/** Reads the arguments of `append`; null when there is no event. */
export function readEvent(reader: ThriftReader): LegacyEvent | null {
  let event: LegacyEvent | null = null;
  const outer = reader.enter();
  for (let type = reader.field(); type !== TYPE.stop; type = reader.field()) {
    if (reader.fieldId === 1 && type === TYPE.struct) event = readStruct(reader);
    else reader.skipField(type);
  }
  reader.leave(outer);
  return event;
}

function readStruct(reader: ThriftReader): LegacyEvent {
  let timestamp = 0n;
  let nanos = 0n;
  let priority: string | undefined;
  let host: string | undefined;
  let body: Buffer = EMPTY;
  let fields: Headers = new Map();
  const outer = reader.enter();
  for (let type = reader.field(); type !== TYPE.stop; type = reader.field()) {
    const key = reader.fieldId * 256 + type;
    if (key === 256 + TYPE.i64) timestamp = reader.i64();
    else if (key === 2 * 256 + TYPE.i32) priority = PRIORITIES[reader.i32()];
    else if (key === 3 * 256 + TYPE.string) body = bytesOf(reader);
    else if (key === 4 * 256 + TYPE.i64) nanos = reader.i64();
    else if (key === 5 * 256 + TYPE.string) host = reader.string();
    else if (key === 6 * 256 + TYPE.map) fields = readFields(reader);
    else reader.skipField(type);
  }
  reader.leave(outer);
  const headers = new Map<string, string>();
  if (host !== undefined) headers.set('host', host);
  headers.set('timestamp', String(timestamp));
  if (priority !== undefined) headers.set('pri', priority);
  headers.set('nanos', String(nanos));
  for (const [name, value] of fields) headers.set(name, value);
  headers.set('FlumeOG', 'yes');
  return { headers, body };
}

function bytesOf(reader: ThriftReader): Buffer {
  const length = reader.length();
  reader.at += length;
  return Buffer.from(reader.bytes.subarray(reader.at - length, reader.at));
}

function readFields(reader: ThriftReader): Headers {
  const size = reader.map();
  const fields = new Map<string, string>();
  if (size > 0 && (reader.keyType !== TYPE.string || reader.valueType !== TYPE.string)) {
    throw new ThriftProtocolError('fields whose names or values are not strings');
  }
  for (let i = 0; i < size; i++) {
    const name = reader.string();
    fields.set(name, reader.string());
  }
  return fields;
}
