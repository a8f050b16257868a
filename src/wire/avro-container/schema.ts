/**
 * An Avro schema as far as it is needed to tell where a record ends, and its fingerprint. Source: Apache Avro
 * specification 1.11, "Schema Declaration", "Parsing Canonical Form for Schemas", "Schema Fingerprints".
 * Limits: nesting of data and of the schema itself (DEPTH_MAX), since both come with the file.
 */
import { type AvroCursor, badAvro } from './cursor.ts';

const DEPTH_MAX = 256;

type Primitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';

interface Field {
  readonly name: string;
  readonly type: AvroSchema;
}

/** A named type refers to itself by its node: `fields` of a record are set once they are parsed. */
export type AvroSchema =
  | { readonly type: Primitive }
  | { readonly type: 'record'; readonly name: string; fields: readonly Field[] }
  | { readonly type: 'enum'; readonly name: string; readonly symbols: readonly string[] }
  | { readonly type: 'fixed'; readonly name: string; readonly size: number }
  | { readonly type: 'array' | 'map'; readonly items: AvroSchema }
  | { readonly type: 'union'; readonly branches: readonly AvroSchema[] };

const PRIMITIVES: ReadonlySet<string> = new Set<Primitive>([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
]);

/** @throws BAD_INPUT when `text` is no schema. */
export function parseAvroSchema(text: string): AvroSchema {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw badAvro(`the schema is no JSON: ${(error as Error).message}`);
  }
  return new SchemaParser().parse(json, '', 0);
}

class SchemaParser {
  readonly #named = new Map<string, AvroSchema>();

  parse(json: unknown, namespace: string, depth: number): AvroSchema {
    if (depth > DEPTH_MAX) throw badAvro(`the schema is nested more than ${DEPTH_MAX} times`);
    if (typeof json === 'string') return this.#byName(json, namespace);
    if (Array.isArray(json)) {
      return { type: 'union', branches: json.map((one) => this.parse(one, namespace, depth + 1)) };
    }
    if (typeof json !== 'object' || json === null) throw badAvro(`${JSON.stringify(json)} is no schema`);
    const object = json as Readonly<Record<string, unknown>>;
    const { type } = object;
    if (typeof type !== 'string') return this.parse(type, namespace, depth + 1);
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(object, namespace, depth);
      case 'enum': {
        const name = this.#nameOf(object, namespace);
        return this.#define({ type: 'enum', name, symbols: strings(object.symbols) });
      }
      case 'fixed': {
        const name = this.#nameOf(object, namespace);
        return this.#define({ type: 'fixed', name, size: sizeOf(object.size) });
      }
      case 'array':
        return { type, items: this.parse(object.items, namespace, depth + 1) };
      case 'map':
        return { type, items: this.parse(object.values, namespace, depth + 1) };
      default:
        return this.#byName(type, namespace);
    }
  }

  #byName(name: string, namespace: string): AvroSchema {
    if (PRIMITIVES.has(name)) return { type: name as Primitive };
    const found = this.#named.get(fullName(name, namespace)) ?? this.#named.get(name);
    if (found === undefined) throw badAvro(`the schema names a type ${name} that it does not define`);
    return found;
  }

  #nameOf(object: Readonly<Record<string, unknown>>, namespace: string): string {
    const { name } = object;
    if (typeof name !== 'string' || name === '') throw badAvro(`a ${String(object.type)} without a name`);
    return fullName(name, typeof object.namespace === 'string' ? object.namespace : namespace);
  }

  #define<T extends Extract<AvroSchema, { name: string }>>(schema: T): T {
    this.#named.set(schema.name, schema);
    return schema;
  }

  #record(object: Readonly<Record<string, unknown>>, namespace: string, depth: number): AvroSchema {
    const name = this.#nameOf(object, namespace);
    const record = this.#define({ type: 'record', name, fields: [] as readonly Field[] });
    if (!Array.isArray(object.fields)) throw badAvro(`record ${name} has no list of fields`);
    const inner = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : '';
    record.fields = object.fields.map((field: { name?: unknown; type?: unknown } | null) => {
      if (typeof field?.name !== 'string') throw badAvro(`a field of record ${name} has no name`);
      return { name: field.name, type: this.parse(field.type, inner, depth + 1) };
    });
    return record;
  }
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function strings(value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw badAvro('an enum without a list of symbols');
}

function sizeOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw badAvro('a fixed type without a size');
}

/** Moves the cursor behind one value of the schema. @throws BAD_INPUT, or AvroEnd at the end of the bytes. */
export function skipAvro(schema: AvroSchema, cursor: AvroCursor, depth = 0): void {
  if (depth > DEPTH_MAX) throw badAvro(`a value is nested more than ${DEPTH_MAX} times`);
  switch (schema.type) {
    case 'null':
      return;
    case 'boolean':
      return cursor.skip(1);
    case 'int':
    case 'long':
    case 'enum':
      return cursor.skipLong();
    case 'float':
      return cursor.skip(4);
    case 'double':
      return cursor.skip(8);
    case 'bytes':
    case 'string':
      return cursor.skip(cursor.long());
    case 'fixed':
      return cursor.skip(schema.size);
    case 'record':
      for (const field of schema.fields) skipAvro(field.type, cursor, depth + 1);
      return;
    case 'union': {
      const branch = schema.branches[cursor.long()];
      if (branch === undefined) throw badAvro('a union has no such branch');
      return skipAvro(branch, cursor, depth + 1);
    }
    default:
      return skipBlocks(schema, cursor, depth);
  }
}

/** Items of an array or map come in blocks; one with a negative count tells its size in bytes. */
function skipBlocks(
  schema: Extract<AvroSchema, { items: AvroSchema }>,
  cursor: AvroCursor,
  depth: number,
): void {
  for (let count = cursor.long(); count !== 0; count = cursor.long()) {
    if (count < 0) {
      cursor.skip(cursor.long());
      continue;
    }
    for (let n = 0; n < count; n++) {
      const before = cursor.at;
      if (schema.type === 'map') cursor.skip(cursor.long());
      skipAvro(schema.items, cursor, depth + 1);
      // Items without bytes (null) have none all the same: their count may be any number.
      if (cursor.at === before) break;
    }
  }
}

/** The Parsing Canonical Form: two schemas that read the same data have the same. */
export function canonicalForm(schema: AvroSchema, known = new Set<string>()): string {
  switch (schema.type) {
    case 'union':
      return `[${schema.branches.map((one) => canonicalForm(one, known)).join(',')}]`;
    case 'array':
    case 'map': {
      const key = schema.type === 'array' ? 'items' : 'values';
      return `{"type":"${schema.type}","${key}":${canonicalForm(schema.items, known)}}`;
    }
    case 'enum':
    case 'fixed':
    case 'record': {
      if (known.has(schema.name)) return `"${schema.name}"`;
      known.add(schema.name);
      return `{"name":"${schema.name}","type":"${schema.type}",${contents(schema, known)}}`;
    }
    default:
      return `"${schema.type}"`;
  }
}

function contents(schema: Extract<AvroSchema, { name: string }>, known: Set<string>): string {
  if (schema.type === 'enum') return `"symbols":[${schema.symbols.map((one) => `"${one}"`).join(',')}]`;
  if (schema.type === 'fixed') return `"size":${schema.size}`;
  const fields = schema.fields.map(
    ({ name, type }) => `{"name":"${name}","type":${canonicalForm(type, known)}}`,
  );
  return `"fields":[${fields.join(',')}]`;
}

const CRC_EMPTY = 0xc15d213aa4d7a795n;

/** The CRC-64-AVRO fingerprint as hexadecimal digits, lowest byte first, as Java's `parsingFingerprint`. */
export function fingerprint(schema: AvroSchema): string {
  let crc = CRC_EMPTY;
  for (const byte of Buffer.from(canonicalForm(schema), 'utf8')) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ (crc & 1n ? CRC_EMPTY : 0n);
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(crc);
  return bytes.toString('hex');
}
