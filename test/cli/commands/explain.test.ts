import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runMillrace } from '../../kit/process.ts';

describe('explain', () => {
  const cases: readonly (readonly [string, readonly RegExp[]])[] = [
    [
      'sinks.file_roll',
      [
        /^sink file_roll, org\.apache\.flume\.sink\.RollingFileSink\n/,
        /^ {2}sink\.directory +string; required$/m,
        /^ {2}sink\.rollInterval +duration, s.*; default: 30$/m,
        /^ {2}sink\.pathManager +DEFAULT \| ROLLTIME \|/m,
        /^example:\n {2}a1\.sinks\.k1\.type = file_roll$/m,
      ],
    ],
    ['sink.FILE_ROLL', [/^sink file_roll/]],
    [
      'sources.netcat.max-line-length',
      [/^max-line-length \(source netcat\)\n/, /type: int, characters/, /default: 512/],
    ],
    ['sinks.file_roll.sink.directory', [/^sink\.directory \(sink file_roll\)/, /example: \/var\/log\/flume/]],
    ['memory', [/^channel memory/, /transactionCapacity/]],
    ['org.apache.flume.sink.RollingFileSink', [/^sink file_roll/]],
    ['sinks.org.apache.flume.sink.RollingFileSink.sink.batchSize', [/^sink\.batchSize \(sink file_roll\)/]],
    ['netcatudp', [/^source netcatudp/]],
    ['interceptors.static.key', [/^key \(interceptor static\)/]],
  ];
  for (const [what, patterns] of cases) {
    test(`explain ${what}`, async (t) => {
      const { ended, stdout, stderr } = await runMillrace(t, ['explain', what]);
      assert.deepEqual([ended, stderr], [0, '']);
      for (const pattern of patterns) assert.match(stdout, pattern);
      assert.ok(stdout.split('\n').every((line) => !line.startsWith('      ') || line.length <= 100));
    });
  }

  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /^Error: say what to explain\n\nExplains a component/],
    [['sinks.file_rol'], /^Error: there is no component 'sinks\.file_rol'; did you mean file_roll\?\n$/],
    [['sinks.netcat'], /^Error: there is no component 'sinks\.netcat'/],
    [['sources.netcat.prot'], /^Error: source netcat has no option prot; did you mean port\?\n$/],
    [
      ['sinks.hive'],
      /^Error: there is no component 'sinks\.hive'; the Hive sink is not part of this version/,
    ],
    [['com.acme.MySink'], /^Error: there is no component 'com\.acme\.MySink'; Java classes do not run/],
    [['sources.netcat.zzzz'], /^Error: source netcat has no option zzzz\n$/],
  ];
  for (const [args, message] of wrong) {
    test(`explain ${args.join(' ')} is an error, exit 1`, async (t) => {
      const { ended, stdout, stderr } = await runMillrace(t, ['explain', ...args]);
      assert.deepEqual([ended, stdout], [1, '']);
      assert.match(stderr, message);
    });
  }
});
