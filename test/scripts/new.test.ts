import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { scaffold } from '../../scripts/new.ts';
import { ROOT } from '../../scripts/reference/components.ts';
import { filesFor, hasEntry, withEntry } from '../../scripts/scaffold/files.ts';
import { KINDS } from '../../src/cli/commands/components.ts';
import type { RegistryEntry } from '../../src/component/declaration.ts';
import { planAgent } from '../../src/config/plan/plan.ts';
import { parseProperties } from '../../src/config/properties/parse.ts';

const run = promisify(execFile);
const SCRIPT = join(ROOT, 'scripts/new.ts');
const NODE_MODULES = join(ROOT, 'node_modules');
const nameOf = (kind: string) => `my_${kind}`;

/** A copy of the sources with a new component of every kind. */
let root = '';
let written: readonly string[] = [];

before(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-new-'));
  cpSync(join(ROOT, 'src'), join(root, 'src'), { recursive: true });
  for (const name of ['package.json', 'tsconfig.json', 'biome.json'])
    cpSync(join(ROOT, name), join(root, name));
  symlinkSync(NODE_MODULES, join(root, 'node_modules'));
  written = KINDS.flatMap((kind) => scaffold(root, `${kind}s`, nameOf(kind)));
});

after(() => rmSync(root, { recursive: true, force: true }));

function codeFiles(): readonly string[] {
  return [...written.filter((path) => path.endsWith('.ts')), 'src/registry.ts'];
}

