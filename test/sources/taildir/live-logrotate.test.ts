/** Debian's logrotate against a running source: every line once, whatever way of rotation. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { until } from '../../kit/until.ts';
import { firstOf, install } from '../../peers/sql/debian.ts';
import { TailRig } from './rig.ts';

const program = (): string => install(() => firstOf(['/usr/sbin/logrotate']), ['logrotate']);
const ROUNDS = 5;
const LINES_A_ROUND = 200;

interface Way {
  readonly name: string;
  /** Lines of logrotate.conf. */
  readonly directives: readonly string[];
  readonly pattern: string;
  /**
   * The writer waits while logrotate runs: what is written between copy and cut is lost by logrotate
   * itself.
   */
  readonly pauses?: boolean;
}

const WAYS: readonly Way[] = [
  { name: 'create', directives: ['create'], pattern: '@/app\\.log' },
  { name: 'create, rotated names match', directives: ['create'], pattern: '@/app\\.log.*' },
  {
    name: 'create with dates',
    directives: ['create', 'dateext', 'dateformat -%s'],
    pattern: '@/app\\.log.*',
  },
  {
    name: 'create, compressed one rotation later',
    directives: ['create', 'compress', 'delaycompress'],
    pattern: '@/app\\.log(\\.[0-9]+)?',
  },
  { name: 'copytruncate', directives: ['copytruncate'], pattern: '@/app\\.log.*', pauses: true },
  {
    name: 'nocreate into another directory that is watched',
    directives: ['nocreate', 'olddir @/old', 'createolddir 755 root root'],
    pattern: '@/app\\.log',
  },
];

async function rotate(t: TestContext, way: Way): Promise<void> {
  const rig = await TailRig.open(
    t,
    { filegroups: 'f1 f2', 'filegroups.f1': way.pattern, 'filegroups.f2': '@/old/.*', watch: 'true' },
    (it) => {
      execFileSync('mkdir', [it.path('old')]);
      // logrotate trusts no directory that others may write to.
      chmodSync(it.directory, 0o755);
      writeFileSync(it.path('app.log'), '');
    },
  );
  const conf = join(dirname(rig.directory), 'logrotate.conf');
  const directives = way.directives.map((line) => line.replaceAll('@', rig.directory));
  writeFileSync(conf, `${rig.path('app.log')} {\n  rotate 20\n  ${directives.join('\n  ')}\n}\n`);
  const state = join(dirname(rig.directory), 'state');
  const wanted: string[] = [];
  const write = (lines: number): void => {
    for (let n = 0; n < lines; n++) {
      wanted.push(`line ${wanted.length} ${'.'.repeat(40)}`);
      appendFileSync(rig.path('app.log'), `${wanted.at(-1)}\n`);
    }
  };
  const isBegun = (): boolean => {
    const inode = statSync(rig.path('app.log')).ino;
    return new RegExp(`"inode":${inode},"pos":[1-9]`).test(rig.storedText());
  };
  const writing = setInterval(() => {
    if (way.pauses !== true) write(3);
  }, 1);
  t.after(() => clearInterval(writing));
  for (let round = 0; round < ROUNDS; round++) {
    write(LINES_A_ROUND);
    // A file that nobody has seen under a name that matches cannot be known under another.
    await until('the file is known', isBegun);
    if (round % 2 === 0) await rig.untilCount(wanted.length - 50);
    const second = Math.floor(Date.now() / 1000);
    write(LINES_A_ROUND);
    execFileSync(program(), ['--force', '--state', state, conf]);
    // Names with a second in them must not meet.
    if (directives.includes('dateext')) {
      await until('the next second', () => Math.floor(Date.now() / 1000) > second);
    }
  }
  clearInterval(writing);
  write(1);
  await rig.untilCount(wanted.length);
  const files = readdirSync(rig.directory).join(' ');
  assert.deepEqual([...rig.bodies].sort(), [...wanted].sort(), files);
}

describe('logrotate', () => {
  for (const way of WAYS) test(way.name, (t) => rotate(t, way));
});
