/** `MILLRACE_NATIVE=0` keeps native add-ons out of the process: of the main thread and of the workers. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { temporaryDirectory } from '../kit/temporary.ts';
import { until } from '../kit/until.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const HEADERS = pathToFileURL(join(ROOT, 'src/memory/block/headers.ts')).href;
const require = createRequire(join(ROOT, 'package.json'));

interface Report {
  readonly sharedObjects: readonly string[];
}

function addonsOf({ sharedObjects }: Report): readonly string[] {
  return sharedObjects.filter((path) => path.endsWith('.node')).map((path) => basename(path));
}

function environment(native: string | undefined): NodeJS.ProcessEnv {
  const { MILLRACE_NATIVE: _, MSGPACKR_NATIVE_ACCELERATION_DISABLED: __, ...env } = process.env;
  return native === undefined ? env : { ...env, MILLRACE_NATIVE: native };
}

/** Runs a module in a process of its own; it prints what it has to say as JSON. */
function runModule(code: string, native: string | undefined): unknown {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    cwd: ROOT,
    env: environment(native),
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

const REPORT =
  'process.report.excludeNetwork = true; console.log(JSON.stringify(process.report.getReport()));';
const CODEC = `import { decodeHeaders, encodeHeaders } from ${JSON.stringify(HEADERS)};
  const map = new Map([['host', 'a'.repeat(40)], ['grün', 'ß'.repeat(40)]]);
  if (decodeHeaders(encodeHeaders(map)).get('grün') !== map.get('grün')) throw new Error('not the same map');`;

const IN_MAIN = `${CODEC}\n${REPORT}`;
const IN_WORKER = `import { once } from 'node:events';
  import { Worker } from 'node:worker_threads';
  const code = ${JSON.stringify(CODEC)};
  const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(code)));
  await once(worker, 'exit');
  ${REPORT}`;

const POOL = pathToFileURL(join(ROOT, 'src/engine/pool/pool.ts')).href;
const IN_POOL = `import { inflateRawSync } from 'node:zlib';
  import { BlockPool } from ${JSON.stringify(POOL)};
  const pool = new BlockPool();
  const bytes = new Uint8Array(100_000).fill(7);
  if (!inflateRawSync(await pool.compress('raw-deflate', bytes)).equals(bytes)) throw new Error('not the same bytes');
  if (pool.size === 0) throw new Error('the pool has no thread');
  process.report.excludeNetwork = true;
  const report = JSON.stringify(process.report.getReport());
  await pool.close();
  console.log(report);`;

/** Whether this machine has msgpackr's extractor and can load it: it is optional. */
const EXTRACTOR_LOADS = runModule(
  `import { createRequire } from 'node:module';
    let loads = true;
    try { createRequire(${JSON.stringify(require.resolve('msgpackr'))})('msgpackr-extract'); } catch { loads = false; }
    console.log(loads);`,
  undefined,
) as boolean;

describe('MILLRACE_NATIVE', () => {
  for (const [place, code] of [
    ['the main thread', IN_MAIN],
    ['a worker', IN_WORKER],
  ] as const) {
    test(`0 keeps the header codec in ${place} from loading an add-on`, () => {
      assert.deepEqual(addonsOf(runModule(code, '0') as Report), []);
    });
  }

  for (const native of [undefined, '1']) {
    const shown = native === undefined ? 'left unset' : `'${native}'`;
    test(`${shown} lets the codec load its extractor where there is one`, () => {
      const addons = addonsOf(runModule(IN_MAIN, native) as Report);
      assert.equal(addons.length > 0, EXTRACTOR_LOADS, addons.join(' '));
    });
  }

  test('0 keeps an agent with headers, all its threads together, free of add-ons', async () => {
    const addons = await addonsOfAgent(temporaryDirectory(), '0');
    assert.deepEqual(addons, []);
  });

  test('left unset lets an agent load the extractor where there is one', async () => {
    const addons = await addonsOfAgent(temporaryDirectory(), undefined);
    assert.equal(addons.length > 0, EXTRACTOR_LOADS, addons.join(' '));
  });

  for (const native of ['0', undefined]) {
    test(`${native ?? 'left unset'}, the pool for block work loads no add-on: it sets no niceness`, () => {
      assert.deepEqual(addonsOf(runModule(IN_POOL, native) as Report), []);
    });
  }
});

const CONF = `a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = seq
a1.sources.r1.totalEvents = 10
a1.sources.r1.channels = c1
a1.sources.r1.interceptors = i1
a1.sources.r1.interceptors.i1.type = static
a1.channels.c1.type = memory
a1.sinks.k1.type = file_roll
a1.sinks.k1.sink.directory = OUT
a1.sinks.k1.sink.serializer = header_and_text
a1.sinks.k1.channel = c1
`;

/**
 * Runs an agent until it has written events with headers, and reads the report that it writes on a signal.
 */
async function addonsOfAgent(directory: string, native: string | undefined): Promise<readonly string[]> {
  const conf = join(directory, 'flume.conf');
  const out = join(directory, 'out');
  mkdirSync(out);
  writeFileSync(conf, CONF.replace('OUT', out));
  const report = join(directory, 'report.json');
  const flags = ['--report-on-signal', '--report-exclude-network', `--report-filename=${report}`];
  const main = [join(ROOT, 'src/main.ts'), 'agent', '--conf-file', conf, '--name', 'a1', '--no-reload-conf'];
  const agent = spawn(process.execPath, [...flags, ...main], {
    cwd: directory,
    env: environment(native),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(agent, 'exit');
  let output = '';
  const keep = (text: Buffer) => {
    output += text;
  };
  agent.stdout.on('data', keep);
  agent.stderr.on('data', keep);
  try {
    await until(
      'the last event is written',
      () => agent.exitCode !== null || /^\{key=value\} 9$/m.test(textOf(out)),
    );
    assert.equal(agent.exitCode, null, output);
    agent.kill('SIGUSR2');
    return addonsOf(await until('the report is written', () => wholeReport(report)));
  } finally {
    agent.kill('SIGTERM');
    await exited;
  }
}

function textOf(folder: string): string {
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}

/** Null while it is not there, or written in part. */
function wholeReport(path: string): Report | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return null;
  }
}
