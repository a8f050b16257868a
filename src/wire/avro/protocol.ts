/**
 * Flume's AvroSourceProtocol: its text, its hashes, and whether another text means the same.
 *
 * A hash is the MD5 of the text that a peer prints, so the same protocol has several: Flume 1.11 prints its
 * licence in it, others a string type. Both hashes of PEER_HASHES are known without their texts; those of
 * other peers are learned from the texts that they send.
 */
import { createHash } from 'node:crypto';

export const STATUS = { ok: 0, failed: 1, unknown: 2 } as const;
export const STATUS_NAMES = ['OK', 'FAILED', 'UNKNOWN'] as const;

export const MESSAGES = ['append', 'appendBatch'] as const;
export type MessageName = (typeof MESSAGES)[number];

const EVENT = {
  type: 'record',
  name: 'AvroFlumeEvent',
  fields: [
    { name: 'headers', type: { type: 'map', values: 'string' } },
    { name: 'body', type: 'bytes' },
  ],
} as const;

/** What we send as our protocol. */
export const PROTOCOL_TEXT = JSON.stringify({
  protocol: 'AvroSourceProtocol',
  namespace: 'org.apache.flume.source.avro',
  types: [{ type: 'enum', name: 'Status', symbols: STATUS_NAMES }, EVENT],
  messages: {
    append: { request: [{ name: 'event', type: EVENT.name }], response: 'Status' },
    appendBatch: {
      request: [{ name: 'events', type: { type: 'array', items: EVENT.name } }],
      response: 'Status',
    },
  },
});

export const HASH_BYTES = 16;
/** Hash of PROTOCOL_TEXT. */
export const PROTOCOL_HASH = createHash('md5').update(PROTOCOL_TEXT).digest();
/** Hash of the text that Flume 1.10 and 1.11 print, seen in their handshakes. */
export const FLUME_HASH = Buffer.from('86aadae2c45474c0fe93ffd0f2350a65', 'hex');
export const PEER_HASHES: readonly Buffer[] = [FLUME_HASH, PROTOCOL_HASH];

/** For each message why it cannot be understood as its peer declares it; null where it can. */
export type Compatibility = Readonly<Record<MessageName, string | null>>;

export const SAME_PROTOCOL: Compatibility = { append: null, appendBatch: null };

/**
 * Reads the protocol that a peer declares. Names of types do not matter, nor what a string becomes in the
 * peer's language; what is on the wire does.
 */
export function compatibilityOf(text: string): Compatibility {
  let protocol: unknown;
  try {
    protocol = JSON.parse(text);
  } catch {
    const reason = 'its protocol is not JSON';
    return { append: reason, appendBatch: reason };
  }
  const types = new Map<string, unknown>();
  for (const type of listOf(fieldOf(protocol, 'types'))) {
    const name = fieldOf(type, 'name');
    if (typeof name === 'string') types.set(shortName(name), type);
  }
  const messages = fieldOf(protocol, 'messages');
  return {
    append: reasonOf(fieldOf(messages, 'append'), types, isEvent),
    appendBatch: reasonOf(fieldOf(messages, 'appendBatch'), types, isEvents),
  };
}

type Types = ReadonlyMap<string, unknown>;

function reasonOf(message: unknown, types: Types, fits: (type: unknown, types: Types) => boolean) {
  if (message === undefined) return 'its protocol has no such message';
  const request = listOf(fieldOf(message, 'request'));
  if (request.length !== 1) return `its protocol gives this message ${request.length} parameters`;
  if (!fits(fieldOf(request[0], 'type'), types)) return 'its protocol declares other events';
  return isStatus(fieldOf(message, 'response'), types) ? null : 'its protocol declares another response';
}

function isEvents(type: unknown, types: Types): boolean {
  return kindOf(type) === 'array' && isEvent(fieldOf(type, 'items'), types);
}

function isEvent(type: unknown, types: Types): boolean {
  const record = resolved(type, types);
  const fields = listOf(fieldOf(record, 'fields'));
  if (kindOf(record) !== 'record' || fields.length !== 2) return false;
  const [headers, body] = fields;
  const map = fieldOf(headers, 'type');
  if (fieldOf(headers, 'name') !== 'headers' || fieldOf(body, 'name') !== 'body') return false;
  if (kindOf(map) !== 'map' || kindOf(fieldOf(map, 'values')) !== 'string') return false;
  return kindOf(fieldOf(body, 'type')) === 'bytes';
}

function isStatus(type: unknown, types: Types): boolean {
  const status = resolved(type, types);
  const symbols = listOf(fieldOf(status, 'symbols'));
  return kindOf(status) === 'enum' && symbols.includes('OK') && symbols.includes('FAILED');
}

/** `"string"` and `{"type": "string", …}` are the same; so are arrays and maps with annotations. */
function kindOf(type: unknown): unknown {
  if (typeof type === 'string') return type;
  const kind = fieldOf(type, 'type');
  return typeof kind === 'object' ? kindOf(kind) : kind;
}

function resolved(type: unknown, types: Types): unknown {
  return typeof type === 'string' ? types.get(shortName(type)) : type;
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
