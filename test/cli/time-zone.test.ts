import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { applyTimeZone, zoneOf } from '../../src/cli/time-zone.ts';
import { confFile, runMillrace, startMillrace } from '../kit/process.ts';
import { until } from '../kit/until.ts';

const AT = new Date(Date.UTC(2024, 0, 15, 12));

/** Minutes east of Greenwich on a day in January, as the runtime sees the zone through TZ. */
function minutesEast(zone: string): number {
  const before = process.env.TZ;
  process.env.TZ = zone;
  const minutes = 0 - AT.getTimezoneOffset();
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
  return minutes;
}

describe('a zone by its Java name', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['Asia/Shanghai', 480],
    ['America/New_York', -300],
    ['Europe/Berlin', 60],
    ['PRC', 480],
    ['CTT', 480],
    ['JST', 540],
    ['PST', -480],
    ['EST', -300],
    ['UTC', 0],
    ['GMT', 0],
    ['GMT+8', 480],
    ['GMT+08', 480],
    ['GMT+08:00', 480],
    ['GMT+0800', 480],
    ['GMT-3', -180],
    ['GMT+0', 0],
    ['GMT+14', 840],
    ['GMT-12', -720],
    ['GMT+05:30', 330],
    ['GMT+5:45', 345],
    ['GMT-09:30', -570],
    ['Etc/GMT-8', 480],
  ];
  for (const [name, minutes] of cases) {
    test(`${name} is ${minutes} minutes east of Greenwich`, () => {
      const zone = zoneOf(name);
      assert.notEqual(zone, null);
      assert.equal(minutesEast(zone!), minutes);
    });
  }

  for (const name of [
    'Mars/Olympus',
    '+08:00',
    '-3',
    'GMT+15',
    'GMT-13',
    'GMT+05:17',
    'GMT+8:60',
    'UTC+8',
    ' ',
  ]) {
    test(`${name} is none`, () => assert.equal(zoneOf(name), null));
  }

  test('none, and an empty one, leave the zone of the system', () => {
    const before = process.env.TZ;
    assert.equal(applyTimeZone({}), null);
    assert.equal(applyTimeZone({ 'user.timezone': '' }), null);
    assert.equal(process.env.TZ, before);
  });
});

describe('-Duser.timezone of an agent', () => {
  /** A file whose name is the local time, written by the sink's worker. */
  const conf = `a1.sources = r1
    a1.channels = c1
    a1.sinks = k1
    a1.sources.r1.type = exec
    a1.sources.r1.command = date +%z
    a1.sources.r1.channels = c1
    a1.channels.c1.type = memory
    a1.sinks.k1.type = logger
    a1.sinks.k1.channel = c1`;
  const zones: readonly (readonly [string, Record<string, string>, readonly string[]])[] = [
    ['on the command line', {}, ['-Duser.timezone=Asia/Kathmandu']],
    ['in JAVA_OPTS', { JAVA_OPTS: '-Xmx64m -Duser.timezone=Asia/Kathmandu' }, []],
    [
      'on the command line, over JAVA_OPTS and TZ',
      { JAVA_OPTS: '-Duser.timezone=UTC', TZ: 'America/New_York' },
      ['-Duser.timezone=Asia/Kathmandu'],
    ],
  ];
  for (const [name, env, args] of zones) {
    test(`${name} is the zone of its log lines and of its workers`, async (t) => {
      const small = '-Dmillrace.workers.max=1';
      const logger = '-Dflume.root.logger=INFO,console';
      const agent = startMillrace(t, ['agent', '-f', confFile(conf), '-n', 'a1', logger, small, ...args], {
        env,
      });
      // The exec source runs in a worker: what it starts sees the worker's zone.
      const [line] = await agent.untilWrites(/^.*LoggerSink.*body: 2B 30 35 34 35.*$/m);
      const stamp = /^(\d{4}-\d\d-\d\d \d\d:\d\d):\d\d/.exec(line)![1]!;
      const local = (ms: number) => new Date(ms + 345 * 60_000).toISOString().slice(0, 16).replace('T', ' ');
      assert.ok([local(Date.now()), local(Date.now() - 60_000)].includes(stamp), stamp);
      agent.signal('SIGTERM');
      assert.equal(await agent.exit(), 0);
    });
  }

  test('that is no zone is a warning, and UTC is used as Java does', async (t) => {
    const agent = startMillrace(
      t,
      ['agent', '-f', confFile(conf), '-n', 'a1', '-Duser.timezone=Mars/Olympus'],
      {
        env: { TZ: 'Asia/Tokyo' },
      },
    );
    const log = join(agent.directory, 'logs/flume.log');
    const text = await until('the log has an event', () => {
      try {
        const now = readFileSync(log, 'utf8');
        return now.includes('LoggerSink') ? now : null;
      } catch {
        return null;
      }
    });
    assert.match(text, /WARN .*Time zone Mars\/Olympus \(-Duser\.timezone\) is not known: UTC is used/);
    assert.match(text, /body: 2B 30 30 30 30 /);
    agent.signal('SIGTERM');
    await agent.exit();
  });

  test('also holds for commands that only plan: a date in a value is local', async (t) => {
    const file = confFile(`${conf}\na1.sinks.k1.type = file_roll\na1.sinks.k1.sink.directory = /\${date:HH}`);
    const hourOf = async (zone: string) => {
      const { stdout } = await runMillrace(t, ['validate', file, '--json', `-Duser.timezone=${zone}`]);
      return Number(/"sink\.directory": "\/(\d\d)"/.exec(stdout)![1]);
    };
    const [utc, east] = await Promise.all([hourOf('UTC'), hourOf('GMT+8')]);
    // The hour may turn between the two.
    assert.ok([8, 7, 9].includes((east - utc + 24) % 24), `${utc} ${east}`);
  });
});
