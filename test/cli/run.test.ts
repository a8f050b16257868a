/** The command line as a whole: which command, its help, and what comes out where. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { helpOf } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/run.ts';
import { runMillrace } from '../kit/process.ts';

describe('a command that there is not', () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /^Error: Unknown or unspecified command ''\n/],
    [['agnet', '-n', 'a1'], /^Error: Unknown or unspecified command 'agnet'; did you mean agent\?\n/],
    [['frobnicate'], /^Error: Unknown or unspecified command 'frobnicate'\n/],
    [['constructor'], /^Error: Unknown or unspecified command 'constructor'\n/],
    [['--name', 'a1'], /^Error: Unknown or unspecified command '--name'\n/],
  ];
  for (const [args, message] of cases) {
    test(`${JSON.stringify(args)} is told on standard error with the usage, exit 1`, async (t) => {
      const { ended, stdout, stderr } = await runMillrace(t, args);
      assert.equal(ended, 1);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.match(stderr, /Usage: flume-ng <command> \[options\]/);
    });
  }
});

describe('help', () => {
  for (const args of [['help'], ['--help'], ['-h']]) {
    test(`${args[0]} prints the usage on standard output, exit 0`, async (t) => {
      const { ended, stdout, stderr } = await runMillrace(t, args);
      assert.deepEqual([ended, stderr], [0, '']);
      for (const name of Object.keys(COMMANDS)) assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
      assert.match(stdout, /^examples:\n {2}flume-ng agent /m);
    });
  }

  test('help COMMAND prints the same as COMMAND --help', async (t) => {
    const { ended, stdout } = await runMillrace(t, ['help', 'validate']);
    assert.deepEqual([ended, stdout], [0, helpOf((await COMMANDS.validate!()).default)]);
  });

  test('of a command that there is not is an error', async (t) => {
    const { ended, stderr } = await runMillrace(t, ['help', 'nothing']);
    assert.equal(ended, 1);
    assert.match(stderr, /^Error: there is no command 'nothing'/);
  });

  for (const [name, load] of Object.entries(COMMANDS)) {
    test(`${name} --help tells what it does, how it is used and every option`, async (t) => {
      const command = (await load()).default;
      const { ended, stdout, stderr } = await runMillrace(t, [name, '--help']);
      assert.deepEqual([ended, stderr], [0, '']);
      assert.equal(stdout, helpOf(command));
      assert.match(stdout, /^usage: (flume-ng|millrace) |^Usage: /m);
      for (const option of command.options) assert.match(stdout, new RegExp(`--${option.name}\\b`));
    });
  }

  test('has examples for each command that does something', async () => {
    // These two say in their help what there is to say.
    const plain = ['version', 'tool'];
    for (const [name, load] of Object.entries(COMMANDS)) {
      if (plain.includes(name)) continue;
      assert.match((await load()).default.help, /examples:\n {2}(flume-ng|millrace|source) /, name);
    }
  });

  test('wins over what is missing', async (t) => {
    const { ended, stdout } = await runMillrace(t, ['agent', '-h']);
    assert.equal(ended, 0);
    assert.match(stdout, /^Runs an agent\./);
  });
});

describe('version', () => {
  for (const name of ['version', '--version', '-version']) {
    test(`${name} prints Flume’s five lines`, async (t) => {
      const { ended, stdout, stderr } = await runMillrace(t, [name]);
      assert.deepEqual([ended, stderr], [0, '']);
      const starts = [
        'Millrace ',
        'Source code repository: ',
        'Revision: ',
        'Compiled ',
        'From source with checksum ',
      ];
      const rows = stdout.trimEnd().split('\n');
      assert.equal(rows.length, 5);
      for (const [i, row] of rows.entries()) assert.ok(row.startsWith(starts[i]!), row);
      assert.match(rows[0]!, /^Millrace \d+\.\d+\.\d+\S* \(compatible with Flume 1\.11\.0\)/);
    });
  }
});

test('an option that a command does not have is one line that says which was meant, exit 1', async (t) => {
  const { ended, stderr } = await runMillrace(t, ['validate', 'x.conf', '--jsno']);
  assert.equal(ended, 1);
  assert.match(
    stderr,
    /^Error: Unrecognized option: --jsno; did you mean --json\? \(see `flume-ng help`\)\n$/,
  );
});

for (const [name, args] of [
  ['tool', ['tool', 'fcintegritytool', '--', '-l', 'x']],
  ['tool without a name', ['tool']],
] as const) {
  test(`${name} is not there: what does its work is named, exit 1`, async (t) => {
    const { ended, stdout, stderr } = await runMillrace(
      t,
      args.filter((one) => !['--', '-l'].includes(one)),
    );
    assert.deepEqual([ended, stdout], [1, '']);
    assert.match(stderr, /^Error: /);
    assert.match(stderr, /millrace channel DIR repair/);
  });
}
