import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { DirectoryLock } from '../../src/storage/lock.ts';
import { SystemLock } from '../../src/storage/system-lock.ts';
import { temporaryDirectory } from '../kit/temporary.ts';

const MODULE = new URL('../../src/storage/lock.ts', import.meta.url).href;
const fileIn = (directory: string) => join(directory, 'in_use.lock');
const systemFileIn = (directory: string) => join(directory, 'in_use.lock.db');

/** Another process that holds the directory. */
async function held(t: TestContext, directory: string): Promise<ChildProcess> {
  const code = `import(${JSON.stringify(MODULE)}).then(({ DirectoryLock }) => {
    globalThis.lock = DirectoryLock.acquire(${JSON.stringify(directory)}, 'channel c9');
    console.log('held');
    setInterval(() => {}, 1000);
  })`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  return child;
}

/** As if the holder ran in another container. */
function moveToOtherHost(directory: string): void {
  const holder = JSON.parse(readFileSync(fileIn(directory), 'utf8')) as object;
  writeFileSync(fileIn(directory), JSON.stringify({ ...holder, host: 'container-1' }));
}

function refused(directory: string, pattern: RegExp): void {
  assert.throws(() => DirectoryLock.acquire(directory, 'channel c1'), pattern);
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('a process that lives is named, one that was killed is taken over', async (t) => {
  const directory = temporaryDirectory();
  const child = await held(t, directory);
  refused(directory, new RegExp(`in use by channel c9 \\(process ${child.pid} on `));
  assert.equal(DirectoryLock.look(directory)!.isAlive, true);
  await killed(child);
  assert.equal(DirectoryLock.look(directory)!.isAlive, false);
  DirectoryLock.acquire(directory, 'channel c1').release();
  assert.equal(existsSync(fileIn(directory)), false);
});

test('so is one of another container: the system knows whether it lives', async (t) => {
  const directory = temporaryDirectory();
  const child = await held(t, directory);
  moveToOtherHost(directory);
  refused(directory, /in use by channel c9 \(process \d+ on container-1\)/);
  assert.equal(DirectoryLock.look(directory)!.isAlive, true);
  await killed(child);
  assert.equal(DirectoryLock.look(directory)!.isAlive, false);
  DirectoryLock.acquire(directory, 'channel c1').release();
});

test('whoever removes the file with the name does not let two in', async (t) => {
  const directory = temporaryDirectory();
  const child = await held(t, directory);
  rmSync(fileIn(directory));
  refused(directory, /in use by another process/);
  await killed(child);
  DirectoryLock.acquire(directory, 'channel c1').release();
});

test('where the system has no locks, one of another host counts as alive', async (t) => {
  const directory = temporaryDirectory();
  mkdirSync(systemFileIn(directory));
  const child = await held(t, directory);
  refused(directory, /in use by channel c9/);
  await killed(child);
  moveToOtherHost(directory);
  refused(directory, /in use by channel c9 \(process \d+ on container-1\)/);
  rmSync(fileIn(directory));
  DirectoryLock.acquire(directory, 'channel c1').release();
});

test('a file that names nobody is taken over', () => {
  const directory = temporaryDirectory();
  writeFileSync(fileIn(directory), '{"pid": ');
  DirectoryLock.acquire(directory, 'channel c1').release();
});

test('an owner whose worker died comes back, and holds the lock of the system again', async (t) => {
  const directory = temporaryDirectory();
  const code = `import(${JSON.stringify(MODULE)}).then(({ DirectoryLock }) => {
    globalThis.lock = DirectoryLock.acquire(${JSON.stringify(directory)}, 'channel c1');
    require('node:worker_threads').parentPort.postMessage('held');
    setInterval(() => {}, 1000);
  })`;
  const worker = new Worker(code, { eval: true });
  t.after(() => worker.terminate());
  await once(worker, 'message');
  assert.equal(SystemLock.isHeld(systemFileIn(directory)), true);
  await worker.terminate();
  assert.equal(SystemLock.isHeld(systemFileIn(directory)), false);
  const lock = DirectoryLock.acquire(directory, 'channel c1');
  assert.equal(SystemLock.isHeld(systemFileIn(directory)), true);
  assert.throws(() => DirectoryLock.acquire(directory, 'channel c2'), /in use by channel c1/);
  lock.release();
});

test('released twice, it is not the next owner’s that goes', () => {
  const directory = temporaryDirectory();
  const first = DirectoryLock.acquire(directory, 'channel c1');
  first.release();
  const second = DirectoryLock.acquire(directory, 'channel c2');
  first.release();
  refused(directory, /in use by channel c2/);
  second.release();
});
