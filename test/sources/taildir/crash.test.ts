/** A real agent that is killed: after it has started again every line has come, and few came twice. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { confFile, type RunningMillrace, startMillrace } from '../../kit/process.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

const KILLS = 3;
const LINES_A_WRITE = 20;

function agentConf(t: TestContext, base: string): string {
  return confFile(
    t,
    `a1.sources = r1
     a1.channels = c1
     a1.sinks = k1
     a1.sources.r1.type = TAILDIR
     a1.sources.r1.filegroups = f1
     a1.sources.r1.filegroups.f1 = ${join(base, 'logs')}/app\\\\.log
     a1.sources.r1.positionFile = ${join(base, 'positions/p.json')}
     a1.sources.r1.writePosInterval = 50
     a1.sources.r1.channels = c1
     a1.channels.c1.type = file
     a1.channels.c1.checkpointDir = ${join(base, 'checkpoint')}
     a1.channels.c1.dataDirs = ${join(base, 'data')}
     a1.channels.c1.minimumRequiredSpace = 1MiB
     a1.sinks.k1.type = file_roll
     a1.sinks.k1.sink.directory = ${join(base, 'out')}
     a1.sinks.k1.sink.rollInterval = 0
     a1.sinks.k1.channel = c1`,
  );
}

test('kill -9 while lines are written and the file is rotated loses none; repeats are bounded', async (t) => {
  const base = temporaryDirectory(t);
  const logs = join(base, 'logs');
  const out = join(base, 'out');
  for (const directory of [logs, out]) mkdirSync(directory);
  const conf = agentConf(t, base);
  const delivered = (): string[] =>
    readdirSync(out).flatMap((name) => readFileSync(join(out, name), 'utf8').split('\n').slice(0, -1));
  const start = (): RunningMillrace =>
    startMillrace(t, ['agent', '-f', conf, '-n', 'a1', '--no-reload-conf']);

  const isStored = (): boolean => {
    if (!existsSync(join(base, 'positions/p.json'))) return false;
    const inode = statSync(join(logs, 'app.log')).ino;
    return new RegExp(`"inode":${inode},"pos":[1-9]`).test(
      readFileSync(join(base, 'positions/p.json'), 'utf8'),
    );
  };

  let written = 0;
  const write = (): void => {
    const lines = Array.from({ length: LINES_A_WRITE }, () => `line ${written++} ${'.'.repeat(50)}\n`);
    appendFileSync(join(logs, 'app.log'), lines.join(''));
  };
  const writing = setInterval(write, 5);
  t.after(() => clearInterval(writing));
  for (let kill = 0; kill < KILLS; kill++) {
    const agent = start();
    const before = delivered().length;
    await until('lines come', () => delivered().length > before + 100);
    await until('the position of the file is stored', isStored);
    // The name does not match: the rest of it must not be left behind.
    renameSync(join(logs, 'app.log'), join(logs, `app.log.${kill}`));
    write();
    agent.signal('SIGKILL');
    await agent.exit();
  }
  clearInterval(writing);
  const agent = start();
  const missing = (): string[] => {
    const numbers = new Set(delivered().map((line) => line.split(' ')[1]));
    return Array.from({ length: written }, (_, n) => String(n)).filter((n) => !numbers.has(n));
  };
  await until('every line has come', () => missing().length === 0);
  agent.signal('SIGTERM');
  await agent.exit();
  const all = delivered();
  const repeated = all.length - new Set(all).size;
  assert.ok(existsSync(join(base, 'positions/p.json')));
  assert.ok(repeated < written / 2, `${repeated} of ${written} lines came more than once`);
});
