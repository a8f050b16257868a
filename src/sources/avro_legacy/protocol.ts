/**
 * The protocol of Flume 0.9's Avro sinks: ours as text, and what a client's own text says about its events.
 * Clients of several versions of Avro are around, so the fields are taken in the order that the client has
 * them in.
 */
import { createHash } from 'node:crypto';
import { badInput } from '../../wire/avro/errors.ts';

const NAMESPACE = 'com.cloudera.flume.handlers.avro';
const RECORD = 'AvroFlumeOGEvent';
const PRIORITIES = ['FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'];

export const PROTOCOL_TEXT = JSON.stringify({
  protocol: 'FlumeOGEventAvroServer',
  namespace: NAMESPACE,
  types: [
    { type: 'enum', name: 'Priority', symbols: PRIORITIES },
    {
      type: 'record',
      name: RECORD,
      fields: [
        { name: 'timestamp', type: 'long' },
        { name: 'priority', type: 'Priority' },
        { name: 'body', type: 'bytes' },
        { name: 'nanos', type: 'long' },
        { name: 'host', type: 'string' },
        { name: 'fields', type: { type: 'map', values: 'bytes' } },
      ],
    },
  ],
  messages: { append: { request: [{ name: 'evt', type: RECORD }], response: 'null' } },
});

export const PROTOCOL_HASH = md5(PROTOCOL_TEXT);

/**
 * The hash of Flume 1's own text, which is the same but for its comments: no need to ask such clients for it.
 */
export const FLUME_HASH = Buffer.from('84f26a5a74af5726d8bc68105669c996', 'hex');

export function md5(text: string): Buffer {
  return createHash('md5').update(text).digest();
}

export type FieldType = 'long' | 'bytes' | 'string' | 'map' | readonly string[];

export interface EventField {
  readonly name: string;
  /** An enum is its symbols. */
  readonly type: FieldType;
}

/** The fields of the event in the order in which a client with this protocol writes them. */
export function eventFields(text: string): readonly EventField[] {
  const protocol = parsed(text);
  const types = new Map<string, Named>();
  for (const type of listOf(protocol.types)) {
    if (typeof type.name === 'string') types.set(simple(type.name), type as Named);
  }
  const append = (protocol.messages as Json | undefined)?.append as Json | undefined;
  const [event] = listOf(append?.request);
  const record = types.get(simple(String(event?.type)));
  if (record?.type !== 'record') throw badInput('a client whose protocol has no append of an event');
  return listOf(record.fields).map(({ name, type }) => ({
    name: String(name),
    type: typeOf(String(name), type, types),
  }));
}

type Json = Readonly<Record<string, unknown>>;
type Named = Json & { readonly name: string };

function parsed(text: string): Json {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) return json as Json;
  } catch {
    // Told below.
  }
  throw badInput('a client whose protocol is not JSON');
}

function listOf(value: unknown): readonly Json[] {
  if (!Array.isArray(value)) return [];
  return value.filter((one): one is Json => typeof one === 'object' && one !== null);
}

function simple(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function typeOf(field: string, type: unknown, types: ReadonlyMap<string, Named>): FieldType {
  const named = typeof type === 'string' ? types.get(simple(type)) : (type as Json | null);
  if (named?.type === 'enum' && Array.isArray(named.symbols)) return named.symbols.map(String);
  if (named?.type === 'map' && named.values === 'bytes') return 'map';
  const name = named === undefined ? type : named?.type;
  if (name === 'int' || name === 'long') return 'long';
  if (name === 'bytes' || name === 'string') return name;
  throw badInput(`a client whose events have a field ${field} of type ${JSON.stringify(type)}`);
}

/** What clients with one of these two hashes send. */
export const OWN_FIELDS = eventFields(PROTOCOL_TEXT);
