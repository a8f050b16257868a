import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { applyFilters, createFilter } from '../../../src/config/filters/filter.ts';
import type { ConfigFilter } from '../../../src/config/filters/types.ts';
import { parseProperties } from '../../../src/config/properties/parse.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { only, plan, planWith, sourceOf } from '../planning.ts';

function filter(lines: string, env: Readonly<Record<string, string>> = {}): ConfigFilter {
  return createFilter(parseProperties(lines, 'x').properties, { env, classPath: [] });
}

describe('the text of a value', () => {
  const knows: ConfigFilter = (key) => {
    if (key === 'throws') throw new Error('out of order\nat line 2');
    return key === 'null' ? null : `filtered_${key}`;
  };
  const filters = new Map([
    ['f1', knows],
    ['f2', knows],
    ['a.b', knows],
  ]);
  const cases: readonly (readonly [string, string, number])[] = [
    [`\${f1['param']}`, 'filtered_param', 0],
    [`\${f1["param"]}`, 'filtered_param', 0],
    [`\${f1[host]}`, 'filtered_host', 0],
    [`\${f2["port"]}-\${f1['header']}`, 'filtered_port-filtered_header', 0],
    [`\${f1[a]}\${f1[a]}`, 'filtered_afiltered_a', 0],
    [`\${f1['a-b_C9']}`, 'filtered_a-b_C9', 0],
    [`\${f1['param"]}`, `\${f1['param"]}`, 0],
    [`\${f1['a.b']}`, `\${f1['a.b']}`, 0],
    [`\${f1[]}`, `\${f1[]}`, 0],
    [`\${f3['param']}`, `\${f3['param']}`, 0],
    [`\${a.b[x]}\${aXb[x]}`, `filtered_x\${aXb[x]}`, 0],
    [`\${f1['null']}`, `\${f1['null']}`, 1],
    [`x\${f1['throws']}\${f1[y]}`, `x\${f1['throws']}filtered_y`, 1],
  ];
  for (const [text, expected, complaints] of cases) {
    test(`${text} becomes ${expected}`, () => {
      const notes: string[] = [];
      assert.equal(
        applyFilters(text, filters, (note) => notes.push(note.text)),
        expected,
      );
      assert.equal(notes.length, complaints);
    });
  }

  test('what a filter throws is told in one line', () => {
    const notes: string[] = [];
    applyFilters(`\${f1[throws]}`, filters, (note) => notes.push(note.text));
    assert.deepEqual(notes, ['Config filter f1 gave no value for the key throws: out of order']);
  });
});

describe('env', () => {
  for (const type of ['env', 'ENV', 'org.apache.flume.configfilter.EnvironmentVariableConfigFilter']) {
    test(`type ${type} gives environment variables`, () => {
      const env = filter(`type = ${type}`, { SECRET: 's3' });
      assert.equal(env('SECRET'), 's3');
      assert.equal(env('OTHER'), null);
      assert.equal(env('constructor'), null);
    });
  }
});

describe('external', () => {
  test('the command gets the key as its last argument; its first line is the value', () => {
    assert.equal(filter('type = external\ncommand = echo -n a b')('key'), 'a b key');
    assert.equal(filter('type = external\ncommand = printf %s\\\\nsecond\\\\n')('key'), 'key');
  });

  test('charset is that of the output', () => {
    const program = join(temporaryDirectory(), 'latin1');
    writeFileSync(program, "#!/bin/sh\nprintf 'gr\\374n\\n'\n");
    chmodSync(program, 0o755);
    assert.equal(filter(`type = external\ncommand = ${program}\ncharset = ISO-8859-1`)('key'), 'grün');
  });

  test('an end other than 0, and a program that is not there, throw', () => {
    assert.throws(() => filter('type = external\ncommand = false')('key'));
    assert.throws(() => filter('type = external\ncommand = /no/such/program')('key'), /ENOENT/);
  });

  test('without a command it cannot be made', () => {
    assert.throws(() => filter('type = external'), { code: 'CONF_OPTION_REQUIRED' });
  });
});

test('an unknown type cannot be made, even by the name of a JavaScript property', () => {
  for (const type of ['vault', 'constructor']) {
    assert.throws(() => filter(`type = ${type}`), { code: 'CONF_UNKNOWN_TYPE' });
  }
});

describe('filters of an agent', () => {
  const env = { PORT: '5555', TYPE: 'netcat' };
  const declared = 'a1.configfilters = f1\na1.configfilters.f1.type = env\n';

  test('replace values of components, types among them', async () => {
    const result = await planWith(
      `${declared}a1.sources.r1.type = \${f1['TYPE']}\na1.sources.r1.port = \${f1['PORT']}`,
      { env },
    );
    const source = sourceOf(result);
    assert.deepEqual([source.type, source.properties.port], ['netcat', '5555']);
  });

  test('leave the lists of names alone', async () => {
    const { plan: made } = await planWith(`${declared}a1.channels = c1 \${f1[PORT]}`, { env });
    assert.deepEqual(made?.units.map((unit) => unit.name).sort(), ['c1', 'k1', 'r1']);
  });

  test('a key that is not known is a warning at its line, and the text stays', async () => {
    const { findings } = await planWith(`${declared}a1.sources.r1.encoding = \${f1['NONE']}`, { env });
    const finding = only(findings, 'CONF_SUBSTITUTION');
    assert.deepEqual(
      [finding.severity, finding.key, finding.line],
      ['warning', 'a1.sources.r1.encoding', 14],
    );
  });

  test('a filter that cannot be made is an error; the text stays and the rest runs', async () => {
    const bad = 'a1.configfilters = f1\na1.configfilters.f1.type = vault\n';
    const result = await planWith(`${bad}a1.sources.r1.bind = \${f1['HOST']}`);
    assert.match(
      only(result.findings, 'CONF_COMPONENT').text,
      /^Could not configure config filter f1: .*vault/,
    );
    assert.equal(sourceOf(result).properties.bind, `\${f1['HOST']}`);
  });

  test('every agent has its own', async () => {
    const two = await plan(
      `a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memory\na1.sources.r1.channels = c1
       a1.sources.r1.type = netcat\na1.sources.r1.port = 1\na1.sources.r1.bind = \${f1[TYPE]}
       a2.configfilters = f1\na2.configfilters.f1.type = env`,
      'a1',
      { env },
    );
    assert.equal(sourceOf(two).properties.bind, `\${f1[TYPE]}`);
  });
});
