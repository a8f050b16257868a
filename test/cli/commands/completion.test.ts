import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runMillrace } from '../../kit/process.ts';

describe('completion', () => {
  test('for bash completes commands, options, components and kinds', async (t) => {
    const { ended, stdout, directory } = await runMillrace(t, ['completion', 'bash']);
    assert.equal(ended, 0);
    const script = join(directory, 'completion.bash');
    writeFileSync(script, stdout);
    const complete = (...words: readonly string[]) => {
      const quoted = words.map((word) => `'${word}'`).join(' ');
      const set = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}`;
      const run = `. ${script}; ${set}; _millrace; printf '%s\\n' "\${COMPREPLY[@]}"; complete -p flume-ng`;
      return execFileSync('bash', ['--norc', '-c', run], { encoding: 'utf8', cwd: directory }).split('\n');
    };
    assert.deepEqual(complete('millrace', 'val').slice(0, 1), ['validate']);
    assert.deepEqual(complete('millrace', 'explain', 'sinks.f').slice(0, 1), ['sinks.file_roll']);
    assert.deepEqual(complete('millrace', 'components', 'so').slice(0, 1), ['sources']);
    assert.deepEqual(complete('millrace', 'help', 'gr').slice(0, 1), ['graph']);
    assert.deepEqual(complete('millrace', 'completion', 'f').slice(0, 1), ['fish']);
    assert.ok(complete('flume-ng', 'agent', '--conf-').includes('--conf-file'));
    assert.ok(complete('flume-ng', 'validate', 'compl').includes('completion.bash'));
    assert.ok(complete('millrace', '').includes('complete -o filenames -F _millrace flume-ng'));
  });

  for (const [shell, start] of [
    ['zsh', /^#compdef millrace flume-ng\n/],
    ['fish', /^complete -c millrace /],
  ] as const) {
    test(`for ${shell} has every command and option`, async (t) => {
      const { ended, stdout } = await runMillrace(t, ['completion', shell]);
      assert.equal(ended, 0);
      assert.match(stdout, start);
      for (const word of ['agent', 'validate', 'graph', 'conf-file', 'no-reload-conf', 'sinks.file_roll']) {
        assert.ok(stdout.includes(word), word);
      }
    });
  }

  for (const args of [[], ['tcsh'], ['constructor']]) {
    test(`for ${args[0] ?? 'no shell'} is an error that names the shells, exit 1`, async (t) => {
      const { ended, stdout, stderr } = await runMillrace(t, ['completion', ...args]);
      assert.deepEqual([ended, stdout], [1, '']);
      assert.match(stderr, /^Error: give a shell: bash, zsh or fish/);
    });
  }
});
