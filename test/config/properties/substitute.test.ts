import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { describe, test } from 'node:test';
import { parseProperties } from '../../../src/config/properties/parse.ts';
import { type SubstitutionScope, substitute } from '../../../src/config/properties/substitute.ts';

const scope: SubstitutionScope = {
  env: {
    NC_PORT: '6667',
    HOST: 'box',
    DOLLAR: `\${env:HOST}:1`,
    LOOP: `\${env:LOOP}\${env:LOOP}`,
    EMPTY: '',
  },
  systemProperties: { name: 'FLUME', env: 'DEV', 'user.dir': '/given' },
  nowMs: new Date(2024, 0, 2, 3, 4, 5, 67).getTime(),
};
const flume18 = {
  ...scope,
  systemProperties: { propertiesImplementation: 'org.apache.flume.node.EnvVarResolverProperties' },
};

/** The values after substitution of lines `key=value`. */
function resolve(values: Readonly<Record<string, string>>, within = scope) {
  const lines = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  const { properties, findings } = substitute(parseProperties(lines.join('\n'), 'x.conf').properties, within);
  return { value: (key: string) => properties.get(key)?.value, findings };
}

describe('variables in values', () => {
  // `#{` stands for the brace of a variable, so that no template literal takes it for its own.
  const cases: readonly (readonly [string, string, string])[] = [
    ['an environment variable', '#{env:NC_PORT}', '6667'],
    ['a part of a value', 'tcp://#{env:HOST}:#{env:NC_PORT}/', 'tcp://box:6667/'],
    ['an empty environment variable is empty', '[#{env:EMPTY}]', '[]'],
    ['a system property', '#{sys:name}', 'FLUME'],
    ['a system property that Java sets itself', '#{sys:user.home}', homedir()],
    ['a -D wins over what Java sets', '#{sys:user.dir}', '/given'],
    ['a date', "#{date:yyyy-MM-dd'T'HH:mm:ss.SSS}", '2024-01-02T03:04:05.067'],
    ['a default that is needed', '#{env:NOT_SET:-7}', '7'],
    ['a default that is not needed', '#{env:NC_PORT:-7}', '6667'],
    ['an empty default', '[#{env:NOT_SET:-}]', '[]'],
    ['a default that is a variable', '#{env:NOT_SET:-#{sys:name}}', 'FLUME'],
    ['another key of the file', '#{other.key}', 'o'],
    ['a key that itself has a variable', '#{indirect}', 'box'],
    ['a variable inside a variable', '#{#{sys:env}_BIND}', '192.168.11.101'],
    ['a variable inside the value of a variable', '#{env:DOLLAR}', 'box:1'],
    ['unknown ones stay', '#{env:NOT_SET} #{sys:none} #{nobody}', '#{env:NOT_SET} #{sys:none} #{nobody}'],
    ['a lookup that Flume does not allow stays', '#{const:a.B.C}', '#{const:a.B.C}'],
    [
      'names of JavaScript are not found',
      '#{env:constructor}#{sys:toString}#{java:valueOf}',
      '#{env:constructor}#{sys:toString}#{java:valueOf}',
    ],
    ['$ before it makes it literal', '$#{env:HOST}', '#{env:HOST}'],
    ['a literal one stays literal when its key is named', '#{literal}', '#{env:HOST}'],
    ['an unclosed one stays', 'a #{env:HOST', 'a #{env:HOST'],
    ['a filter’s text is left to the filter', "#{f1['key']}", "#{f1['key']}"],
    ['$ alone is text', '$5 and $', '$5 and $'],
  ];
  for (const [name, text, expected] of cases) {
    test(name, () => {
      const braces = (one: string) => one.replaceAll('#{', '$' + '{');
      const { value, findings } = resolve({
        x: braces(text),
        'other.key': 'o',
        indirect: braces('#{env:HOST}'),
        literal: braces('$#{env:HOST}'),
        PROD_BIND: '192.168.10.110',
        DEV_BIND: '192.168.11.101',
      });
      assert.equal(value('x'), braces(expected));
      // What stays as it is, is told below.
      assert.deepEqual(
        findings.filter((finding) => finding.code !== 'CONF_SUBSTITUTION'),
        [],
      );
    });
  }

  test('a variable of the environment or of -D that is not set is a warning at its own line', () => {
    const { value, findings } = resolve({
      a: `\${env:NOT_SET} \${env:NOT_SET}`,
      b: `\${a}`,
      c: `\${sys:none:-default} \${HOME} \${f1['key']} $\${env:LITERAL}`,
      d: `\${sys:none}`,
    });
    assert.equal(value('b'), `\${env:NOT_SET} \${env:NOT_SET}`);
    assert.deepEqual(
      findings.map(({ severity, code, key, line, text, remedy }) => [
        severity,
        code,
        key,
        line,
        text,
        remedy,
      ]),
      [
        [
          'warning',
          'CONF_SUBSTITUTION',
          'a',
          1,
          `a: \${env:NOT_SET} stays as it is: there is no such environment variable`,
          `set it, or give a default: \${env:NOT_SET:-DEFAULT}`,
        ],
        [
          'warning',
          'CONF_SUBSTITUTION',
          'd',
          4,
          `d: \${sys:none} stays as it is: there is no such system property (-D)`,
          `set it, or give a default: \${sys:none:-DEFAULT}`,
        ],
      ],
    );
  });

  test('java: says what runs', () => {
    assert.match(resolve({ x: `\${java:version}` }).value('x')!, /^Java version \d+/);
  });

  test('keys are not substituted', () => {
    const key = `\${env:HOST}`;
    const { value } = resolve({ [key.replace(':', '\\:')]: '1' });
    assert.deepEqual([value(key), value('box')], ['1', undefined]);
  });
});

