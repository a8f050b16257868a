/** The arguments of `npm run bench`; what is wrong is refused before anything is measured. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { FLOWS } from '../../benchmarks/flows/index.ts';

function bench(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const path = resolve(import.meta.dirname, '../../benchmarks/main.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...args], { encoding: 'utf8' });
  return { code: status, stdout, stderr };
}

describe('benchmarks/main.ts', () => {
  test('--help names every flow and what else can be measured', () => {
    const { code, stdout, stderr } = bench('--help');
    assert.equal(code, 0, stderr);
    for (const name of [...FLOWS.map((flow) => flow.name), 'startup', 'idle', 'memory', '--list']) {
      assert.ok(stdout.includes(name), name);
    }
  });

  test('--list shows a line a flow', () => {
    const { code, stdout } = bench('--list');
    assert.equal(code, 0);
    assert.deepEqual(
      stdout.trimEnd().split('\n'),
      FLOWS.map(({ name, title }) => `${name.padEnd(22)} ${title}`),
    );
  });

  test('without a flow the help is shown, and the exit code is 1', () => {
    const { code, stdout } = bench();
    assert.equal(code, 1);
    assert.match(stdout, /^usage: npm run bench -- FLOW…/m);
  });

  const wrong: readonly (readonly [string[], RegExp])[] = [
    [['seq-mem-nil'], /^there is no flow seq-mem-nil; --list shows them\n$/],
    [['startup', 'toString'], /^there is no flow toString; --list shows them\n$/],
    [['all', 'nothing'], /^there is no flow nothing; --list shows them\n$/],
    [['idle', '--against', 'vector'], /^--against vector is unknown; only flume can be measured against\n$/],
    [['idle', '--pairs', 'many'], /^--pairs many is not a number above 0\n$/],
    [['idle', '--pairs', '2.5'], /^--pairs 2\.5 is not a whole number\n$/],
    [['idle', '--pairs', '0'], /^--pairs 0 is not a number above 0\n$/],
    [['idle', '--seconds', ''], /^--seconds {2}is not a number above 0\n$/],
    [['idle', '--seconds', 'Infinity'], /^--seconds Infinity is not a number above 0\n$/],
    [['idle', '--minutes', '1'], /^Unknown option '--minutes'[^\n]*\n$/],
    [['idle', '--seconds'], /^Option '--seconds <value>' argument missing\n$/],
  ];
  for (const [args, message] of wrong) {
    test(`${args.map((arg) => arg || "''").join(' ')} is refused with one line and exit code 1`, () => {
      const { code, stdout, stderr } = bench(...args);
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(stderr, message);
    });
  }
});
