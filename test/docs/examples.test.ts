/** Programs of docs/examples are run as a user has them: with the package beside them, against an agent. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type Collected, MoodyChannel } from '../kit/flow.ts';
import { HOME } from '../kit/process.ts';
import { runSource } from '../kit/source.ts';
import { temporaryDirectory } from '../kit/temporary.ts';

const EXAMPLES = join(HOME, 'docs/examples');

/** A folder with the examples, where the package's names lead to the sources. */
function project(): string {
  const folder = temporaryDirectory();
  const { exports } = JSON.parse(readFileSync(join(HOME, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { readonly default: string }>;
  };
  const sources = Object.entries(exports).flatMap(([name, target]) =>
    typeof target === 'string'
      ? []
      : [[name, target.default.replace('/dist/', '/src/').replace(/js$/, 'ts')] as const],
  );
  const installed = join(folder, 'node_modules/millrace');
  mkdirSync(installed, { recursive: true });
  const manifest = { name: 'millrace', type: 'module', exports: Object.fromEntries(sources) };
  writeFileSync(join(installed, 'package.json'), JSON.stringify(manifest));
  symlinkSync(join(HOME, 'src'), join(installed, 'src'));
  for (const name of readdirSync(EXAMPLES)) copyFileSync(join(EXAMPLES, name), join(folder, name));
  return folder;
}

/** An agent with an avro source: its port, and what came. */
function receiver(
  t: TestContext,
  channel = `channels.c1.type = memory
     channels.c1.capacity = 100000
     channels.c1.transactionCapacity = 1000`,
): Promise<{ readonly port: number; readonly collected: Collected }> {
  return runSource(t, { type: 'avro', bind: '127.0.0.1' }, { channel });
}

/** What the program writes; it must succeed. */
async function run(folder: string, program: string, args: readonly string[], input = ''): Promise<string> {
  return (await runWithComplaints(folder, program, args, input)).output;
}

async function runWithComplaints(
  folder: string,
  program: string,
  args: readonly string[],
  input: string,
): Promise<{ readonly output: string; readonly complaints: string }> {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: 'pipe' });
  let output = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0, complaints);
  return { output, complaints };
}

describe('docs/examples', { concurrency: 4 }, () => {
  test('send.mjs', async (t) => {
    const { port, collected } = await receiver(t);
    const address = `127.0.0.1:${port}`;
    assert.equal(await run(project(), 'send.mjs', [address]), `${address} has 3 events\n`);
    await collected.untilCount(3);
    assert.deepEqual(collected.bodies, ['one event', 'of two events the first', '\0ÿ']);
    assert.deepEqual(
      collected.events.map(({ headers }) => Object.fromEntries(headers)),
      [{ host: 'web1' }, {}, { kind: 'bytes' }],
    );
  });

  test('deliver.mjs: every line, several calls at once', async (t) => {
    const { port, collected } = await receiver(t);
    const lines = Array.from({ length: 12_345 }, (_, n) => `line ${n}`);
    const output = await run(project(), 'deliver.mjs', [`127.0.0.1:${port}`], `${lines.join('\n')}\n`);
    assert.match(output, / has 12345 events\n$/);
    await collected.untilCount(lines.length);
    assert.deepEqual(collected.bodies, lines);
  });

  test('deliver.mjs: what is refused is sent again', async (t) => {
    const { port, collected } = await receiver(t, new MoodyChannel(t).channel('c1', 'alternate'));
    const lines = Array.from({ length: 2500 }, (_, n) => `line ${n}`);
    const address = `127.0.0.1:${port}`;
    const { output, complaints } = await runWithComplaints(
      project(),
      'deliver.mjs',
      [address],
      lines.join('\n'),
    );
    assert.match(output, / has 2500 events\n$/);
    assert.match(complaints, /^refused: .* 1000 events are sent again$/m);
    await collected.untilCount(lines.length);
    assert.deepEqual(new Set(collected.bodies), new Set(lines));
    assert.equal(collected.bodies.length, lines.length);
  });

  test('several-hosts.mjs with client.properties: in turn to both', async (t) => {
    const receivers = [await receiver(t), await receiver(t)];
    const folder = project();
    const file = join(folder, 'client.properties');
    const text = readFileSync(file, 'utf8')
      .replace('localhost:4141', `127.0.0.1:${receivers[0]!.port}`)
      .replace('localhost:4142', `127.0.0.1:${receivers[1]!.port}`);
    writeFileSync(file, text);
    assert.equal(await run(folder, 'several-hosts.mjs', []), '10 events were acknowledged\n');
    for (const [n, { collected }] of receivers.entries()) {
      await collected.untilCount(5);
      const expected = Array.from({ length: 5 }, (_, i) => `event ${2 * i + n + 1}`);
      assert.deepEqual(collected.bodies, expected);
    }
  });

  test('embedded.mjs: events leave through the agent’s sink', async (t) => {
    const { port, collected } = await receiver(t);
    const output = await run(project(), 'embedded.mjs', ['127.0.0.1', String(port)]);
    assert.equal(output, 'all events are delivered\n');
    await collected.untilCount(3);
    assert.deepEqual(collected.bodies, ['an order', 'two', 'at once']);
    const [first] = collected.events;
    assert.equal(first!.headers.get('host'), 'web1');
    assert.match(first!.headers.get('timestamp')!, /^\d{13}$/);
  });
});
