import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeOptions, optionsSchema } from '../../../src/component/options/describe.ts';
import { parseOptions } from '../../../src/component/options/parse.ts';
import { optionTable } from '../../../src/component/options/table.ts';
import { registry } from '../../../src/registry.ts';

const table = optionTable({
  bind: { kind: 'string', required: true, aliases: ['host'], help: 'Where.', example: '0.0.0.0' },
  port: { kind: 'int', required: true, min: 0, max: 65535, help: 'Port.' },
  keep: { kind: 'duration', unit: 's', default: 3, min: 0, help: 'How long.' },
  size: { kind: 'size', unit: 'bytes', flumeDefault: '80 % of the heap', help: 'How many.' },
  batch: { kind: 'int', default: 100, flumeDefault: '1', onBad: 'default', help: 'Batch.' },
  name: { kind: 'string', default: '', deprecated: 'no effect', help: 'Name.' },
  mode: { kind: 'enum', values: ['Fast', 'safe'], default: 'Fast', since: '1.7', help: 'Mode.' },
  password: { kind: 'string', secret: true, since: 'millrace', help: 'Password.' },
  'handler.*': { kind: 'map', help: 'Options of the handler.' },
});

describe('a table as rows', () => {
  const rows = new Map(describeOptions(table).map((row) => [row.key, row]));
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['bind', 'string', 'required', /^Where\. Also read: host\.$/],
    ['port', 'int, from 0 to 65535', 'required', /^Port\.$/],
    ['keep', 'duration, s, at least 0', '3', /^How long\.$/],
    ['size', 'size, bytes', '—', /Flume’s default: 80 % of the heap\./],
    ['batch', 'int', '100 (Flume: 1)', /gives a warning and the default/],
    ['name', 'string', '(empty)', /Deprecated: no effect\./],
    ['mode', 'Fast | safe', 'Fast', /Since Flume 1\.7\./],
    ['password', 'string', '—', /Never shown\. Millrace only\./],
    ['handler.*', 'keys and values', '—', /^Options of the handler\.$/],
  ];
  for (const [key, type, standard, help] of cases) {
    test(key, () => {
      const row = rows.get(key)!;
      assert.deepEqual([row.type, row.default], [type, standard]);
      assert.match(row.help, help);
    });
  }

  test('every option has a row, in the order of the table', () => {
    assert.deepEqual([...rows.keys()], Object.keys(table));
  });
});

describe('a table as JSON Schema', () => {
  // Read as a consumer would: structure only.
  const schema = optionsSchema(table) as {
    type: string;
    properties: Record<string, { type: string; default?: string; enum?: string[]; description: string }>;
    patternProperties: Record<string, unknown>;
    required: string[];
    allOf?: { anyOf: { required: string[] }[] }[];
  };

  test('values are strings, as they stand in a properties file', () => {
    assert.equal(schema.type, 'object');
    assert.deepEqual(
      Object.values(schema.properties).map((property) => property.type),
      Object.keys(schema.properties).map(() => 'string'),
    );
    assert.equal(schema.properties.keep?.default, '3');
  });

  test('allowed values are listed, required options are required, by any of their names', () => {
    assert.ok(schema.properties.mode?.enum?.includes('Fast'));
    assert.deepEqual(schema.required, ['port']);
    assert.deepEqual(schema.allOf, [{ anyOf: [{ required: ['bind'] }, { required: ['host'] }] }]);
    assert.ok(schema.properties.host);
  });

  test('prefixes are patterns', () => {
    const [pattern] = Object.keys(schema.patternProperties);
    assert.match('handler.x', new RegExp(pattern!));
    assert.doesNotMatch('handlerx', new RegExp(pattern!));
  });
});

test('what the built-in tables declare as default and example is a value that they take', async () => {
  for (const entry of registry) {
    const { options } = (await entry.declare()).default;
    for (const [key, spec] of Object.entries(options)) {
      if (key.endsWith('.*')) continue;
      for (const text of [spec.example, spec.default]) {
        if (text === undefined || text === '') continue;
        const { findings } = parseOptions({ [key]: spec }, { [key]: String(text) }, { component: key });
        const wrong = findings.filter((finding) => finding.code !== 'CONF_DEPRECATED');
        assert.deepEqual(wrong, [], `${entry.kind} ${entry.aliases[0] ?? entry.classes[0]} ${key} = ${text}`);
      }
    }
  }
});
