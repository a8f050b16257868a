/**
 * Java Flume writes channels at random, is killed in the middle, and opens copies of what it left.
 * MILLRACE_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type KeySource, keysOfStore, readBacklog } from '../../../src/wire/flume-file-channel/backlog.ts';
import { until } from '../../kit/until.ts';
import { type Copy, type RandomScript, randomOf, randomScript, truthAt } from './random-channel.ts';
import {
  directoriesAt,
  drained,
  JavaFileChannel,
  openCommand,
  type PlainEvent,
  plain,
  putCommand,
  type Taken,
} from './script.ts';

const CHANNELS = 6;

const folder = mkdtempSync(join(tmpdir(), 'millrace-live-'));
const java = new JavaFileChannel(folder);
after(() => rmSync(folder, { recursive: true, force: true }));

const passwordFile = join(folder, 'password');
const keyStoreFile = join(folder, 'keys.jceks');
const ENCRYPTED = {
  'encryption.activeKey': 'k',
  'encryption.cipherProvider': 'AESCTRNOPADDING',
  'encryption.keyProvider': 'JCEKSFILE',
  'encryption.keyProvider.keyStoreFile': keyStoreFile,
  'encryption.keyProvider.keyStorePasswordFile': passwordFile,
  'encryption.keyProvider.keys': 'k',
};

function read(
  at: string,
  dataDirs: number,
  more: { keys?: KeySource; useCheckpoint?: boolean } = {},
): PlainEvent[] {
  return [...readBacklog({ ...directoriesAt(at, dataDirs), ...more }).events()].map(plain);
}

const bodiesOf = (events: readonly PlainEvent[]) => events.map(({ body }) => body);
const sorted = (events: readonly PlainEvent[]) =>
  events.map((event) => JSON.stringify(event)).sort((a, b) => (a < b ? -1 : 1));

describe('a channel that Java Flume used at random', () => {
  const seed = Number(process.env.MILLRACE_SEED ?? Date.now()) >>> 0;
  const random = randomOf(seed);
  writeFileSync(passwordFile, 'storeSecret\n');
  java.run([`keys ${keyStoreFile} ${passwordFile} k 256 ${passwordFile}`]);
  const keys = keysOfStore({ keyStoreFile, keyStorePasswordFile: passwordFile });

  for (let i = 0; i < CHANNELS; i++) {
    test(`reads as Flume delivers it: channel ${i} of seed ${seed}`, () => {
      const settings: Record<string, string> = i % 3 === 2 ? ENCRYPTED : {};
      const script = randomScript(join(folder, `channel${i}`), random, settings);
      const taken = java.run([...script.commands, 'halt']);
      for (const { at } of script.copies) {
        for (const one of ['drained', 'logs']) cpSync(at, `${at}-${one}`, { recursive: true });
        rmSync(join(`${at}-logs`, 'checkpoint'), { recursive: true });
      }
      java.run(
        script.copies.flatMap(({ at, dataDirs }) =>
          ['drained', 'logs'].flatMap((one) => [
            openCommand(`${at}-${one}`, dataDirs, settings),
            `drain ${at}-${one}.txt`,
            'close',
          ]),
        ),
      );
      for (const copy of script.copies) compare(script, copy, taken, keys);
    });
  }
});

function compare(script: RandomScript, copy: Copy, taken: readonly Taken[], keys: KeySource): void {
  const { at, dataDirs } = copy;
  const { backlog, again, unordered } = truthAt(script, copy, taken);
  const ours = read(at, dataDirs, { keys });
  assert.deepEqual(new Set(bodiesOf(ours)), backlog, `${at}: what is not taken`);
  assert.equal(ours.length, backlog.size, `${at}: nothing twice`);
  const flume = drained(`${at}-drained.txt`).filter(({ body }) => !again.has(body));
  assert.deepEqual(sorted(ours), sorted(flume), `${at}: as Flume`);
  const ordered = (events: PlainEvent[]) => events.filter(({ body }) => !unordered.has(body));
  assert.deepEqual(ordered(ours), ordered(flume), `${at}: in Flume's order`);
  const byLogs = read(at, dataDirs, { keys, useCheckpoint: false });
  assert.deepEqual(byLogs, drained(`${at}-logs.txt`), `${at}: by the logs, as Flume without a checkpoint`);
}

test('a directory that a running agent holds is refused, and read once the agent is gone', async () => {
  const at = join(folder, 'held');
  const agent = spawn('java', java.command(), { stdio: ['pipe', 'ignore', 'inherit'] });
  try {
    const commands = [openCommand(at, 1), 'begin p', putCommand('p', 'kept'), 'commit p'];
    agent.stdin.write(`${commands.join('\n')}\n`);
    const refusal = await until('the agent holds the directory', () => refusalOf(at));
    assert.equal(refusal.code, 'STORAGE_LOCKED');
    assert.match(refusal.message, new RegExp(`held.* is in use by process ${agent.pid}$`));
  } finally {
    agent.stdin.end('halt\n');
    await new Promise((resolve) => agent.once('exit', resolve));
  }
  assert.deepEqual(
    read(at, 1).map(({ body }) => Buffer.from(body, 'base64').toString()),
    ['kept'],
  );
});

/** The refusal, once there is one: before it starts, an agent has no directories. */
function refusalOf(at: string): { code: string; message: string } | null {
  try {
    readBacklog(directoriesAt(at, 1));
    return null;
  } catch (error) {
    const refusal = error as { code: string; message: string };
    return refusal.code === 'STORAGE_LOCKED' ? refusal : null;
  }
}
