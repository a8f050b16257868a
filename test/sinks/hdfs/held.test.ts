/** Buckets that fail or stall do not keep others from being committed: the sink holds their events. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { HeldPart } from '../../../src/component/sink.ts';
import { FileSystemError } from '../../../src/sinks/hdfs/file-system/door.ts';
import type { Properties } from '../../kit/part.ts';
import { until } from '../../kit/until.ts';
import { Faulty, NOW } from './faulty-rig.ts';

const start = (t: TestContext, properties: Properties = {}) =>
  Faulty.start(t, { 'hdfs.retryInterval': '60', ...properties }, true);

function bodiesOf(parts: readonly HeldPart[]): string[] {
  return parts.flatMap(({ ranges }) =>
    ranges.flatMap(({ view, first, count }) =>
      Array.from({ length: count }, (_, n) => view.bodyText(first + n)),
    ),
  );
}

async function isDelivered({ delivered }: HeldPart): Promise<boolean> {
  return await Promise.race([
    delivered.then(() => true),
    new Promise<false>((resolve) => setImmediate(resolve, false)),
  ]);
}

const denied = () =>
  new FileSystemError('permission', 'Permission denied', {
    remedy: 'give the user of the agent the right to it',
  });

test('a bucket that refuses: the others are committed and go on; its events are held', async (t) => {
  const rig = await start(t);
  await rig.write('a1', 'b1');
  rig.failing('commit', 'b', denied);
  const first = await rig.write('a2', 'b2', 'a3', 'b3');
  assert.deepEqual(bodiesOf(first), ['b2', 'b3']);
  assert.equal(rig.text('a'), 'a1\na2\na3\n');
  assert.equal(rig.counters.get('EventDrainSuccessCount'), 4);
  const second = await rig.write('b4', 'a4');
  assert.deepEqual(bodiesOf(second), ['b4']);
  assert.equal(rig.text('a'), 'a1\na2\na3\na4\n');
  assert.equal(await isDelivered(first[0]!), false);
  const fileOfA = `/d/a.${NOW + 1}.tmp`;
  assert.deepEqual(
    rig.disk.calls.filter((call) => call === `recover ${fileOfA}`),
    [],
    'no good file is cut',
  );
  assert.ok(rig.disk.files.has(fileOfA), 'its file is gone on with');
});

test('once it is right again its events are delivered in order, and new ones behind them', async (t) => {
  const rig = await start(t);
  rig.failing('commit', 'b', denied);
  const held = [
    ...(await rig.write('b1', 'a1')),
    ...(await rig.write('b2')),
    ...(await rig.write('b3', 'a2')),
  ];
  assert.equal(held.length, 3);
  rig.mend();
  await Promise.all(held.map(({ delivered }) => delivered));
  assert.equal(rig.text('b'), 'b1\nb2\nb3\n');
  assert.deepEqual(await rig.write('b4'), [], 'it is waited for again');
  await rig.stop();
  assert.equal(rig.text('b'), 'b1\nb2\nb3\nb4\n');
  assert.equal(rig.text('a'), 'a1\na2\n');
  assert.equal(rig.counters.get('EventDrainSuccessCount'), 6);
  assert.equal(rig.counters.get('EventDrainAttemptCount'), 6);
});

test('the status names the bucket, why, and the remedy, while events are held; then it is well', async (t) => {
  const rig = await start(t);
  rig.failing('create', 'b', denied);
  const [part] = await rig.write('b1', 'a1');
  assert.equal(rig.degraded.length, 1);
  assert.match(
    rig.degraded[0]!,
    /sink k1 cannot write to \/d: Permission denied \(give the user .*; the events of .*\/d\/b are held\)/,
  );
  await rig.write('b2', 'c1');
  const table = rig.sink.progress().find(({ title }) => title === 'held back');
  assert.deepEqual(table!.rows, [{ bucket: '/d/b', events: 2, tries: 1, failure: 'Permission denied' }]);
  assert.equal(rig.counters.get('EventWriteFail'), 1);
  rig.mend();
  await part!.delivered;
  await until('it is well', () => rig.degraded.at(-1) === null);
  assert.deepEqual(rig.sink.progress().find(({ title }) => title === 'held back')!.rows, []);
});

test('it is tried again after half a second, then after twice as long each time, up to retryInterval', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const rig = await start(t, { 'hdfs.retryInterval': '3', 'hdfs.callTimeout': '0' });
  rig.failing('commit', 'b', denied);
  const writing = rig.write('b1', 'a1');
  const tries = () => rig.counters.get('EventWriteFail');
  const settle = async () => {
    for (let n = 0; n < 50; n++) await new Promise(setImmediate);
  };
  await settle();
  await writing;
  for (const [n, pauseMs] of [500, 1000, 2000, 3000, 3000].entries()) {
    assert.equal(tries(), n + 1);
    t.mock.timers.tick(pauseMs - 1);
    await settle();
    assert.equal(tries(), n + 1, `${pauseMs} ms have not passed`);
    t.mock.timers.tick(1);
    await settle();
  }
});

test('a bucket that stalls is waited for a second; the next takes do not wait for it at all', async (t) => {
  const rig = await start(t, { 'hdfs.callTimeout': '60000' });
  await rig.write('a1', 'b1');
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.disk.fault = (what, path) => (what === 'commit' && path.startsWith('/d/b') ? promise : null);
  const began = performance.now();
  const first = await rig.write('b2', 'a2');
  const waited = performance.now() - began;
  assert.ok(waited >= 990 && waited < 5000, `${waited} ms`);
  assert.deepEqual(bodiesOf(first), ['b2']);
  const next = performance.now();
  const second = await rig.write('b3', 'a3');
  assert.ok(performance.now() - next < 500);
  assert.deepEqual(bodiesOf(second), ['b3']);
  assert.equal(rig.text('a'), 'a1\na2\na3\n');
  assert.deepEqual(rig.degraded, [], 'it is slow, and has not failed');
  const table = rig.sink.progress().find(({ title }) => title === 'held back')!;
  assert.deepEqual(table.rows, [{ bucket: '/d/b', events: 2, tries: 0, failure: null }]);
  resolve();
  await Promise.all([...first, ...second].map(({ delivered }) => delivered));
  assert.equal(rig.text('b'), 'b1\nb2\nb3\n');
});

test('more buckets that stall than may be written at once do not keep the others from being written', async (t) => {
  const rig = await start(t, { 'hdfs.callTimeout': '60000', 'hdfs.threadsPoolSize': '2' });
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.disk.fault = (what, path) => (what === 'commit' && /^\/d\/[b-f]/.test(path) ? promise : null);
  const held = await rig.write('b1', 'c1', 'd1', 'e1', 'f1', 'a1', 'a2');
  assert.deepEqual(bodiesOf(held), ['b1', 'c1', 'd1', 'e1', 'f1']);
  assert.equal(rig.text('a'), 'a1\na2\n');
  resolve();
  await Promise.all(held.map(({ delivered }) => delivered));
});

test('a bucket that stalls beyond callTimeout has failed: its events go to a new file', async (t) => {
  const rig = await start(t, { 'hdfs.callTimeout': '50' });
  await rig.write('a1', 'b1');
  const never = new Promise<void>(() => {});
  rig.disk.fault = (what, path) => (what === 'commit' && path === `/d/b.${NOW + 1}.tmp` ? never : null);
  const [part] = await rig.write('b2', 'a2');
  assert.match(rig.degraded[0]!, /Callable timed out after 50 ms on commit of \/d\/b/);
  await part!.delivered;
  await rig.stop();
  assert.equal(rig.text('b'), 'b1\nb2\n');
  assert.equal(rig.text('a'), 'a1\na2\n');
});

test('events that are handed out again are not delivered by who held them', async (t) => {
  const rig = await start(t);
  rig.failing('commit', 'b', denied);
  const [part] = await rig.write('b1', 'a1');
  part!.forget();
  rig.mend();
  assert.deepEqual(await rig.write('a2'), []);
  await until('it is well', () => rig.degraded.at(-1) === null);
  assert.deepEqual(await rig.write('b1'), []);
  await rig.stop();
  assert.equal(rig.text('b'), 'b1\n');
});

test('a stop leaves what is held undelivered, at once, and no file in use', async (t) => {
  const rig = await start(t);
  rig.failing('commit', 'b', denied);
  const [part] = await rig.write('b1', 'a1');
  await rig.stop();
  assert.equal(await isDelivered(part!), false);
  assert.deepEqual(Object.keys(rig.disk.texts()), [`/d/a.${NOW + 1}`]);
});

test('a stop waits for a delivery that is under way', async (t) => {
  const rig = await start(t, { 'hdfs.callTimeout': '60000' });
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.disk.fault = (what, path) => (what === 'commit' && path.startsWith('/d/b') ? promise : null);
  const [part] = await rig.write('b1', 'a1');
  const stopping = rig.stop();
  resolve();
  await stopping;
  assert.equal(await isDelivered(part!), true);
  assert.equal(rig.text('b'), 'b1\n');
});

test('an outage leaves one file a bucket to be looked after, however often it is tried', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const rig = await start(t, { 'hdfs.retryInterval': '1', 'hdfs.callTimeout': '0' });
  rig.disk.fault = () => new FileSystemError('unavailable', 'no NameNode');
  const writing = rig.write('a1', 'b1');
  for (let n = 0; n < 40; n++) {
    for (let m = 0; m < 20; m++) await new Promise(setImmediate);
    t.mock.timers.tick(1000);
  }
  const held = await writing;
  assert.ok(rig.counters.get('EventWriteFail') >= 60, 'it was tried');
  assert.equal(rig.disk.calls.filter((call) => call.startsWith('create')).length, 2);
  const [, , files] = rig.sink.progress();
  assert.equal(files!.rows.length, 2);
  rig.mend();
  while (rig.text('a') + rig.text('b') !== 'a1\nb1\n') {
    await new Promise(setImmediate);
    t.mock.timers.tick(1000);
  }
  await Promise.all(held.map(({ delivered }) => delivered));
});
