/** The distribution, unpacked where there is no Node, npm or network, by a tool that keeps no modes. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { before, describe, test } from 'node:test';
import { distributionName, makeDistribution } from '../../scripts/dist.ts';
import { copyCheckout, makeBarePath, ROOT, runAgentOnce, tempFolder, writeQuickstart } from './kit.ts';

/** A line of `tar -tv`, without the name of the top folder. */
interface Entry {
  readonly mode: string;
  readonly owner: string;
  readonly path: string;
}

function entriesOf(archive: string, top: string): readonly Entry[] {
  const lines = execFileSync('tar', ['-tvzf', archive, '--numeric-owner'], {
    encoding: 'utf8',
    maxBuffer: 64e6,
  });
  return lines.split('\n').flatMap((line) => {
    const [mode, owner] = line.split(/\s+/);
    const at = line.indexOf(` ${top}/`);
    return at < 0 ? [] : [{ mode: mode!, owner: owner!, path: line.slice(at + top.length + 2) }];
  });
}

/** As an unpacker without file modes leaves it, but for the one file that its user then made executable. */
function loseModes(home: string): void {
  for (const path of readdirSync(home, { recursive: true, encoding: 'utf8' })) {
    const file = join(home, path);
    if (statSync(file).isFile()) chmodSync(file, 0o644);
  }
  chmodSync(join(home, 'bin/flume-ng'), 0o755);
}

describe('the distribution', () => {
  const base = tempFolder();
  const top = distributionName(ROOT);
  const home = join(base, top);
  let archive: string;
  let entries: readonly Entry[];
  let env: Record<string, string>;

  before(async () => {
    // Made from a copy: whoever changes a file meanwhile, or builds, does not get in the way.
    const stage = join(base, 'stage');
    copyCheckout(stage);
    symlinkSync(join(ROOT, 'node_modules'), join(stage, 'node_modules'));
    archive = await makeDistribution(stage, join(base, 'out'));
    entries = entriesOf(archive, top);
    execFileSync('tar', ['-xzf', archive, '-C', base]);
    loseModes(home);
    mkdirSync(join(base, 'user'));
    env = { PATH: makeBarePath(join(base, 'tools')), HOME: join(base, 'user') };
  });

  test('is laid out as Flume’s is, with its Node and production modules only', () => {
    assert.equal(basename(archive), `${top}.tar.gz`);
    const paths = new Set(entries.map(({ path }) => path));
    const wanted = ['bin/flume-ng', 'bin/millrace', 'conf/examples/quickstart.conf', 'plugins.d/', 'LICENSE'];
    wanted.push('lib/dist/main.js', 'lib/package.json', 'lib/scripts/node.sh', 'lib/node_modules/msgpackr/');
    for (const path of wanted) assert.ok(paths.has(path), path);
    for (const path of ['src/', 'test/', 'node_modules/', 'lib/node_modules/typescript/']) {
      assert.equal(paths.has(path), false, path);
    }
    const binaries = entries.filter(({ path }) => /^lib\/node_modules\/node-[\w-]+\/bin\/node$/.test(path));
    assert.equal(binaries.length, 1);
  });

  test('lists names in order, without links, owned by nobody in particular', () => {
    const paths = entries.map(({ path }) => path.replace(/\/$/, ''));
    assert.deepEqual(paths, [...paths].sort());
    assert.deepEqual([...new Set(entries.map(({ mode }) => mode[0]))].sort(), ['-', 'd']);
    assert.deepEqual([...new Set(entries.map(({ owner }) => owner))], ['0/0']);
    const runnable = entries.filter(({ mode }) => mode === '-rwxr-xr-x').map(({ path }) => basename(path));
    assert.deepEqual(runnable.sort(), ['flume-ng', 'millrace', 'node']);
  });

  test('runs the quick start although modes were lost, and ends with its ports closed', async () => {
    writeQuickstart(home, join(base, 'quickstart.conf'));
    const classPath = `${join(base, 'one')}:${join(base, 'two')}`;
    const args = ['--conf', join(home, 'conf'), '-f', 'quickstart.conf', '-C', classPath];
    await runAgentOnce({ launcher: join(home, 'bin/flume-ng'), args, cwd: base, env });
    assert.equal(existsSync(join(home, 'lib/node_modules/.package-lock.json')), false);
  });

  test('tells its version and lists its components', () => {
    const run = (args: readonly string[]) =>
      execFileSync(join(home, 'bin/flume-ng'), [...args], { env, encoding: 'utf8' });
    assert.match(
      run(['version']),
      /^Millrace \d+\.\d+\.\d+ \(compatible with Flume 1\.11\.0\), Node\.js v24\./,
    );
    assert.match(run(['components', 'sinks']), /^ {2}file_roll /m);
  });

  test('lets a plug-in of plugins.d import millrace/plugin', () => {
    const plugin = join(home, 'plugins.d/shout');
    mkdirSync(plugin);
    writeFileSync(
      join(plugin, 'package.json'),
      '{ "name": "shout", "type": "module", "main": "index.js" }\n',
    );
    writeFileSync(
      join(plugin, 'index.js'),
      `import { optionTable } from 'millrace/plugin';
       const options = optionTable({ volume: { kind: 'int', default: 11, max: 11, help: 'How loud.' } });
       export default {
         kind: 'sink', aliases: [], classes: [], title: 'Shouts', stability: 'experimental', options,
         example: '', registersCounters: true, blocking: false,
         load: async () => ({ create: () => ({ batchSize: 1 }) }),
       };\n`,
    );
    const lines = ['a1.channels = c1', 'a1.channels.c1.type = memory', 'a1.sinks = k1'];
    lines.push('a1.sinks.k1.channel = c1', 'a1.sinks.k1.type = shout', 'a1.sinks.k1.volume = 12');
    writeFileSync(join(base, 'shout.conf'), `${lines.join('\n')}\n`);
    const args = ['validate', 'shout.conf', '-n', 'a1'];
    const told = spawnSync(join(home, 'bin/flume-ng'), args, { cwd: base, env, encoding: 'utf8' });
    const shown = told.stdout + told.stderr;
    // That 12 is too much is known from the plug-in's table alone.
    assert.match(shown, /volume.*12/);
    assert.doesNotMatch(shown, /CONF_UNKNOWN_TYPE|Unable to load|cannot be loaded/);
  });
});
