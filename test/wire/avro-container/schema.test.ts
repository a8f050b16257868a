/** Schemas: canonical form and fingerprint as Java's Avro 1.11 gives them, and what is refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AvroCursor } from '../../../src/wire/avro-container/cursor.ts';
import {
  canonicalForm,
  fingerprint,
  parseAvroSchema,
  skipAvro,
} from '../../../src/wire/avro-container/schema.ts';

const MY_RECORD = `{"type":"record","name":"MyRecord","namespace":"org.apache.flume","doc":"",
  "fields":[{"name":"foo","type":"string","doc":""}]}`;
const ALL_TYPES = JSON.stringify({
  type: 'record',
  name: 'All',
  namespace: 'a.b',
  fields: [
    { name: 'n', type: 'null' },
    { name: 'b', type: 'boolean' },
    { name: 'i', type: { type: 'int', logicalType: 'date' } },
    { name: 'l', type: 'long' },
    { name: 'f', type: 'float' },
    { name: 'd', type: 'double' },
    { name: 'y', type: 'bytes' },
    { name: 's', type: 'string' },
    { name: 'e', type: { type: 'enum', name: 'E', symbols: ['A', 'B'] } },
    { name: 'x', type: { type: 'fixed', name: 'c.F', size: 3 } },
    { name: 'a', type: { type: 'array', items: 'long' } },
    { name: 'm', type: { type: 'map', values: ['null', 'string'] } },
    { name: 'u', type: ['null', 'All'], default: null },
    { name: 'e2', type: 'E' },
  ],
});

describe('schemas', () => {
  const rows = [
    [MY_RECORD, '576db290321974f9'],
    [ALL_TYPES, '3c2d6d00c4590704'],
    ['"string"', 'c70345637248018f'],
    ['["null","long"]', '4a8040ed5813ca98'],
  ] as const;
  for (const [text, wanted] of rows) {
    test(`fingerprint of ${text.slice(0, 60)}`, () => {
      assert.equal(fingerprint(parseAvroSchema(text)), wanted);
    });
  }

  test('the canonical form has full names, and names for what stands before', () => {
    assert.equal(
      canonicalForm(parseAvroSchema(MY_RECORD)),
      '{"name":"org.apache.flume.MyRecord","type":"record","fields":[{"name":"foo","type":"string"}]}',
    );
    const form = canonicalForm(parseAvroSchema(ALL_TYPES));
    assert.match(form, /\{"name":"u","type":\["null","a\.b\.All"\]\},\{"name":"e2","type":"a\.b\.E"\}\]\}$/);
  });

  const bad = [
    ['{', /no JSON/],
    ['7', /is no schema/],
    ['"nowhere"', /names a type nowhere/],
    ['{"type":"record","fields":[]}', /without a name/],
    ['{"type":"record","name":"r"}', /no list of fields/],
    ['{"type":"enum","name":"e"}', /list of symbols/],
    ['{"type":"fixed","name":"f","size":-1}', /without a size/],
    [`${'['.repeat(1000)}${']'.repeat(1000)}`, /nested more than/],
  ] as const;
  for (const [text, message] of bad) {
    test(`${text.slice(0, 40)} is refused`, () => {
      assert.throws(() => parseAvroSchema(text), { code: 'BAD_INPUT', message });
    });
  }
});

describe('values', () => {
  const skip = (schema: string, hex: string) => {
    const cursor = new AvroCursor(Buffer.from(hex, 'hex'));
    skipAvro(parseAvroSchema(schema), cursor);
    return cursor.at;
  };

  test('arrays and maps: blocks with a count, and with a size', () => {
    assert.equal(skip('{"type":"array","items":"long"}', '04020400ff'), 4);
    assert.equal(skip('{"type":"array","items":"long"}', '0304020400ff'), 5);
    assert.equal(skip('{"type":"map","values":"long"}', '0202610200ff'), 5);
  });

  test('items without bytes do not take time, whatever their number', () => {
    assert.equal(skip('{"type":"array","items":"null"}', 'feffffffffff0f00'), 8);
  });

  test('a value that ends, a branch that is not there, a nesting without end are told', () => {
    assert.throws(() => skip('"string"', '0a6162'), { name: 'AvroEnd' });
    assert.throws(() => skip('"bytes"', '01'), { code: 'BAD_INPUT', message: /negative length/ });
    assert.throws(() => skip('["null"]', '02'), { code: 'BAD_INPUT', message: /no such branch/ });
    const list = '{"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]}]}';
    assert.throws(() => skip(list, '02'.repeat(100_000)), { code: 'BAD_INPUT', message: /nested more/ });
  });
});
