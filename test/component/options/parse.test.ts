import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { collect, parseOptions } from '../../../src/component/options/parse.ts';
import { type OptionSpec, type OptionTable, optionTable } from '../../../src/component/options/table.ts';

function parse(
  table: OptionTable,
  properties: Readonly<Record<string, string>>,
  others: readonly string[] = [],
) {
  return parseOptions(table, properties, { component: 'source r1', others });
}

/** What one option makes of one text: its value, or what the error says would have been right. */
function one(spec: Omit<OptionSpec, 'help'>, text: string): unknown {
  const { values, findings } = parse({ x: { help: '', ...spec } }, { x: text });
  const error = findings.find((finding) => finding.severity === 'error');
  return error === undefined ? values.x : error.remedy;
}

describe('a value by its kind', () => {
  const cases: readonly (readonly [Omit<OptionSpec, 'help'>, string, unknown])[] = [
    [{ kind: 'string' }, ' as it is ', ' as it is '],
    [{ kind: 'boolean' }, 'true', true],
    [{ kind: 'boolean' }, ' TRUE ', true],
    [{ kind: 'boolean' }, 'yes', false],
    [{ kind: 'boolean' }, '1', false],
    [{ kind: 'int' }, ' 42 ', 42],
    [{ kind: 'int' }, '-7', -7],
    [{ kind: 'int' }, '+7', 7],
    [{ kind: 'int' }, '10k', 'give a whole number'],
    [{ kind: 'int' }, '1.5', 'give a whole number'],
    [{ kind: 'int' }, '0x10', 'give a whole number'],
    [{ kind: 'int' }, '1 000', 'give a whole number'],
    [{ kind: 'int', unit: 'events' }, 'x', 'give a whole number of events'],
    [{ kind: 'int', min: 1 }, '0', 'give a whole number, at least 1'],
    [{ kind: 'int', max: 9 }, '10', 'give a whole number, at most 9'],
    [{ kind: 'int', min: 0, max: 65535 }, '65536', 'give a whole number from 0 to 65535'],
    [{ kind: 'int', min: 0, max: 65535 }, '65535', 65535],
    [{ kind: 'int', min: 1, max: 2 ** 31 - 1 }, '0', 'give a whole number, at least 1'],
    [{ kind: 'int', min: 1, example: '5' }, 'x', 'give a whole number, at least 1, e.g. 5'],
    [{ kind: 'float' }, '1.5', 1.5],
    [{ kind: 'float' }, '1e-3', 0.001],
    [{ kind: 'float' }, 'half', 'give a number'],
    [{ kind: 'duration', unit: 'ms' }, '1500', 1500],
    [{ kind: 'duration', unit: 'ms' }, '10s', 10_000],
    [{ kind: 'duration', unit: 's' }, '30', 30],
    [{ kind: 'duration', unit: 's' }, '5m', 300],
    [{ kind: 'duration', unit: 's' }, '500ms', 0.5],
    [
      { kind: 'duration', unit: 's', min: 0 },
      '-1s',
      'give a number of seconds or a duration such as 10s, at least 0',
    ],
    [{ kind: 'duration' }, 'soon', 'give a number of milliseconds or a duration such as 10s'],
    [{ kind: 'size' }, '4096', 4096],
    [{ kind: 'size' }, '64MiB', 67_108_864],
    [{ kind: 'size' }, 'big', 'give a number of bytes or a size such as 64MiB'],
    [{ kind: 'enum', values: ['DEFAULT', 'RollTime'] }, 'default', 'DEFAULT'],
    [{ kind: 'enum', values: ['DEFAULT', 'RollTime'] }, ' ROLLTIME ', 'RollTime'],
    [{ kind: 'enum', values: ['DEFAULT', 'RollTime'] }, 'other', 'give one of DEFAULT, RollTime'],
    [{ kind: 'enum', values: ['DEFAULT', 'RollTime'] }, 'roltime', 'did you mean RollTime?'],
    [
      { kind: 'int', example: '5' },
      '44444 # the port',
      'put the comment on a line of its own: # within a line is part of the value',
    ],
    [{ kind: 'list' }, ' a  b\tc ', ['a', 'b', 'c']],
    [{ kind: 'list', separator: /\s*,\s*/ }, 'a, b ,,c d', ['a', 'b', 'c d']],
  ];
  for (const [spec, text, expected] of cases) {
    const { kind, unit, ...rest } = spec;
    test(`${kind} ${unit ?? ''} ${JSON.stringify(rest)} ← ${JSON.stringify(text)}`, () => {
      assert.deepEqual(one(spec, text), expected);
    });
  }
});

