import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { commandLine } from '../../src/cli/dry-run.ts';

/** The words that a shell makes of the line, behind those of the program itself. */
function words(line: string, count: number): readonly string[] {
  const script = `set -- ${line}\nfor word in "$@"; do printf '%s\\0' "$word"; done`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1).slice(-count);
}

describe('the command line that --dryrun prints', () => {
  test('means the same to a shell, whatever the arguments hold', () => {
    const args = [
      'agent',
      '-Dx=a b',
      "it's",
      '$HOME',
      '`id`',
      '',
      '"q"',
      'a\\b',
      '*',
      'ü',
      '-f',
      'plain.conf',
    ];
    assert.deepEqual(words(commandLine(args), args.length), args);
  });

  test('shows no passwords', () => {
    const args = [
      'agent',
      '-pwd',
      's1',
      '--conf-password',
      's2',
      '--conf-password=s3',
      '-pwd=s4',
      '--conf-pass',
      's5',
    ];
    const line = commandLine([...args, '-Djavax.net.ssl.keyStorePassword=s6', '-Dpath=shown']);
    assert.doesNotMatch(line, /s[1-6]\b/);
    assert.match(line, /-Dpath=shown/);
  });

  test('begins with what of the environment counts', (t) => {
    const before = process.env.JAVA_OPTS;
    t.after(() => {
      if (before === undefined) delete process.env.JAVA_OPTS;
      else process.env.JAVA_OPTS = before;
    });
    process.env.JAVA_OPTS = '-Xmx1g -Dssl.password=s1 -Dx=y';
    const line = commandLine(['agent']);
    assert.match(line, /JAVA_OPTS='-Xmx1g -Dssl\.password=\(secret\) -Dx=y' /);
  });
});