describe('with the resolver of Flume 1.8', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['a bare name is an environment variable', `padding \${HOST} padding`, 'padding box padding'],
    ['several in one value', `\${HOST} \${NC_PORT}`, 'box 6667'],
    ['an unknown name is empty', `[\${NOT_SET}]`, '[]'],
    ['a name that is no word stays', `\${not.set}`, `\${not.set}`],
    ['a key of the file comes first', `\${own}`, 'mine'],
  ];
  for (const [name, text, expected] of cases) {
    test(name, () => assert.equal(resolve({ x: text, own: 'mine' }, flume18).value('x'), expected));
  }

  test('without it a bare name is no environment variable', () => {
    assert.equal(resolve({ x: `\${HOST}` }).value('x'), `\${HOST}`);
  });
});

describe('circles', () => {
  test('two keys that name each other keep their text, each with an error that shows the circle', () => {
    const { value, findings } = resolve({ a: `1\${b}`, b: `2\${a}`, c: 'fine' });
    assert.deepEqual([value('a'), value('b'), value('c')], [`1\${b}`, `2\${a}`, 'fine']);
    assert.deepEqual(
      findings.map(({ code, severity, key, line }) => ({ code, severity, key, line })),
      [
        { code: 'CONF_CYCLE', severity: 'error', key: 'a', line: 1 },
        { code: 'CONF_CYCLE', severity: 'error', key: 'b', line: 2 },
      ],
    );
    assert.equal(findings[0]!.text, 'a refers to itself: a → b → a');
    assert.match(findings[0]!.remedy!, /break the circle/);
  });

  test('a key that names itself is one', () => {
    assert.equal(resolve({ a: `\${a}` }).findings[0]?.text, 'a refers to itself: a → a');
  });

  test('a key that leads into a circle is told which', () => {
    const { findings, value } = resolve({ c: `\${a}`, a: `\${b}`, b: `\${a}` });
    assert.equal(findings[0]!.text, 'c refers to a circle: a → b → a');
    assert.equal(value('c'), `\${a}`);
  });

  test('an environment variable that names itself is one, found at once', () => {
    const { findings } = resolve({ a: `\${env:LOOP}` });
    assert.equal(findings[0]!.text, 'a refers to a circle: env:LOOP → env:LOOP');
  });

  test('a key that is used twice is none', () => {
    const { value, findings } = resolve({ a: `\${b}\${b}`, b: `\${c}\${c}`, c: '1' });
    assert.equal(value('a'), '1111');
    assert.deepEqual(findings, []);
  });
});