describe('a boolean that is neither true nor false', () => {
  for (const text of ['yes', 'on', '1', 'ture', 'true # on']) {
    test(`${text} counts as false, as in Flume, and that is told`, () => {
      const { findings } = parse({ x: { kind: 'boolean', help: '' } }, { x: text });
      const wanted = `source r1: x = ${text} counts as false: only true counts as true`;
      const [found] = findings;
      assert.deepEqual([found?.severity, found?.code, found?.text], ['warning', 'CONF_OPTION_VALUE', wanted]);
      assert.deepEqual([found?.option, found?.value, found?.remedy], ['x', text, 'give true or false']);
    });
  }

  for (const text of ['false', 'FALSE', ' no ', 'off', '0']) {
    test(`${JSON.stringify(text)} means false to everybody`, () => {
      assert.deepEqual(parse({ x: { kind: 'boolean', help: '' } }, { x: text }).findings, []);
    });
  }
});

describe('an option that is absent', () => {
  const cases: readonly (readonly [Omit<OptionSpec, 'help'>, unknown])[] = [
    [{ kind: 'int', default: 5 }, 5],
    [{ kind: 'string' }, undefined],
    [{ kind: 'boolean', default: true }, true],
    [{ kind: 'list' }, []],
    [{ kind: 'list', default: 'a b' }, ['a', 'b']],
  ];
  for (const [spec, expected] of cases) {
    test(`${JSON.stringify(spec)} is ${JSON.stringify(expected)}`, () => {
      const { values, findings } = parse({ x: { help: '', ...spec } }, {});
      assert.deepEqual(values.x, expected);
      assert.deepEqual(findings, []);
    });
  }

  test('and required is an error that names it, with an example where there is one', () => {
    const table = optionTable({
      bind: { kind: 'string', required: true, help: '', example: '0.0.0.0' },
      port: { kind: 'int', required: true, help: '' },
    });
    assert.deepEqual(parse(table, {}).findings, [
      {
        severity: 'error',
        code: 'CONF_OPTION_REQUIRED',
        text: 'source r1: required option bind is missing',
        remedy: 'set bind, e.g. bind = 0.0.0.0',
        component: 'source r1',
        option: 'bind',
      },
      {
        severity: 'error',
        code: 'CONF_OPTION_REQUIRED',
        text: 'source r1: required option port is missing',
        remedy: 'set port',
        component: 'source r1',
        option: 'port',
      },
    ]);
  });
});

describe('findings', () => {
  test('a bad value is an error with component, option, value and remedy, and the default stands in', () => {
    const { values, findings } = parse(
      { port: { kind: 'int', default: 1, help: '', example: '44444' } },
      { port: 'x' },
    );
    assert.equal(values.port, 1);
    assert.deepEqual(findings, [
      {
        severity: 'error',
        code: 'CONF_OPTION_VALUE',
        text: 'source r1: port = x is not a whole number',
        value: 'x',
        remedy: 'give a whole number, e.g. 44444',
        component: 'source r1',
        option: 'port',
      },
    ]);
  });

  test('a bad value of an option that falls back is a warning that tells what is used', () => {
    const table = optionTable({ size: { kind: 'int', min: 1, default: 100, onBad: 'default', help: '' } });
    for (const bad of ['x', '0']) {
      const { values, findings } = parse(table, { size: bad });
      assert.equal(values.size, 100);
      assert.equal(findings[0]?.severity, 'warning');
      assert.equal(
        findings[0]?.text,
        `source r1: size = ${bad} is not a whole number, at least 1; 100 is used instead`,
      );
    }
  });

  test('a secret is shown nowhere', () => {
    const table = optionTable({
      pin: { kind: 'int', secret: true, help: '' },
      code: { kind: 'int', secret: true, onBad: 'default', default: 0, help: '' },
    });
    const { findings } = parse(table, { pin: 'hunter2', code: 'hunter2' });
    assert.deepEqual(
      findings.map((finding) => finding.value),
      ['(secret)', '(secret)'],
    );
    assert.doesNotMatch(JSON.stringify(findings), /hunter2/);
  });

  test('all come at once, in the order of the table, unknown keys last', () => {
    const table = optionTable({
      a: { kind: 'int', help: '' },
      b: { kind: 'string', required: true, help: '' },
      c: { kind: 'enum', values: ['x'], help: '' },
    });
    const { findings } = parse(table, { zz: '1', c: 'y', a: 'y' });
    assert.deepEqual(
      findings.map(({ option, code }) => [option, code]),
      [
        ['a', 'CONF_OPTION_VALUE'],
        ['b', 'CONF_OPTION_REQUIRED'],
        ['c', 'CONF_OPTION_VALUE'],
        ['zz', 'CONF_UNKNOWN_OPTION'],
      ],
    );
  });
});

