/**
 * What the tests of launchers, package and distribution share: copies of the checkout,
 * bare PATHs, running agents.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve, sep } from 'node:path';
import { after } from 'node:test';
import { RunningMillrace } from '../kit/process.ts';

export const ROOT = resolve(import.meta.dirname, '../..');

/** Everything that the launchers call, but no Node and no npm. */
const TOOLS = [
  ...[
    'bash',
    'cat',
    'chmod',
    'cp',
    'dirname',
    'find',
    'head',
    'id',
    'ln',
    'ls',
    'mkdir',
    'mv',
    'readlink',
    'rm',
  ],
  ...['sed', 'sh', 'sleep', 'touch', 'tr', 'uname', 'wc'],
];
const ANSWER_MS = 15_000;

/** A folder of this test file, gone when the file's tests have ended. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-scripts-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Where the PATH has `tool`; null when it does not. */
export function whichTool(tool: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return join(folder, tool);
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** A folder to be the whole PATH of a launcher: the usual tools without any Node. */
export function makeBarePath(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const tool of TOOLS) {
    const found = whichTool(tool);
    if (found !== null) symlinkSync(found, join(folder, tool));
  }
  return folder;
}

/**
 * Copies what a clone would have: the files that git tracks or would track; without git, all but what a build
 * makes. Times are kept, as the set-up compares them.
 */
export function copyCheckout(target: string): void {
  for (const file of checkoutFiles()) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(ROOT, file), join(target, file), { preserveTimestamps: true });
  }
}

function checkoutFiles(): readonly string[] {
  if (existsSync(join(ROOT, '.git')) && whichTool('git') !== null) {
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    // A file that is deleted but not committed is still listed.
    return listed.split('\0').filter((file) => file !== '' && existsSync(join(ROOT, file)));
  }
  const made = /^(node_modules|dist|logs|coverage|\.git|\.cache|\.set-up\.lock)$|\.t?gz$/;
  return readdirSync(ROOT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .filter((file) => !file.split(sep).some((part) => made.test(part)));
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Whether a connection to the port is refused. */
export function isClosed(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.destroy();
      done(false);
    });
    socket.on('error', () => done(true));
  });
}

/** Sends one line and resolves to the first bytes of the answer. */
export function askNetcat(port: number, line: string): Promise<string> {
  return new Promise((done, fail) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(line));
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('the netcat source did not answer')));
    socket.on('error', fail);
    socket.on('data', (bytes: Buffer) => {
      socket.destroy();
      done(bytes.toString('latin1'));
    });
  });
}

/** The quick start of conf/examples on a port that the system picks. */
export function writeQuickstart(home: string, file: string): void {
  const text = readFileSync(join(home, 'conf/examples/quickstart.conf'), 'utf8');
  const changed = text.replace(/^(a1\.sources\.r1\.port *= *).*$/m, '$10');
  assert.notEqual(changed, text);
  writeFileSync(file, changed);
}

/** Starts a launcher; it is killed when the file's tests end, if it has not ended. */
export function launch(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): RunningMillrace {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  after(() => child.kill('SIGKILL'));
  return new RunningMillrace(child, options.cwd);
}

export interface AgentCheck {
  readonly launcher: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Runs a quick-start agent through its life: OK for a line, the event in the log, counters over
 * HTTP; then SIGTERM to the launcher's pid, which ends it with code 0 and closes both ports.
 * Returns all that was on stderr.
 */
export async function runAgentOnce({ launcher, args, cwd, env }: AgentCheck): Promise<string> {
  const metricsPort = await freePort();
  const monitoring = ['-Dflume.monitoring.type=http', `-Dflume.monitoring.port=${metricsPort}`];
  const all = ['agent', '--name', 'a1', ...args, '-Dflume.root.logger==INFO,console', ...monitoring];
  const agent = launch(launcher, all, { cwd, env });
  const [, port] = await agent.untilWrites(/Created serverSocket:.*:(\d+)\]/);
  assert.equal(await askNetcat(Number(port), 'hello\r\n'), 'OK\n');
  await agent.untilWrites(/LoggerSink.* Event: \{ headers:\{\} body: 68 65 6C 6C 6F 0D +hello\. \}/);
  const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  const counters = (await answer.json()) as Record<string, Record<string, string>>;
  assert.equal(counters['CHANNEL.c1']?.EventPutSuccessCount, '1');
  agent.signal('SIGTERM');
  assert.equal(await agent.exit(), 0, agent.stderr);
  assert.deepEqual([await isClosed(Number(port)), await isClosed(metricsPort)], [true, true]);
  return agent.stderr;
}
