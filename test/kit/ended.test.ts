import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from './temporary.ts';

test('a test file that is kept alive after its tests ends, fails and says by what', () => {
  const file = join(temporaryDirectory(), 'kept.test.mjs');
  writeFileSync(file, "import { test } from 'node:test'; test('t', () => void setInterval(() => {}, 1000));");
  const load = new URL('./ended.ts', import.meta.url).href;
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const run = spawnSync(process.execPath, ['--import', load, '--test', file], {
    env: { ...env, MILLRACE_TEST_LINGER_MS: '10' },
    encoding: 'utf8',
  });
  assert.equal(run.status, 1);
  assert.match(run.stdout, /kept\.test\.mjs: its tests are over, but it is kept alive by: .*Timeout/);
});
