import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { confFile, runMillrace } from '../../kit/process.ts';
import { badFile, GOOD, goodFile } from '../kit.ts';

describe('validate', () => {
  test('of a good file tells what would run and ends with 0', async (t) => {
    const { ended, stdout, stderr } = await runMillrace(t, ['validate', goodFile(t), '-n', 'a1']);
    assert.deepEqual([ended, stderr], [0, '']);
    assert.equal(stdout, '0 errors, 0 warnings; agent a1: 5 units would run\n');
  });

  test('of a bad file lists errors before warnings, each with place and remedy, and ends with 78', async (t) => {
    const file = badFile(t);
    const { ended, stdout } = await runMillrace(t, ['validate', file, '-n', 'a1']);
    assert.equal(ended, 78);
    const rows = stdout.split('\n');
    // A key that is missing has no line: that of the component's type is named.
    assert.equal(rows[0], `${file}:5: error: source r1: required option bind is missing`);
    assert.equal(rows[1], '    → set bind, e.g. bind = 0.0.0.0');
    const warning = `${file}:6: warning: source r1: unknown option bnid is ignored`;
    assert.deepEqual(rows.slice(-4), [
      warning,
      '    → did you mean bind?',
      '2 errors, 1 warnings; agent a1: 4 units would run',
      '',
    ]);
  });

  test('--json gives findings and plan to programs', async (t) => {
    const file = badFile(t);
    const { ended, stdout } = await runMillrace(t, ['validate', '--json', '--conf-file', file, '--name=a1']);
    assert.equal(ended, 78);
    const report = JSON.parse(stdout);
    assert.deepEqual([report.agent, report.valid, report.errors, report.warnings], ['a1', false, 2, 1]);
    const unknown = report.findings.find((one: { code: string }) => one.code === 'CONF_UNKNOWN_OPTION');
    assert.deepEqual(unknown, {
      severity: 'warning',
      code: 'CONF_UNKNOWN_OPTION',
      text: 'source r1: unknown option bnid is ignored',
      component: 'source r1',
      option: 'bnid',
      remedy: 'did you mean bind?',
      key: 'a1.sources.r1.bnid',
      file,
      line: 6,
    });
    assert.deepEqual(
      report.plan.units.map((unit: { name: string }) => unit.name),
      ['c1', 'c2', 'g1', 'k3'],
    );
  });

  test('--json shows no secrets, not those of config filters either', async (t) => {
    const secret = `a1.configfilters = f
      a1.configfilters.f.type = env
      a1.sources.r1.type = http
      a1.sources.r1.keystore-password = \${f[HIDDEN]}`;
    const file = confFile(t, `${GOOD}\n${secret}`);
    const { stdout } = await runMillrace(t, ['validate', file, '--json'], { env: { HIDDEN: 'hunter2' } });
    assert.match(stdout, /"keystore-password": "\(secret\)"/);
    assert.doesNotMatch(stdout, /hunter2/);
  });

  test('takes the only agent of a file when no name is given', async (t) => {
    const { ended, stdout } = await runMillrace(t, ['validate', goodFile(t)]);
    assert.equal(ended, 0);
    assert.match(stdout, /agent a1: 5 units/);
  });

  test('asks for a name when there are several agents, and lists them', async (t) => {
    const { ended, stdout } = await runMillrace(t, ['validate', confFile(t, `${GOOD}\nb2.sources = r1`)]);
    assert.equal(ended, 78);
    assert.match(stdout, /the configuration has: a1, b2/);
    assert.match(stdout, /agent \(none\): nothing would run/);
  });

  test('of several files reports what they make together', async (t) => {
    const port = confFile(t, 'a1.sources.r1.port = x');
    const { ended, stdout } = await runMillrace(t, ['validate', goodFile(t), port, '-n', 'a1']);
    assert.equal(ended, 78);
    assert.ok(stdout.includes(`${port}:1: error: source r1: port = x is not`), stdout);
  });

  test('-D and the environment count as they do for the agent', async (t) => {
    const file = confFile(t, GOOD.replace('r1.port = 0', `r1.port = \${sys:port}\${env:ZERO}`));
    const env = { ZERO: '0' };
    assert.equal((await runMillrace(t, ['validate', file, '-Dport=4'], { env })).ended, 0);
    assert.equal((await runMillrace(t, ['validate', file, '-Dport=x'], { env })).ended, 78);
  });

  const failures: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    [
      'a file that is not there',
      ['no.conf'],
      78,
      /no\.conf: error: The specified configuration file does not exist/,
    ],
    ['a directory', ['.'], 78, /error: The configuration file is a directory: \./],
    ['no file', [], 1, /^Error: no file given/],
    [
      'a tier that there is not',
      ['x.conf', '--tier', 'deep'],
      1,
      /^Error: --tier deep is neither syntax nor plan/,
    ],
  ];
  for (const [name, args, code, message] of failures) {
    test(`of ${name} ends with ${code} and says so`, async (t) => {
      const { ended, stdout, stderr } = await runMillrace(t, ['validate', ...args]);
      assert.equal(ended, code);
      assert.match(stdout + stderr, message);
    });
  }

  test('--tier syntax only looks at the text', async (t) => {
    const options = ['--tier', 'syntax', '-n', 'a1'];
    assert.equal((await runMillrace(t, ['validate', badFile(t), ...options])).ended, 0);
    const malformed = confFile(t, `${GOOD}\na1.sources.r1.x = \\u12`);
    const { ended, stdout } = await runMillrace(t, ['validate', malformed, ...options]);
    assert.equal(ended, 78);
    assert.match(stdout, /:25: error: Malformed \\uxxxx encoding/);
  });
});