/** Exit code and both outputs of `npm run new -- …args`. */
function call(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('npm run new', () => {
  test('writes five files of every kind', () => {
    assert.equal(written.length, KINDS.length * 5);
    for (const path of written) assert.ok(existsSync(join(root, path)), path);
    for (const path of ['src/sinks/my_sink/sink.ts', 'conf/examples/sinks/my_sink.conf'])
      assert.ok(written.includes(path), path);
  });

  test('what it writes compiles', async () => {
    writeFileSync(
      join(root, 'tsconfig.new.json'),
      JSON.stringify({ extends: './tsconfig.json', include: [], files: codeFiles() }),
    );
    const tsc = join(NODE_MODULES, 'typescript/bin/tsc');
    const output = await run(process.execPath, [tsc, '-p', 'tsconfig.new.json'], { cwd: root }).then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => stdout,
    );
    const errors = output.split('\n').filter((line) => line.includes('/my_'));
    assert.deepEqual(errors, []);
  });

  test('what it writes is formatted, and so is the registry', async () => {
    const biome = join(NODE_MODULES, '@biomejs/biome/bin/biome');
    const args = [biome, 'check', '--error-on-warnings', '--vcs-enabled=false', ...codeFiles()];
    await assert.doesNotReject(run(process.execPath, args, { cwd: root }));
  });

  test('its tests pass', async () => {
    const files = written.filter((path) => path.endsWith('.test.ts'));
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    const args = ['--test', '--test-isolation=none', '--test-reporter=tap', ...files];
    const { stdout } = await run(process.execPath, args, { cwd: root, env });
    const passed = Number(/^# pass (\d+)$/m.exec(stdout)?.[1]);
    assert.ok(passed >= 2 * KINDS.length, stdout);
  });

  test('its examples plan without a finding, with the new component', async () => {
    const { registry } = (await import(pathToFileURL(join(root, 'src/registry.ts')).href)) as {
      registry: readonly RegistryEntry[];
    };
    const scope = { registry, env: {}, systemProperties: {}, classPath: [], plugin: async () => null };
    for (const kind of KINDS) {
      const text = readFileSync(join(root, `conf/examples/${kind}s/${nameOf(kind)}.conf`), 'utf8');
      const { properties } = parseProperties(text, 'new.conf');
      const { plan, findings } = await planAgent(properties, 'a1', scope);
      assert.deepEqual(findings, [], kind);
      assert.ok(JSON.stringify(plan).includes(`"${nameOf(kind)}"`), kind);
    }
  });

  test('it says what it wrote and what comes next', () => {
    const { status, stdout } = call('sinks', 'my_other', '--root', root);
    assert.equal(status, 0);
    assert.match(stdout, /written: src\/sinks\/my_other\/index\.ts/);
    assert.match(stdout, /changed: src\/registry\.ts\n\nnext:/);
    assert.match(readFileSync(join(root, 'src/registry.ts'), 'utf8'), /entry\('sink', \['my_other'\], \[\],/);
  });

  test('--help explains it', () => {
    const { status, stdout } = call('--help');
    assert.equal(status, 0);
    assert.match(stdout, /usage: npm run new -- KIND NAME/);
  });

  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['no arguments', [], /give a KIND and a NAME/],
    ['a kind alone', ['sinks'], /give a KIND and a NAME/],
    ['a misspelt kind', ['snks', 'x'], /there is no kind 'snks'; did you mean sinks\?/],
    ['something that is no kind', ['zzz', 'x'], /kinds are sources, channels/],
    ['a name with other letters', ['sinks', 'My-Sink'], /'My-Sink' cannot be a name/],
    ['a name that leads elsewhere', ['sinks', '../x'], /cannot be a name/],
    ['a name that is taken', ['sinks', 'logger'], /has a sink named logger already/],
    ['a folder that is there', ['sources', 'stress'], /src\/sources\/stress exists already/],
    ['an unknown option', ['sinks', 'x', '--what'], /Unknown option '--what'/],
  ];
  for (const [what, args, message] of wrong) {
    test(`${what} is refused, and nothing is written`, () => {
      const before = readFileSync(join(root, 'src/registry.ts'), 'utf8');
      const { status, stdout, stderr } = call(...args, '--root', root);
      assert.equal(status, 1);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.match(stderr, /^Error: /);
      assert.equal(readFileSync(join(root, 'src/registry.ts'), 'utf8'), before);
      assert.ok(!existsSync(join(root, 'src/sinks/x')));
    });
  }

  test('a folder that is no checkout is refused', () => {
    const { status, stderr } = call('sinks', 'x', '--root', tmpdir());
    assert.equal(status, 1);
    assert.match(stderr, /is no checkout/);
  });
});

describe('the line of the registry', () => {
  const registry = readFileSync(join(ROOT, 'src/registry.ts'), 'utf8');

  test('stands behind the last one of its kind', () => {
    for (const kind of KINDS) {
      const kinds = [...withEntry(registry, kind, 'x').matchAll(/entry\(\s*'(\w+)'/g)].map(
        ([, found]) => found,
      );
      assert.deepEqual(
        kinds,
        [...kinds].sort((a, b) => KINDS.indexOf(a as never) - KINDS.indexOf(b as never)),
      );
      assert.equal(kinds.filter((one) => one === kind).length, count(registry, kind) + 1);
    }
  });

  test('goes to the end when there is none of its kind', () => {
    const text = withEntry('export const registry = [\n];\n', 'sink', 'x');
    assert.match(text, /^export const registry = \[\n {2}entry\('sink', .*\),\n\];\n$/);
  });

  test('is broken like the formatter does when it is long', () => {
    const text = withEntry(registry, 'interceptor', 'a'.repeat(40));
    assert.ok(text.includes(`  entry(\n    'interceptor',\n    ['${'a'.repeat(40)}'],\n    [],\n`));
  });

  test('is found by kind and name, in any letter case', () => {
    assert.ok(hasEntry(registry, 'sink', 'null'));
    assert.ok(!hasEntry(registry, 'source', 'null'));
    assert.ok(hasEntry(`[\n  entry('channel', ['SPILL'], [], x),\n];`, 'channel', 'spill'));
  });

  test('no text of a kind keeps a place holder', () => {
    for (const kind of KINDS) {
      for (const [path, text] of filesFor(kind, 'x')) assert.doesNotMatch(text, /\bNAME\b/, path);
    }
  });
});

function count(registry: string, kind: string): number {
  return [...registry.matchAll(new RegExp(`entry\\(\\s*'${kind}'`, 'g'))].length;
}
