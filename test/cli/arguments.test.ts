import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { last, type OptionDeclaration, optionsHelp, parseArguments } from '../../src/cli/arguments.ts';
import agent from '../../src/cli/commands/agent.ts';

const parse = (...argv: readonly string[]) => parseArguments(argv, agent.options);
const options = (...argv: readonly string[]) => Object.fromEntries(parse(...argv).options);

describe('the forms in which an option is given', () => {
  const cases: readonly (readonly [string, Record<string, readonly string[]>])[] = [
    ['--name a1', { name: ['a1'] }],
    ['-name a1', { name: ['a1'] }],
    ['-n a1', { name: ['a1'] }],
    ['--name=a1', { name: ['a1'] }],
    ['-name=a1', { name: ['a1'] }],
    ['-n=a1', { name: ['a1'] }],
    ['--conf-f x', { 'conf-file': ['x'] }],
    ['-conf-file x', { 'conf-file': ['x'] }],
    ['--zkConn h:1', { zkConnString: ['h:1'] }],
    ['-f a -f b --conf-file=c', { 'conf-file': ['a', 'b', 'c'] }],
    ['-n a1 -c conf/ -f x.conf -name a2', { name: ['a1', 'a2'], conf: ['conf/'], 'conf-file': ['x.conf'] }],
    ['--conf conf', { conf: ['conf'] }],
    ['-user u -pwd p', { 'conf-user': ['u'], 'conf-password': ['p'] }],
    ['-prov X', { 'conf-provider': ['X'] }],
    ['--no-reload-conf -d', { 'no-reload-conf': ['true'], dryrun: ['true'] }],
    ['--no-reload', { 'no-reload-conf': ['true'] }],
    ['-h', { help: ['true'] }],
    ['--name=a=b', { name: ['a=b'] }],
    ['-i -1', { 'poll-interval': ['-1'] }],
  ];
  for (const [line, expected] of cases) {
    test(line, () => assert.deepEqual(options(...line.split(' ')), expected));
  }

  test('the last value of an option counts where there may be one', () => {
    assert.equal(last(parse('-n', 'a1', '--name', 'a2'), 'name'), 'a2');
    assert.equal(last(parse(), 'name'), undefined);
  });

  test('what is no option is a positional argument, a lone dash too', () => {
    assert.deepEqual(parse('x.conf', '-n', 'a1', '-', 'y').positionals, ['x.conf', '-', 'y']);
  });

  test('-d is --dryrun and -D a system property', () => {
    const parsed = parse('-d', '-Dd=1');
    assert.deepEqual([...parsed.options.keys()], ['dryrun']);
    assert.deepEqual(parsed.systemProperties, { d: '1' });
  });
});

describe('options that are refused', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['--nmae a1', /^Unrecognized option: --nmae; did you mean --name\?$/],
    ['-q', /^Unrecognized option: -q$/],
    ['--q', /^Unrecognized option: --q$/],
    ['--conf-', /^Ambiguous option: conf- \(could be: conf-file, conf-uri, conf-user, .*\)$/],
    ['--n a1', /^Ambiguous option: n \(could be: name, no-reload-conf\)$/],
    ['-n', /^Missing argument for option: --name NAME$/],
    ['--name --conf-file x.conf', /^Missing argument for option: --name NAME$/],
    ['-f -n a1', /^Missing argument for option: --conf-file FILE$/],
  ];
  for (const [line, message] of cases) {
    test(line, () => assert.throws(() => parse(...line.split(' ')), { code: 'BAD_INPUT', message }));
  }
});

describe('-D', () => {
  const cases: readonly (readonly [string, Record<string, string>])[] = [
    ['-Dk=v', { k: 'v' }],
    ['-Dflume.root.logger=INFO,console', { 'flume.root.logger': 'INFO,console' }],
    ['-Dflume.root.logger==INFO,console', { 'flume.root.logger': '=INFO,console' }],
    ['-Dk', { k: '' }],
    ['-Dk=', { k: '' }],
    ['-Dk=a=b', { k: 'a=b' }],
    ['-Dk=1 -Dk=2', { k: '2' }],
  ];
  for (const [line, expected] of cases) {
    test(line, () => assert.deepEqual(parse(...line.split(' ')).systemProperties, expected));
  }
});

describe('options of the Java virtual machine', () => {
  const cases: readonly (readonly [string, number | null])[] = [
    ['-Xmx2g', 2 * 1024 ** 3],
    ['-Xmx512m', 512 * 1024 ** 2],
    ['-Xmx64K', 65_536],
    ['-Xmx1048576', 1_048_576],
    ['-Xmx1g -Xmx2g', 2 * 1024 ** 3],
    ['-Xms100m -XX:+UseG1GC -Xloggc:gc.log', null],
    ['-javaagent:x.jar=y -agentlib:jdwp=z -agentpath:/x -server -verbose:gc', null],
    ['-Xmxlots', null],
  ];
  for (const [line, bytes] of cases) {
    test(`${line} is ${bytes === null ? 'taken and has no effect' : `a heap of ${bytes} bytes`}`, () => {
      const parsed = parse(...line.split(' '));
      assert.equal(parsed.heapBytes, bytes);
      assert.equal(parsed.options.size + parsed.positionals.length, 0);
    });
  }
});

test('the help of options lists the names, the value and what it is for', () => {
  const declared: readonly OptionDeclaration[] = [
    { name: 'name', short: 'n', value: 'NAME', help: 'the agent' },
    { name: 'json', help: 'as JSON' },
  ];
  assert.equal(
    optionsHelp(declared),
    '  --name,-n <name>             the agent\n  --json                       as JSON\n',
  );
});
