/** exactly-once: what comes again is passed over, what a killed sink left is finished to the byte. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import type { MillraceError } from '../../../../src/base/errors.ts';
import { recordsPlace } from '../../../../src/sinks/hdfs/exactly-once/place.ts';
import { RECORD_BYTES_MAX } from '../../../../src/sinks/hdfs/exactly-once/record-store.ts';
import { FileSystemError } from '../../../../src/sinks/hdfs/file-system/door.ts';
import { planText } from '../../../kit/flow.ts';
import type { Properties } from '../../../kit/part.ts';
import { until } from '../../../kit/until.ts';
import { FaultyFileSystem } from '../faulty-file-system.ts';
import { unavailable } from '../faulty-rig.ts';
import { isDraft, Lives, LOG, reopened } from './lives.ts';

test('a commit record names the events and the files with their lengths; a stop leaves no file in it', async (t) => {
  const lives = new Lives(t);
  const rig = await lives.start();
  await rig.writeNumbered(LOG, 0, 'a0', 'b1', 'a2');
  await rig.writeNumbered(LOG, 3, 'a3');
  const { log, low, ranges, files } = await lives.record();
  assert.deepEqual([log, low, ranges], ['log-1', 4, []]);
  assert.deepEqual(
    files.map(({ inUse, final, length }) => [inUse.replace(/\.[0-9a-f]{8}-/, '.LIFE-'), final, length]),
    [
      ['/d/a.1700000001001.LIFE-0.tmp', '/d/a.1700000001001', 9],
      ['/d/b.1700000001001.LIFE-1.tmp', '/d/b.1700000001001', 3],
    ],
  );
  await rig.stop();
  assert.deepEqual((await lives.record()).files, []);
  assert.deepEqual(lives.lines(), ['a0', 'a2', 'a3', 'b1']);
});

test('a take that was committed and comes again is passed over, in part where only a part was', async (t) => {
  const lives = new Lives(t);
  await lives.killedBehind('a0', 'b1', 'a2');
  const next = await lives.start();
  await next.writeNumbered(reopened(3), 0, 'a0', 'b1');
  await next.writeNumbered(reopened(3), 2, 'a2', 'a3', 'b4');
  await next.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a2', 'a3', 'b1', 'b4']);
  assert.equal(next.counters.get('EventRepeatedCount'), 3);
  assert.equal(next.counters.get('EventDrainSuccessCount'), 2);
  const told = next.log.texts('info').filter((text) => text.includes('come again'));
  assert.deepEqual(told, [
    'sink k1: events that are committed come again and are passed over; 2 in this batch',
  ]);
});

test('a kill between the bytes and the record: the files are cut, the events written once', async (t) => {
  const lives = new Lives(t);
  const first = await lives.start();
  await first.writeNumbered(LOG, 0, 'a0');
  first.disk.fault = (what, path) => {
    if (what === 'rename' && isDraft(path)) first.disk.isDead = true;
    return first.disk.isDead ? new Promise(() => {}) : null;
  };
  void first.writeNumbered(LOG, 1, 'a1', 'b2');
  await until('it is killed', () => first.disk.isDead);
  lives.kill(first);
  assert.ok(lives.inUse().length >= 2);
  const next = await lives.start();
  await until('files are finished', () => lives.lines().includes('a0') && lives.inUse().length === 0);
  assert.deepEqual(lives.lines(), ['a0']);
  await next.writeNumbered(reopened(3), 1, 'a1', 'b2');
  await next.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a1', 'b2']);
});

test('the local record is lost: what is committed is found all the same, what is not stays in use', async (t) => {
  const lives = new Lives(t);
  const first = await lives.start();
  await first.writeNumbered(LOG, 0, 'a0');
  first.disk.fault = (what) => (what === 'commit' ? new Promise(() => {}) : null);
  void first.writeNumbered(LOG, 1, 'b1');
  await until('it writes', () => lives.inUse().length === 2);
  lives.kill(first);
  rmSync(lives.state, { recursive: true });
  const next = await lives.start();
  await next.writeNumbered(reopened(2), 1, 'b1');
  await next.stop();
  assert.deepEqual(lives.lines(), ['a0', 'b1']);
  assert.equal(lives.inUse().length, 1);
});

test('records that were taken away: the lengths that this machine knows count, and no file is lost', async (t) => {
  const lives = new Lives(t);
  await lives.killedBehind('a0');
  for (const path of lives.files.keys()) if (path.includes('.millrace')) lives.files.delete(path);
  const next = await lives.start();
  await until('it is finished', () => lives.lines().length === 1);
  await next.stop();
  assert.deepEqual(lives.lines(), ['a0']);
});

test('a record beyond the limit: nothing is written, and the sink goes on once it is restored', async (t) => {
  const lives = new Lives(t);
  await lives.killedBehind('a0');
  const [path, bytes] = [...lives.files].find(([name]) => name.includes('.millrace'))!;
  lives.files.set(path, Buffer.alloc(RECORD_BYTES_MAX + 1));
  const next = await lives.start();
  await assert.rejects(next.writeNumbered(reopened(1), 0, 'a0', 'a1'), ({ message }: MillraceError) => {
    const told = [/^sink k1: the commit record file:\/\/(.*) cannot be used:/.exec(message)?.[1]];
    assert.deepEqual(told, [path]);
    assert.match(
      message,
      /it has 268435457 bytes, and 268435456 are the limit \(restore it; .*; the take is kept\)/,
    );
    return true;
  });
  assert.ok(
    next.log.texts('warn').some((text) => /finished later: .* are the limit \(restore it/.test(text)),
  );
  assert.deepEqual(lives.lines(), []);
  lives.files.set(path, bytes);
  await next.writeNumbered(reopened(1), 0, 'a0', 'a1');
  await next.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a1']);
});

test('new directories of the channel: numbers begin anew, and what the old log left is finished by its own record', async (t) => {
  const lives = new Lives(t);
  await lives.killedBehind('a0', 'a1');
  const next = await lives.start();
  const other = { ...LOG, log: 'log-2' };
  await next.writeNumbered(other, 0, 'a0 of 2');
  await next.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a0 of 2', 'a1']);
  const records = [await lives.record(), await lives.record('/d/.millrace/log-2')];
  assert.deepEqual(
    records.map(({ low }) => low),
    [2, 1],
  );
});

test('the channel is exchanged while the sink runs: open files are closed under the log that they are of', async (t) => {
  const lives = new Lives(t);
  const rig = await lives.start();
  await rig.writeNumbered(LOG, 0, 'a0');
  await rig.writeNumbered({ ...LOG, log: 'log-2' }, 0, 'a0 of 2');
  await until('the first file is finished', () => lives.lines().includes('a0'));
  assert.deepEqual(
    (await lives.record('/d/.millrace/log-2')).files.map(({ length }) => length),
    ['a0 of 2\n'.length],
  );
  // A take of the old channel that was still waiting goes back to nobody.
  await rig.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a0 of 2']);
});

test('directories that were set back: numbers that are given again are new events', async (t) => {
  const lives = new Lives(t);
  await lives.killedBehind('a0', 'a1', 'a2');
  const next = await lives.start();
  await next.writeNumbered(reopened(1), 0, 'a0', 'new 1', 'new 2');
  await next.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a1', 'a2', 'new 1', 'new 2']);
  assert.ok(next.log.texts('warn').some((text) => /goes on with event 1 .*set back/.test(text)));
});

test('a file that cannot be cut waits, and is not finished with what it holds', async (t) => {
  const lives = new Lives(t);
  const rig = await lives.start();
  await rig.writeNumbered(LOG, 0, 'a0');
  const [file] = lives.inUse();
  rig.disk.fault = (what, path) => {
    if (what === 'commit' && path === file) return unavailable();
    return what === 'recover' ? new FileSystemError('unsupported', 'no truncate') : null;
  };
  const [held] = await rig.writeNumbered(LOG, 1, 'a1');
  await held!.delivered;
  await until('it is told', () => rig.degraded.some((reason) => /no truncate/.test(reason ?? '')));
  assert.deepEqual(lives.lines(), []);
  rig.mend();
  await rig.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a1']);
});

test('a sink that was at-least-once before finishes its files by the local record', async (t) => {
  const lives = new Lives(t);
  const first = await lives.start({ 'hdfs.delivery': 'at-least-once' });
  await first.write('a0');
  lives.kill(first);
  const next = await lives.start();
  await until('it is finished', () => lives.lines().length === 1);
  await next.writeNumbered(reopened(1), 0, 'a0');
  lives.kill(next);
  const back = await lives.start({ 'hdfs.delivery': 'at-least-once' });
  await until('both are', () => lives.lines().length === 2);
  await back.stop();
});

test('events without numbers are refused', async (t) => {
  const rig = await new Lives(t).start();
  await assert.rejects(rig.write('a0'), (error: MillraceError) => {
    assert.match(error.message, /sink k1: hdfs\.delivery = exactly-once: the channel does not number/);
    assert.equal(error.detail.remedy, 'give it a channel of type file of its own');
    return true;
  });
});

test('a start before a NameNode that is away tries again by itself', async (t) => {
  const lives = new Lives(t);
  await lives.killedBehind('a0');
  const disk = new FaultyFileSystem(lives.files);
  const list = disk.list.bind(disk);
  let refusals = 0;
  t.mock.method(FaultyFileSystem.prototype, 'list', function (this: FaultyFileSystem, directory: string) {
    if (refusals++ < 1) return Promise.reject(unavailable());
    return list(directory);
  });
  await lives.start();
  await until('it is finished', () => lives.lines().length === 1);
});

const REFUSED: Readonly<Record<string, Properties>> = {
  'set hdfs.recoverInUse = true': { 'hdfs.recoverInUse': 'false' },
  'set hdfs.inUsePrefix or hdfs.inUseSuffix': { 'hdfs.emptyInUseSuffix': 'true' },
  'set hdfs.commitDir': { 'hdfs.path': 'hdfs://%{cluster}/d' },
};

for (const [remedy, properties] of Object.entries(REFUSED)) {
  test(`refused: ${JSON.stringify(properties)}`, async (t) => {
    await assert.rejects(new Lives(t).start(properties), (error: MillraceError) => {
      assert.match(error.message, /sink k1: hdfs\.delivery = exactly-once: /);
      assert.equal(error.detail.remedy, remedy);
      return true;
    });
  });
}

test('records are in the last directory without escapes, or where hdfs.commitDir says', () => {
  const places: readonly (readonly [path: string, commitDir: string | undefined, place: string | null])[] = [
    ['hdfs://nn:8020/flume/%Y-%m-%d/%H', undefined, 'hdfs://nn:8020/flume/.millrace'],
    ['hdfs://nn:8020/flume/events-%{host}', undefined, 'hdfs://nn:8020/flume/.millrace'],
    ['hdfs://nn:8020/flume/events/', undefined, 'hdfs://nn:8020/flume/events/.millrace'],
    ['hdfs://nn:8020/%Y', undefined, 'hdfs://nn:8020/.millrace'],
    ['file:///data/%Y', undefined, 'file:///data/.millrace'],
    ['/data/%Y', undefined, '/data/.millrace'],
    ['/data', '/commits/here/', '/commits/here'],
    ['hdfs://%{cluster}/d', undefined, null],
    ['hdfs://%{cluster}/d', 'hdfs://nn/commits', 'hdfs://nn/commits'],
  ];
  for (const [path, commitDir, place] of places) assert.equal(recordsPlace(path, commitDir), place);
});

const SINK = `
  sources = r1
  channels = c1
  sinks = k1
  sources.r1.type = seq
  sources.r1.channels = c1
  channels.c1.type = file
  sinks.k1.type = hdfs
  sinks.k1.channel = c1
  sinks.k1.hdfs.path = file:///tmp/%Y
  sinks.k1.hdfs.delivery = exactly-once`;

const PLANS: Readonly<Record<string, readonly [more: string, because: RegExp]>> = {
  'a memory channel': ['channels.c1.type = memory', /channel c1 does not number its events/],
  'a jdbc channel': ['channels.c1.type = jdbc', /channel c1 does not number its events/],
  'a spillable channel': ['channels.c1.type = SPILLABLEMEMORY', /channel c1 does not number its events/],
  'a channel with another sink': [
    'sinks = k1 k2\nsinks.k2.type = null\nsinks.k2.channel = c1',
    /channel c1 may hand the same events to k2/,
  ],
};

for (const [what, [more, because]] of Object.entries(PLANS)) {
  test(`refused before the start: ${what}`, async () => {
    const { findings } = await planText(`${SINK}\n${more}`);
    const finding = findings.find(
      ({ severity, option }) => severity === 'error' && option === 'hdfs.delivery',
    );
    assert.match(finding!.text, because);
    assert.equal(finding!.component, 'sink k1');
    assert.equal(finding!.value, 'exactly-once');
    assert.equal(finding!.remedy, 'give it a channel of type file of its own');
  });
}

test('a file channel of its own will do', async () => {
  const { findings, plan } = await planText(SINK);
  assert.deepEqual(
    findings.filter(({ severity }) => severity === 'error'),
    [],
  );
  assert.equal(plan!.units.length, 3);
});