describe('other names of an option', () => {
  const table = optionTable({
    'batch-size': { kind: 'int', default: 1, aliases: ['batchSize', 'batch'], help: '' },
  });
  test('are read when it is absent, the first that is there', () => {
    assert.equal(parse(table, { batch: '3', batchSize: '2' }).values['batch-size'], 2);
    assert.equal(parse(table, { batch: '3' }).values['batch-size'], 3);
    assert.equal(parse(table, { batch: '3', 'batch-size': '4' }).values['batch-size'], 4);
  });

  test('are not unknown, and an error names the one that was used', () => {
    const { findings } = parse(table, { batch: 'x' });
    assert.deepEqual(
      findings.map((finding) => finding.option),
      ['batch'],
    );
    assert.match(findings[0]!.text, /: batch = x/);
  });

  test('satisfy a required option', () => {
    const required = { host: { kind: 'string', required: true, aliases: ['bind'], help: '' } } as const;
    assert.deepEqual(parse(required, { bind: 'h' }), { values: { host: 'h' }, findings: [] });
  });
});

test('a deprecated option is read, with a warning that says what to use', () => {
  const table = optionTable({ old: { kind: 'int', deprecated: 'use new', help: '' } });
  const { values, findings } = parse(table, { old: '1' });
  assert.equal(values.old, 1);
  assert.deepEqual(
    findings.map(({ severity, code, text }) => [severity, code, text]),
    [['warning', 'CONF_DEPRECATED', 'source r1: option old is deprecated: use new']],
  );
  assert.deepEqual(parse(table, {}).findings, []);
});

describe('keys below a prefix', () => {
  const table = optionTable({
    handler: { kind: 'string', help: '' },
    'handler.*': { kind: 'map', help: '' },
  });

  test('are collected without it; the prefix alone is another option', () => {
    const { values, findings } = parse(table, { handler: 'h', 'handler.a': '1', 'handler.b.c': '2' });
    assert.deepEqual(values, { handler: 'h', 'handler.*': { a: '1', 'b.c': '2' } });
    assert.deepEqual(findings, []);
  });

  test('are an empty map when there are none', () => {
    assert.deepEqual(parse(table, {}).values['handler.*'], {});
  });

  test('a key that only begins with the same letters is unknown', () => {
    assert.equal(parse(table, { handlers: '1' }).findings[0]?.remedy, 'did you mean handler?');
  });

  test('collect takes a prefix away and leaves what is the prefix itself', () => {
    assert.deepEqual(collect('a.', { 'a.b': '1', 'a.': '2', ab: '3', 'b.a.c': '4' }), { b: '1' });
  });
});

describe('unknown keys', () => {
  const table = optionTable({
    'max-line-length': { kind: 'int', help: '' },
    bind: { kind: 'string', help: '' },
  });

  test('are warnings, with the key that was meant where one is near', () => {
    const { findings } = parse(table, { 'max-line-lenght': '1', zebra: '2' });
    assert.deepEqual(findings, [
      {
        severity: 'warning',
        code: 'CONF_UNKNOWN_OPTION',
        text: 'source r1: unknown option max-line-lenght is ignored',
        component: 'source r1',
        option: 'max-line-lenght',
        remedy: 'did you mean max-line-length?',
      },
      {
        severity: 'warning',
        code: 'CONF_UNKNOWN_OPTION',
        text: 'source r1: unknown option zebra is ignored',
        component: 'source r1',
        option: 'zebra',
      },
    ]);
  });

  test('what somebody else reads is known, prefixes too', () => {
    const given = { type: 't', 'selector.type': 'x', bind: 'h' };
    assert.deepEqual(parse(table, given, ['type', 'selector.*']).findings, []);
    assert.equal(parse(table, given, ['type']).findings.length, 1);
  });

  test('letter case counts, as it does in Flume', () => {
    assert.equal(parse(table, { Bind: 'h' }).findings[0]?.remedy, 'did you mean bind?');
  });
});
