/** Faults of a file system under a sink that delivers each take whole or not at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MillraceError } from '../../../src/base/errors.ts';
import { FileSystemError } from '../../../src/sinks/hdfs/file-system/door.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';
import { Faulty, NOW, unavailable } from './faulty-rig.ts';

for (const operation of ['create', 'write', 'commit'] as const) {
  test(`a failed ${operation}: no event of the take stays, in any bucket; once it is right again each stands once`, async (t) => {
    const rig = await Faulty.start(t);
    await rig.write('a1', 'b1');
    if (operation === 'create') rig.failing('create', 'c');
    else rig.failing(operation, 'b');
    const take = ['a2', 'b2', 'c2', 'a3'];
    const error = await rig.write(...take).catch((reason: unknown) => reason);
    assert.ok(error instanceof MillraceError);
    assert.equal(error.code, 'SINK_FAILED');
    assert.match(error.message, /sink k1 cannot write to \/d: no DataNode \(start one; the take is kept\)/);
    await until('files are cut', () => rig.text('a') === 'a1\n' && rig.text('b') === 'b1\n');
    assert.equal(rig.text('c'), '');
    rig.mend();
    await rig.write(...take);
    await rig.stop();
    assert.equal(rig.text('a'), 'a1\na2\na3\n');
    assert.equal(rig.text('b'), 'b1\nb2\n');
    assert.equal(rig.text('c'), 'c2\n');
    const names = Object.keys(rig.disk.texts());
    assert.ok(
      names.every((name) => !name.endsWith('.tmp')),
      names.join(),
    );
    assert.equal(rig.counters.get('EventWriteFail'), 1);
    assert.equal(rig.counters.get('EventDrainSuccessCount'), 6);
    const opened = rig.counters.get('ConnectionCreatedCount');
    assert.equal(rig.counters.get('ConnectionClosedCount'), opened);
    if (operation === 'create') assert.equal(rig.counters.get('ConnectionFailedCount'), 1);
  });
}

test('files that were rolled within a failed take go, too', async (t) => {
  const rig = await Faulty.start(t, { 'hdfs.rollCount': '2' });
  await rig.write('a1');
  rig.failing('commit', 'a');
  await assert.rejects(rig.write('a2', 'a3', 'a4', 'a5', 'a6'));
  await until('they are cut', () => rig.text('a') === 'a1\n');
  rig.mend();
  await rig.write('a2', 'a3', 'a4', 'a5', 'a6');
  await rig.stop();
  assert.equal(rig.text('a'), 'a1\na2\na3\na4\na5\na6\n');
});

test('files that were rolled within a take have their names only when all of it is safe', async (t) => {
  const rig = await Faulty.start(t, { 'hdfs.rollCount': '1' });
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.disk.fault = (what, path) => (what === 'commit' && path.startsWith('/d/b') ? promise : null);
  const writing = rig.write('a1', 'a2', 'a3', 'b1');
  await until('a is done', () => rig.disk.calls.includes(`commit /d/a.${NOW + 3}.tmp`));
  assert.equal(rig.disk.calls.filter((call) => call.startsWith('rename')).length, 0);
  resolve();
  await writing;
  await until('they have their names', () => rig.disk.files.has(`/d/a.${NOW + 2}`));
});

test('a bucket that hangs fails the take after callTimeout; the others went on, and the next file serves', async (t) => {
  const rig = await Faulty.start(t, { 'hdfs.callTimeout': '50' });
  await rig.write('a1', 'b1');
  const never = new Promise<void>(() => {});
  rig.disk.fault = (what, path) => (what === 'commit' && path === `/d/b.${NOW + 1}.tmp` ? never : null);
  await assert.rejects(rig.write('b2', 'a2'), /Callable timed out after 50 ms on commit of \/d\/b/);
  assert.ok(rig.disk.calls.includes(`commit /d/a.${NOW + 1}.tmp`));
  await rig.write('b2', 'a2');
  await rig.stop();
  assert.equal(rig.text('a'), 'a1\na2\n');
  assert.equal(rig.text('b'), 'b1\nb2\n');
});

test('a create that comes too late leaves no file', async (t) => {
  const rig = await Faulty.start(t, { 'hdfs.callTimeout': '30', 'hdfs.retryInterval': '1' });
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.disk.fault = (what) => (what === 'create' ? promise : null);
  await assert.rejects(rig.write('a1'), /timed out after 30 ms on create/);
  await until('it is removed', () => rig.disk.calls.includes(`delete /d/a.${NOW + 1}.tmp`));
  resolve();
  rig.mend();
  await rig.write('a1');
  await rig.stop();
  assert.deepEqual(rig.disk.texts(), { [`/d/a.${NOW + 2}`]: 'a1\n' });
});

test('a file that failed and is not there is looked for three minutes: its server may be late', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  const rig = await Faulty.start(t, { 'hdfs.retryInterval': '60', 'hdfs.callTimeout': '0' });
  rig.failing('create', 'a');
  await assert.rejects(rig.write('a1'));
  rig.mend();
  const path = `/d/a.${NOW + 1}.tmp`;
  const deletes = () => rig.disk.calls.filter((call) => call === `delete ${path}`).length;
  const look = async (n: number) => {
    while (deletes() < n) await new Promise(setImmediate);
    await new Promise(setImmediate);
  };
  const minute = () => {
    nowMs += 60_000;
    t.mock.timers.tick(60_000);
  };
  await look(1);
  minute();
  await look(2);
  rig.disk.files.set(path, Buffer.from('a'));
  minute();
  await look(3);
  assert.ok(!rig.disk.files.has(path));
  minute();
  await new Promise(setImmediate);
  assert.equal(deletes(), 3, 'it has come, and is gone');
  assert.deepEqual(rig.degraded, []);
});

test('one that never comes is looked for no more after that; a stop before leaves it to the next start', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  const stateDirectory = temporaryDirectory();
  const options = {
    'hdfs.retryInterval': '90',
    'hdfs.callTimeout': '0',
    'hdfs.recoverInUse': 'true',
    'hdfs.stateDir': stateDirectory,
  };
  const rig = await Faulty.start(t, options);
  rig.failing('create', 'a');
  await assert.rejects(rig.write('a1'));
  rig.failing('create', 'b');
  const deletes = (of: Faulty, prefix: string) =>
    of.disk.calls.filter((call) => call.startsWith(`delete /d/${prefix}`)).length;
  for (let n = 1; n <= 4; n++) {
    while (deletes(rig, 'a') < Math.min(n, 3)) await new Promise(setImmediate);
    for (let m = 0; m < 5; m++) await new Promise(setImmediate);
    nowMs += 90_000;
    t.mock.timers.tick(90_000);
  }
  assert.equal(deletes(rig, 'a'), 3);
  await assert.rejects(rig.write('b1'));
  await rig.stop();
  t.mock.timers.reset();
  const next = await Faulty.start(t, options);
  await until('it looks', () => deletes(next, 'b') > 0);
  assert.equal(deletes(next, 'a'), 0);
});

test('a rename that fails is tried again each retryInterval, and holds up nobody', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const rig = await Faulty.start(t, {
    'hdfs.rollCount': '1',
    'hdfs.retryInterval': '60',
    'hdfs.callTimeout': '0',
  });
  rig.failing('rename', 'a');
  await rig.write('a1', 'a2', 'b1', 'b2');
  await rig.write('a3', 'b3');
  const renames = () => rig.disk.calls.filter((call) => call === `rename /d/a.${NOW + 1}.tmp`).length;
  while (rig.degraded.length < 2) await new Promise(setImmediate);
  assert.match(rig.degraded.at(-1)!, /could not be finished: no DataNode/);
  assert.ok(rig.disk.files.has(`/d/b.${NOW + 2}`));
  for (let n = 2; n <= 4; n++) {
    t.mock.timers.tick(60_000);
    while (renames() < n) await new Promise(setImmediate);
    await new Promise(setImmediate);
  }
  rig.mend();
  t.mock.timers.tick(60_000);
  while (!rig.disk.files.has(`/d/a.${NOW + 1}`)) await new Promise(setImmediate);
  while (rig.degraded.at(-1) !== null) await new Promise(setImmediate);
});

test('closeTries: after so many tries a file is left as it is, with a report', async (t) => {
  const rig = await Faulty.start(t, { 'hdfs.rollCount': '1', 'hdfs.retryInterval': '0' });
  rig.failing('rename', 'a');
  await rig.write('a1', 'a2');
  await until('it is told', () => rig.log.texts('error').length > 0);
  assert.match(rig.log.texts('error')[0]!, /a\.\d+\.tmp could not be finished: no DataNode; tried 1 times/);
  assert.ok(rig.disk.files.has(`/d/a.${NOW + 1}.tmp`));
});

test('a close that fails: the file is cut to what was committed, and renamed', async (t) => {
  const rig = await Faulty.start(t, { 'hdfs.idleTimeout': '1' });
  await rig.write('a1');
  rig.failing('close', 'a');
  rig.clock.nowMs += 1000;
  rig.sink.idle();
  await until('it is renamed', () => rig.disk.files.has(`/d/a.${NOW + 1}`));
  assert.ok(rig.disk.calls.includes(`recover /d/a.${NOW + 1}.tmp`));
  assert.equal(rig.text('a'), 'a1\n');
});

test('a file that cannot be cut is kept whole, with a report; one that is gone is told of', async (t) => {
  const rig = await Faulty.start(t);
  await rig.write('a1', 'b1');
  let cuts = 0;
  rig.disk.fault = (what, path) => {
    if (what === 'commit') return unavailable();
    if (what === 'recover' && path.startsWith('/d/a') && cuts++ === 0)
      return new FileSystemError('unsupported', 'no truncate');
    return null;
  };
  rig.disk.files.delete(`/d/b.${NOW + 1}.tmp`);
  await assert.rejects(rig.write('a2'));
  await until('it is renamed', () => rig.disk.files.has(`/d/a.${NOW + 1}`));
  assert.match(rig.log.texts('error')[0]!, /a\.\d+\.tmp keeps what it holds: no truncate/);
  rig.mend();
  await rig.stop();
  assert.ok(rig.log.texts('warn').some((text) => /b\.\d+\.tmp is gone/.test(text)));
});

test('a name that is found to be taken only at the commit is left alone', async (t) => {
  const rig = await Faulty.start(t);
  rig.failing('commit', 'a', () => new FileSystemError('exists', 'taken'));
  await assert.rejects(rig.write('a1'), /taken/);
  rig.mend();
  await rig.write('a1');
  await rig.stop();
  assert.ok(!rig.disk.calls.some((call) => call.startsWith('delete') || call.startsWith('recover')));
  assert.equal(rig.disk.files.get(`/d/a.${NOW + 2}`)?.toString(), 'a1\n');
});

test('threadsPoolSize: so many files are written at a time', async (t) => {
  const rig = await Faulty.start(t, { 'hdfs.threadsPoolSize': '3' });
  await rig.write(...'abcdefghijklmnop');
  assert.equal(rig.disk.runningMax, 3);
});

test('minBlockReplicas: a short file is closed before the next take, thirty times in a row at most', async (t) => {
  const rig = await Faulty.start(t, { 'hdfs.minBlockReplicas': '2' });
  rig.disk.replicaCount = 1;
  for (let n = 0; n < 35; n++) await rig.write('a');
  assert.equal(rig.counters.get('ConnectionCreatedCount'), 31);
  assert.match(rig.log.texts('error')[0]!, /Hit max consecutive under-replication rotations \(30\)/);
  rig.disk.replicaCount = 2;
  await rig.write('a');
  rig.disk.replicaCount = 1;
  await rig.write('a');
  await rig.write('a');
  assert.equal(rig.counters.get('ConnectionCreatedCount'), 32);
  await rig.stop();
  assert.equal(rig.text('a'), 'a\n'.repeat(38));
});

test('minBlockReplicas = 1 asks nothing', async (t) => {
  const rig = await Faulty.start(t, { 'hdfs.minBlockReplicas': '1' });
  await rig.write('a');
  assert.ok(!rig.disk.calls.some((call) => call.startsWith('replicas')));
});

test('progress: open buckets, the last written first, and what could not be finished', async (t) => {
  const rig = await Faulty.start(t, { 'hdfs.rollCount': '2' });
  rig.failing('rename', 'a');
  await rig.write('a1', 'a2', 'a3', 'b1');
  rig.clock.nowMs += 500;
  await rig.write('a4');
  await until('a rename failed', () => rig.degraded.length > 0);
  assert.deepEqual(rig.sink.gauges(), { OpenBucketCount: 2, OpenBucketBytes: 6 });
  assert.deepEqual(rig.sink.progress(), [
    {
      title: 'buckets',
      rows: [row(`/d/a.${NOW + 2}.tmp`, 2, 4, 6), row(`/d/b.${NOW + 1}.tmp`, 1, 2, 3)],
      omitted: 0,
    },
    { title: 'held back', rows: [], omitted: 0 },
    {
      title: 'files to finish',
      rows: [{ file: `/d/a.${NOW + 1}.tmp`, tries: 1, failure: 'no DataNode' }],
      omitted: 0,
    },
  ]);
});

function row(file: string, events: number, bodyBytes: number, committedBytes: number) {
  return { file, events, 'body bytes': bodyBytes, 'committed bytes': committedBytes, 'age ms': 500 };
}

test('takes that come together share a commit; all of them fail with it', async (t) => {
  const rig = await Faulty.start(t);
  const both = () => Promise.allSettled([rig.write('a1'), rig.write('a2', 'b1')]);
  rig.failing('commit', 'b');
  assert.deepEqual(
    (await both()).map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  rig.mend();
  assert.deepEqual(
    (await both()).map(({ status }) => status),
    ['fulfilled', 'fulfilled'],
  );
  await rig.stop();
  assert.equal(rig.text('a'), 'a1\na2\n');
  assert.equal(rig.text('b'), 'b1\n');
  assert.equal(rig.counters.get('EventWriteFail'), 1);
  assert.equal(rig.disk.calls.filter((call) => call.startsWith('commit /d/a')).length, 2);
});

test('stop closes and renames what is open, tries what failed once more, and closes the file system', async (t) => {
  const rig = await Faulty.start(t, { 'hdfs.rollCount': '1' });
  rig.failing('rename', 'a');
  await rig.write('a1', 'a2', 'b1');
  await until('one failed', () => rig.degraded.length > 0);
  rig.mend();
  await rig.stop();
  assert.deepEqual(Object.keys(rig.disk.texts()), [`/d/a.${NOW + 1}`, `/d/a.${NOW + 2}`, `/d/b.${NOW + 1}`]);
  assert.equal(rig.disk.isClosed, true);
});

test('a stop that cannot finish a file ends all the same', async (t) => {
  const rig = await Faulty.start(t, { 'hdfs.callTimeout': '20' });
  await rig.write('a1');
  rig.disk.fault = () => new Promise(() => {});
  await rig.stop();
  assert.match(rig.log.texts('error')[0]!, /it is left as it is/);
});
