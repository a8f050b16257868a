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
import { test } from 'node:test';
import { confFile, type RunningMillrace, startMillrace } from '../../kit/process.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';

const KILLS = 3;
const LINES_A_WRITE = 5;
/** What the channel holds: as much may come again after a kill, as takes reach the disk with later puts. */
const CHANNEL_EVENTS = 2000;

function agentConf(base: string): string {
  return confFile(
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
     a1.channels.c1.capacity = ${CHANNEL_EVENTS}
     a1.channels.c1.transactionCapacity = ${CHANNEL_EVENTS}
     a1.sinks.k1.type = file_roll
     a1.sinks.k1.sink.directory = ${join(base, 'out')}
     a1.sinks.k1.sink.rollInterval = 0
     a1.sinks.k1.channel = c1`,
  );
}

test('kill -9 while lines are written and the file is rotated loses none; repeats are bounded', async (t) => {
  const base = temporaryDirectory();
  const logs = join(base, 'logs');
  const out = join(base, 'out');
  for (const directory of [logs, out]) mkdirSync(directory);
  const conf = agentConf(base);
  const delivered = (): string[] =>
    readdirSync(out).flatMap((name) => readFileSync(join(out, name), 'utf8').split('\n').slice(0, -1));
  const start = (): RunningMillrace =>
    startMillrace(t, ['agent', '-f', conf, '-n', 'a1', '--no-reload-conf']);

  /** The stored position of the file with this name; 0 while there is none. */
  const stored = (name: string): number => {
    if (!existsSync(join(base, 'positions/p.json'))) return 0;
    const { ino } = statSync(join(logs, name));
    const text = readFileSync(join(base, 'positions/p.json'), 'utf8');
    return Number(new RegExp(`"inode":${ino},"pos":(\\d+)`).exec(text)?.[1] ?? 0);
  };

  let written = 0;
  const write = (): void => {
    const lines = Array.from({ length: LINES_A_WRITE }, () => `line ${written++} ${'.'.repeat(50)}\n`);
    appendFileSync(join(logs, 'app.log'), lines.join(''));
  };
  const writing = setInterval(write, 5);
  t.after(() => clearInterval(writing));
  /** The number of the first line behind the stored position of a file that was renamed. */
  const linesBefore = (kill: number): number => {
    const bytes = readFileSync(join(logs, `app.log.${kill}`));
    const pos = stored(`app.log.${kill}`);
    const behind = bytes.toString('latin1', pos, bytes.indexOf('\n', pos));
    return behind === '' ? written : Number(behind.split(' ')[1]);
  };
  const mayRepeat: { readonly from: number; readonly to: number }[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const agent = start();
    const before = delivered().length;
    await until('lines come', () => delivered().length > before + 100);
    await until('the position of the file is stored', () => stored('app.log') > 0);
    // The name does not match: the rest of it must not be left behind.
    renameSync(join(logs, 'app.log'), join(logs, `app.log.${kill}`));
    write();
    agent.signal('SIGKILL');
    await agent.exit();
    mayRepeat.push({ from: linesBefore(kill) - CHANNEL_EVENTS, to: written });
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
  const times = Map.groupBy(delivered(), (line) => Number(line.split(' ')[1]));
  const wrong = [...times].filter(
    ([n, lines]) => lines.length > 1 && !mayRepeat.some(({ from, to }) => n >= from && n < to),
  );
  assert.deepEqual(
    wrong.map(([n]) => n),
    [],
    `lines before a stored position came again; ${JSON.stringify(mayRepeat)} may`,
  );
});
