/** A fresh clone: an old Node on the PATH, no packages, no dist. One command sets it up, once, and runs. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  copyCheckout,
  launch,
  makeBarePath,
  ROOT,
  runAgentOnce,
  tempFolder,
  writeQuickstart,
} from './kit.ts';

interface Clone {
  readonly home: string;
  readonly env: Record<string, string>;
  /** One line for each time that npm was called. */
  npmCalls(): readonly string[];
}

/** `npm` is the script that stands in for npm; what it would download is in the tests' own checkout. */
function makeClone(npm: string): Clone {
  const base = tempFolder();
  const home = join(base, 'millrace');
  copyCheckout(home);
  const tools = makeBarePath(join(base, 'tools'));
  const calls = join(base, 'npm-calls');
  writeFileSync(join(tools, 'npm'), `#!/bin/sh\necho "$*" >>'${calls}'\n${npm}\n`, { mode: 0o755 });
  writeFileSync(join(tools, 'node'), '#!/bin/sh\necho 20.20.2\n', { mode: 0o755 });
  const npmCalls = () => (existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []);
  return { home, env: { PATH: tools, HOME: base }, npmCalls };
}

/** Links each package, as the set-up writes to the folder itself. */
const LINK_PACKAGES = `mkdir node_modules && ln -s '${join(ROOT, 'node_modules')}'/* node_modules/`;
const ARGS = ['--conf', 'conf', '--conf-file', 'quickstart.conf'];

describe('a fresh clone', () => {
  test('sets itself up at the first start, says so, and not again at the second', async () => {
    const { home, env, npmCalls } = makeClone(LINK_PACKAGES);
    assert.deepEqual(
      [existsSync(join(home, 'dist')), existsSync(join(home, 'node_modules'))],
      [false, false],
    );
    writeQuickstart(home, join(home, 'quickstart.conf'));
    const agent = { launcher: join(home, 'bin/flume-ng'), args: ARGS, cwd: home, env };
    const first = await runAgentOnce(agent);
    assert.equal(first.match(/setting up this checkout: installing packages/g)?.length, 1);
    assert.equal(first.match(/compiling src\/ to dist\//g)?.length, 1);
    const second = await runAgentOnce(agent);
    assert.doesNotMatch(second, /setting up|compiling/);
    assert.deepEqual(npmCalls(), ['ci --ignore-scripts --no-audit --no-fund --loglevel=error']);
    assert.equal(existsSync(join(home, '.set-up.lock')), false);
  });

  test('is set up once when two starts come at the same time', async () => {
    const { home, env, npmCalls } = makeClone(LINK_PACKAGES);
    const starts = [1, 2].map(() => launch(join(home, 'bin/flume-ng'), ['version'], { cwd: home, env }));
    assert.deepEqual(await Promise.all(starts.map((start) => start.exit())), [0, 0]);
    for (const { stdout } of starts) assert.match(stdout, /^Millrace \d/);
    assert.equal(npmCalls().length, 1);
    assert.equal(starts.filter(({ stderr }) => /compiling/.test(stderr)).length, 1);
  });

  test('says what is wrong when packages cannot be installed, and leaves nothing half done', async () => {
    const { home, env, npmCalls } = makeClone('exit 1');
    const start = launch(join(home, 'bin/flume-ng'), ['version'], { cwd: home, env });
    assert.equal(await start.exit(), 1);
    assert.match(
      start.stderr,
      /Error: the packages could not be installed; is a package registry within reach\?/,
    );
    // The second call is for registries that lack the package of some platform.
    assert.deepEqual(
      npmCalls().map((call) => call.split(' ', 1)[0]),
      ['ci', 'install'],
    );
    assert.deepEqual(
      [existsSync(join(home, '.set-up.lock')), existsSync(join(home, 'dist'))],
      [false, false],
    );
  });

  test('takes over the lock of a set-up that was killed', async () => {
    const { home, env } = makeClone(LINK_PACKAGES);
    const killed = launch('sleep', ['60'], { cwd: home, env });
    mkdirSync(join(home, '.set-up.lock'));
    writeFileSync(join(home, '.set-up.lock/pid'), String(killed.child.pid));
    const start = launch(join(home, 'bin/flume-ng'), ['version'], { cwd: home, env });
    killed.signal('SIGKILL');
    assert.equal(await start.exit(), 0, start.stderr);
    assert.equal(existsSync(join(home, '.set-up.lock')), false);
  });

  test('says so when it may not write where it is', async () => {
    const { home, env } = makeClone(LINK_PACKAGES);
    rmSync(join(env.PATH!, 'mkdir'));
    writeFileSync(join(env.PATH!, 'mkdir'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const start = launch(join(home, 'bin/flume-ng'), ['version'], { cwd: home, env });
    assert.equal(await start.exit(), 1);
    assert.match(start.stderr, /has to be set up, but .*\.set-up\.lock cannot be made there/);
  });

  test('does not start what does not compile', async () => {
    const { home, env } = makeClone(LINK_PACKAGES);
    writeFileSync(join(home, 'src/base/broken.ts'), 'export const number: number = "text";\n');
    const start = launch(join(home, 'bin/flume-ng'), ['version'], { cwd: home, env });
    assert.equal(await start.exit(), 1);
    assert.match(start.stderr, /broken\.ts.*error TS2322/);
    assert.match(start.stderr, /Error: the sources do not compile/);
    assert.equal(start.stdout, '');
  });
});
