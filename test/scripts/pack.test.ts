/** `npm pack`, and what a user has after `npm install -g` of it: two commands, an agent, a library, types. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { copyCheckout, makeBarePath, ROOT, runAgentOnce, tempFolder, writeQuickstart } from './kit.ts';

const QUIET = ['--no-audit', '--no-fund', '--loglevel=error'];

describe('the package', () => {
  const base = tempFolder();
  const stage = join(base, 'stage');
  const prefix = join(base, 'prefix');
  const installed = join(prefix, 'lib/node_modules/millrace');
  const project = join(base, 'project');
  let files: readonly string[];
  let env: Record<string, string>;

  before(() => {
    // As from a registry, but made here; npm's cache has what it downloaded for the checkout.
    copyCheckout(stage);
    symlinkSync(join(ROOT, 'node_modules'), join(stage, 'node_modules'));
    const npm = (args: readonly string[], cwd: string) =>
      execFileSync('npm', [...args, ...QUIET], {
        cwd,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    const packed = npm(['pack', '--json', '--pack-destination', base], stage);
    const [report] = JSON.parse(packed.slice(packed.indexOf('[\n'))) as [
      { filename: string; files: { path: string }[] },
    ];
    files = report.files.map(({ path }) => path);
    npm(['install', '--global', '--prefix', prefix, '--prefer-offline', join(base, report.filename)], base);
    mkdirSync(join(base, 'user'));
    env = { PATH: makeBarePath(join(base, 'tools')), HOME: join(base, 'user') };

    mkdirSync(join(project, 'node_modules'), { recursive: true });
    symlinkSync(installed, join(project, 'node_modules/millrace'));
    writeFileSync(join(project, 'package.json'), '{ "type": "module" }\n');
  });

  test('holds what runs and what explains it, and nothing else', () => {
    const tops = new Set(files.map((file) => file.split('/', 1)[0]!));
    for (const top of ['bin', 'conf', 'dist', 'scripts', 'LICENSE', 'package.json'])
      assert.ok(tops.has(top), top);
    const known =
      /^(bin|conf|dist|docs|scripts\/node\.sh$|(LICENSE|README\.md|CHANGELOG\.md|package\.json)$)/;
    assert.deepEqual(
      files.filter((file) => !known.test(file)),
      [],
    );
    const compiled = files.filter((file) => file.startsWith('dist/'));
    assert.deepEqual(
      compiled.filter((file) => !/\.(js|d\.ts)$/.test(file)),
      [],
    );
    for (const name of ['main.js', 'index.js', 'index.d.ts', 'plugin.js', 'plugin.d.ts']) {
      assert.ok(compiled.includes(`dist/${name}`), name);
    }
  });

  test('gives the commands millrace and flume-ng, run by the Node that it brings', () => {
    assert.deepEqual(readdirSync(join(prefix, 'bin')).sort(), ['flume-ng', 'millrace']);
    for (const name of ['flume-ng', 'millrace']) {
      const shown = execFileSync(join(prefix, 'bin', name), ['version'], { env, encoding: 'utf8' });
      assert.match(shown, /^Millrace \d+\.\d+\.\d+ \(compatible with Flume 1\.11\.0\), Node\.js v24\./);
    }
  });

  test('runs the quick start, and ends with its ports closed', async () => {
    writeQuickstart(installed, join(base, 'quickstart.conf'));
    const launcher = join(prefix, 'bin/flume-ng');
    const args = ['--conf', join(installed, 'conf'), '--conf-file', 'quickstart.conf'];
    const errors = await runAgentOnce({ launcher, args, cwd: base, env });
    assert.doesNotMatch(errors, /setting up|compiling/);
  });

  test('is a library that runs an agent in the caller’s process', () => {
    writeFileSync(
      join(project, 'embed.js'),
      `import { checkConfiguration, createAgent, metricsJson, version } from 'millrace';
       const config = 'a1.channels = c1\\na1.sinks = k1\\na1.channels.c1.type = memory\\n' +
         'a1.sinks.k1.type = null\\na1.sinks.k1.channel = c1\\n';
       const { runnable, agents } = await checkConfiguration({ config, name: 'a1' });
       const unknown = await createAgent({ config, name: 'a2' }).catch((error) => error.code);
       const agent = await createAgent({ config, name: 'a1' });
       await agent.start();
       const states = agent.status().map(({ name, state }) => name + ' ' + state);
       const groups = Object.keys(JSON.parse(metricsJson(agent.counterGroups())));
       const drained = await agent.stop();
       console.log(JSON.stringify({ version, runnable, agents, unknown, states, groups, drained }));`,
    );
    const shown = execFileSync(process.execPath, ['embed.js'], { cwd: project, encoding: 'utf8' });
    const { version, ...rest } = JSON.parse(shown) as Record<string, unknown>;
    assert.match(String(version), /^\d+\.\d+\.\d+/);
    assert.deepEqual(rest, {
      runnable: true,
      agents: ['a1'],
      unknown: 'CONF_UNKNOWN_AGENT',
      states: ['c1 running', 'k1 running'],
      groups: ['CHANNEL.c1'],
      drained: true,
    });
  });

  test('has types for programs and plug-ins, and refuses deeper imports', () => {
    symlinkSync(join(ROOT, 'node_modules/@types'), join(project, 'node_modules/@types'));
    writeFileSync(
      join(project, 'consumer.ts'),
      `import { createAgent, type Agent } from 'millrace';
       import { optionTable, type OptionsOf, type SinkDeclaration } from 'millrace/plugin';
       import type { Batch, SinkContext } from 'millrace/plugin';
       const options = optionTable({ volume: { kind: 'int', default: 11, help: 'How loud.' } });
       type Options = OptionsOf<typeof options>;
       export const volume = (context: SinkContext): number => (context.options as Options).volume;
       const process = (batch: Batch) => batch.forEach((view, i) => view.bodyView(i));
       const sink = { batchSize: 10, process };
       export default {
         kind: 'sink', aliases: [], classes: [], title: 'Shouts', stability: 'experimental', options,
         example: '', registersCounters: true, blocking: false, load: async () => ({ create: () => sink }),
       } satisfies SinkDeclaration;
       export const agent: Promise<Agent> = createAgent({ config: '', name: 'a1' });
       // @ts-expect-error: a name is required
       createAgent({ config: '' });
       // @ts-expect-error: volume is a number
       export const text: string = {} as Options['volume'] satisfies number;
       // @ts-expect-error: only the exports can be imported
       import 'millrace/dist/registry.js';\n`,
    );
    const how = ['--strict', '--noEmit', '--target', 'es2024', '--module', 'nodenext', '--types', 'node'];
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    // skipLibCheck stays off: the declarations themselves must be sound.
    const outcome = run(process.execPath, [compiler, ...how, 'consumer.ts'], project);
    assert.equal(outcome, '');
  });
});

/** What a program printed; also when it failed. */
function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    return String((error as { stdout?: string }).stdout || error);
  }
}
