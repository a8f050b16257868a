import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { SUBJECTS } from './subjects/index.ts';

function run(...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const path = join(import.meta.dirname, 'main.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...args], { encoding: 'utf8' });
  return { code: status, stdout, stderr };
}

describe('native-free-bench/main.ts', () => {
  test('measures the subject named, and no other, and prints a line a case', async () => {
    const { code, stdout, stderr } = run('properties', '--size', '10', '--ms', '1');
    assert.equal(code, 0, stderr);
    for (const subject of SUBJECTS) {
      const named = subject.name === 'properties';
      assert.equal(stdout.includes(subject.title), named, subject.name);
      for (const { name } of named ? await subject.cases(10) : []) assert.ok(stdout.includes(name), name);
    }
  });

  test('--json gives one document with rates that agree with each other', async () => {
    const { code, stdout, stderr } = run('lines', '--size', '10', '--ms', '1', '--json');
    assert.equal(code, 0, stderr);
    const document = JSON.parse(stdout);
    assert.equal(document.node, process.version);
    const cases = await SUBJECTS.find(({ name }) => name === 'lines')!.cases(10);
    assert.deepEqual(
      document.results.map((result: { case: string }) => result.case),
      cases.map(({ name }) => name),
    );
    for (const result of document.results) {
      assert.equal(result.subject, 'lines');
      assert.equal(result.items, 10);
      assert.ok(result.samples > 0 && result.passNs.min > 0 && result.passNs.p99 >= result.passNs.p50);
      assert.ok(Math.abs(result.nsPerItem * result.itemsPerSecond - 1e9) < 1);
    }
    // 10 lines of 200 bytes with their ends.
    const { megabytesPerSecond, passNs } = document.results[0];
    assert.ok(Math.abs((megabytesPerSecond * 1e6 * passNs.p50) / 1e9 - 2010) < 0.01);
  });

  test('--help names every subject', () => {
    const { code, stdout } = run('--help');
    assert.equal(code, 0);
    for (const { name, title } of SUBJECTS) assert.ok(stdout.includes(name) && stdout.includes(title), name);
  });

  const wrong: readonly (readonly [string[], RegExp])[] = [
    [['rings'], /^there is no subject rings; there are ring, .*regex\n$/],
    [['--size', '0'], /^--size 0 is not a whole number above 0\n$/],
    [['--ms', 'long'], /^--ms long is not a whole number above 0\n$/],
    [['--pretty'], /^Unknown option '--pretty'[^\n]*\n$/],
  ];
  for (const [args, message] of wrong) {
    test(`${args.join(' ')} is refused with one line and exit code 1`, () => {
      const { code, stdout, stderr } = run(...args);
      assert.equal(code, 1);
      assert.equal(stdout, '');
      assert.match(stderr, message);
    });
  }
});
