import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Finding } from '../../../src/base/finding.ts';
import { confFile, runMillrace } from '../../kit/process.ts';
import { badFile, GOOD, goodFile } from '../kit.ts';

describe('validate', () => {
  test('of a good file tells what would run and ends with 0', async (t) => {
    const { ended, stdout, stderr } = await runMillrace(t, ['validate', goodFile(), '-n', 'a1']);
    assert.deepEqual([ended, stderr], [0, '']);
    assert.equal(stdout, '0 errors, 0 warnings; agent a1: 5 units would run\n');
  });

  test('of a bad file lists errors before warnings, each with place and remedy, and ends with 78', async (t) => {
    const file = badFile();
    const { ended, stdout } = await runMillrace(t, ['validate', file, '-n', 'a1']);
    assert.equal(ended, 78);
    const rows = stdout.split('\n');
    // A key that is missing has no line: that of the component's type is named.
    const removed = 'Source r1 has been removed due to an error during configuration';
    assert.equal(rows[0], `${file}:5: error: ${removed}: required option bind is missing`);
    assert.equal(rows[1], '    → set bind, e.g. bind = 0.0.0.0');
    const warning = `${file}:6: warning: source r1: unknown option bnid is ignored`;
    assert.deepEqual(rows.slice(-4), [
      warning,
      '    → did you mean bind?',
      '1 errors, 1 warnings; agent a1: 4 units would run',
      '',
    ]);
  });

  test('--json gives findings and plan to programs', async (t) => {
    const file = badFile();
    const { ended, stdout } = await runMillrace(t, ['validate', '--json', '--conf-file', file, '--name=a1']);
    assert.equal(ended, 78);
    const report = JSON.parse(stdout);
    assert.deepEqual([report.agent, report.valid, report.errors, report.warnings], ['a1', false, 1, 1]);
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
    const file = confFile(`${GOOD}\n${secret}`);
    const { stdout } = await runMillrace(t, ['validate', file, '--json'], { env: { HIDDEN: 'hunter2' } });
    assert.match(stdout, /"keystore-password": "\(secret\)"/);
    assert.doesNotMatch(stdout, /hunter2/);
  });

  test('takes the only agent of a file when no name is given', async (t) => {
    const { ended, stdout } = await runMillrace(t, ['validate', goodFile()]);
    assert.equal(ended, 0);
    assert.match(stdout, /agent a1: 5 units/);
  });

  test('asks for a name when there are several agents, and lists them', async (t) => {
    const { ended, stdout } = await runMillrace(t, ['validate', confFile(`${GOOD}\nb2.sources = r1`)]);
    assert.equal(ended, 78);
    assert.match(stdout, /the configuration has: a1, b2/);
    assert.match(stdout, /agent \(none\): nothing would run/);
  });

  test('of several files reports what they make together', async (t) => {
    const port = confFile('a1.sources.r1.port = x');
    const { ended, stdout } = await runMillrace(t, ['validate', goodFile(), port, '-n', 'a1']);
    assert.equal(ended, 78);
    const removed = 'Source r1 has been removed due to an error during configuration';
    assert.ok(stdout.includes(`${port}:1: error: ${removed}: port = x is not`), stdout);
  });

  test('-D and the environment count as they do for the agent', async (t) => {
    const file = confFile(GOOD.replace('r1.port = 0', `r1.port = \${sys:port}\${env:ZERO}`));
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

  const HDFS = 'a1.sinks.k3.type = hdfs\na1.sinks.k3.hdfs.path = /x';
  /** What is broken, lines that break it, and the only error. */
  const mistakes: readonly (readonly [string, string, string])[] = [
    ['a bad value', 'a1.sources.r1.port = x', 'port = x is not a whole number from 0 to 65535'],
    [
      'a required option that is missing',
      'a1.sinks.k3.type = avro\na1.sinks.k3.port = 1',
      'hostname is missing',
    ],
    ['an unknown type', 'a1.sources.r1.type = netkat', 'unable to load source type: netkat'],
    [
      'an unknown interceptor',
      'a1.sources.r1.interceptors.i1.type = x',
      'unable to load interceptor type: x',
    ],
    [
      'a bad pattern',
      'a1.sources.r1.interceptors.i1.type = regex_filter\na1.sources.r1.interceptors.i1.regex = (',
      'i1: regex = (',
    ],
    ['a channel that is not there', 'a1.sources.r1.channels = c3', 'No Channels configured for r1'],
    ['a sink’s channel that is not there', 'a1.sinks.k3.channel = c3', 'Channel c3 not in active set.'],
    [
      'a group none of whose sinks is there',
      'a1.sinkgroups.g1.sinks = k8',
      'No available sinks for sinkgroup: g1',
    ],
    ['an unknown codec', `${HDFS}\na1.sinks.k3.hdfs.codeC = nope`, 'Unsupported compression codec nope'],
    ['a path of an unknown scheme', `${HDFS.replace('/x', 's3a://x')}`, 'the scheme s3a is not known'],
  ];
  for (const [name, lines, told] of mistakes) {
    test(`${name} is told once`, async (t) => {
      const broken = lines.split('\n').map((line) => line.split(' = ')[0]!);
      const rest = GOOD.split('\n').filter(
        (line) => !broken.some((key) => line.trim().startsWith(`${key} =`)),
      );
      const file = confFile(`${rest.join('\n')}\n${lines}`);
      const { stdout } = await runMillrace(t, ['validate', file, '-n', 'a1', '--json']);
      const { findings } = JSON.parse(stdout) as { findings: Finding[] };
      assert.equal(findings.length, 1, stdout);
      const { severity, text, remedy, line } = findings[0]!;
      assert.equal(severity, 'error');
      assert.ok(text.includes(told), text);
      assert.ok(remedy && !text.includes(remedy), `${text} → ${remedy}`);
      assert.ok(line !== undefined);
    });
  }

  test('--tier syntax only looks at the text', async (t) => {
    const options = ['--tier', 'syntax', '-n', 'a1'];
    assert.equal((await runMillrace(t, ['validate', badFile(), ...options])).ended, 0);
    const malformed = confFile(`${GOOD}\na1.sources.r1.x = \\u12`);
    const { ended, stdout } = await runMillrace(t, ['validate', malformed, ...options]);
    assert.equal(ended, 78);
    assert.match(stdout, /:25: error: Malformed \\uxxxx encoding/);
  });
});
