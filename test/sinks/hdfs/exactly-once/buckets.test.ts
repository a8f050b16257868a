/** exactly-once: a bucket that refuses or stalls holds up no other one, and each event stands once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeldPart } from '../../../../src/component/sink.ts';
import { FileSystemError } from '../../../../src/sinks/hdfs/file-system/door.ts';
import { until } from '../../../kit/until.ts';
import { LostAnswer, type Operation } from '../faulty-file-system.ts';
import { type Faulty, unavailable } from '../faulty-rig.ts';
import { isDraft, Lives, LOG, reopened } from './lives.ts';

const denied = () => new FileSystemError('permission', 'Permission denied');
const delivered = (parts: readonly HeldPart[]) => Promise.all(parts.map((part) => part.delivered));

function numbersOf(parts: readonly HeldPart[]): number[] {
  return parts.flatMap(({ ranges }) => ranges.map(({ view, first }) => view.place!.first + first));
}

/** Calls of that kind wait, until the returned call. */
function stall(rig: Faulty, operation: Operation, isIt: (path: string) => boolean): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.disk.fault = (what, path) => (what === operation && isIt(path) ? promise : null);
  return resolve;
}

const records = (rig: Faulty) =>
  rig.disk.calls.filter((call) => call.startsWith('rename') && isDraft(call)).length;

test('a bucket that refuses: the others are committed, and the record has gaps for its events', async (t) => {
  const lives = new Lives(t);
  const rig = await lives.start();
  rig.failing('commit', 'b', denied);
  const held = await rig.writeNumbered(LOG, 0, 'a0', 'b1', 'a2', 'b3');
  assert.deepEqual(numbersOf(held), [1, 3]);
  const { low, ranges, files } = await lives.record();
  assert.deepEqual([low, ranges], [1, [[2, 3]]]);
  assert.deepEqual(
    files.map(({ final, length }) => [final.slice(0, 4), length]),
    [['/d/a', 6]],
  );
  assert.match(rig.degraded.at(-1)!, /Permission denied .*the events of .*\/d\/b are held/);
  rig.mend();
  await delivered(held);
  await until('all is committed', async () => (await lives.record()).low === 4);
  assert.deepEqual((await lives.record()).ranges, []);
  await rig.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a2', 'b1', 'b3']);
});

test('a kill while events are held: only they are written by the next life', async (t) => {
  const lives = new Lives(t);
  const first = await lives.start();
  first.failing('commit', 'b', denied);
  await first.writeNumbered(LOG, 0, 'a0', 'b1', 'a2');
  await first.writeNumbered(LOG, 3, 'b3', 'a4');
  lives.kill(first);
  const next = await lives.start();
  await next.writeNumbered(reopened(5), 0, 'a0', 'b1', 'a2', 'b3', 'a4');
  await next.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a2', 'a4', 'b1', 'b3']);
  assert.equal(next.counters.get('EventRepeatedCount'), 3);
});

test('the parts of a take share a record, also when fewer buckets may be written at once', async (t) => {
  const rig = await new Lives(t).start({ 'hdfs.threadsPoolSize': '1' });
  assert.deepEqual(await rig.writeNumbered(LOG, 0, 'a0', 'b1', 'c2'), []);
  assert.equal(records(rig), 1);
});

test('a bucket that stalls has a record of its own, once it goes on', async (t) => {
  const lives = new Lives(t);
  const rig = await lives.start();
  const goOn = stall(rig, 'commit', (path) => path.startsWith('/d/b'));
  const held = await rig.writeNumbered(LOG, 0, 'a0', 'b1');
  assert.deepEqual(numbersOf(held), [1]);
  assert.deepEqual(await rig.writeNumbered(LOG, 2, 'a2'), []);
  assert.deepEqual((await lives.record()).ranges, [[2, 3]]);
  goOn();
  await delivered(held);
  assert.equal((await lives.record()).low, 3);
  assert.equal(records(rig), 3);
});

test('records that follow each other at once: the second has the lengths of the first', async (t) => {
  const lives = new Lives(t);
  const rig = await lives.start();
  const goOn = stall(rig, 'commit', (path) => path.startsWith('/d/b'));
  const held = await rig.writeNumbered(LOG, 0, 'a0', 'b1');
  const record = Promise.withResolvers<void>();
  rig.disk.fault = (what, path) => (what === 'rename' && isDraft(path) ? record.promise : null);
  const writing = rig.writeNumbered(LOG, 2, 'a2');
  await until('its record is under way', () => records(rig) === 2);
  goOn();
  await until('the other one waits for it', () => rig.disk.running === 1);
  record.resolve();
  await Promise.all([writing, delivered(held)]);
  lives.kill(rig);
  const next = await lives.start();
  await next.writeNumbered(reopened(3), 0, 'a0', 'b1', 'a2');
  await next.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a2', 'b1']);
});

test('a record that cannot be made: all of the take is held, and written again when it can', async (t) => {
  const lives = new Lives(t);
  const rig = await lives.start();
  await rig.writeNumbered(LOG, 0, 'a0');
  rig.disk.fault = (what, path) => (what === 'create' && isDraft(path) ? unavailable() : null);
  const held = await rig.writeNumbered(LOG, 1, 'a1', 'b2');
  assert.deepEqual(numbersOf(held), [1, 2]);
  assert.match(rig.degraded.at(-1)!, /sink k1 cannot write to \/d: no DataNode/);
  rig.mend();
  await delivered(held);
  await rig.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a1', 'b2']);
});

test('the channel is opened anew: what is under way ends before what comes again is looked up', async (t) => {
  const lives = new Lives(t);
  const rig = await lives.start();
  const goOn = stall(rig, 'commit', (path) => path.startsWith('/d/b'));
  await rig.writeNumbered(LOG, 0, 'a0', 'b1');
  const again = rig.writeNumbered(reopened(2), 0, 'a0', 'b1', 'a2');
  const ended = await Promise.race([
    again.then(() => true),
    new Promise((next) => setImmediate(next, false)),
  ]);
  assert.equal(ended, false);
  goOn();
  assert.deepEqual(await again, []);
  await rig.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a2', 'b1']);
});

test('the channel is opened anew: what is held is given up, and comes again', async (t) => {
  const lives = new Lives(t);
  const rig = await lives.start();
  rig.failing('commit', 'b', denied);
  await rig.writeNumbered(LOG, 0, 'a0', 'b1');
  rig.mend();
  assert.deepEqual(await rig.writeNumbered(reopened(2), 0, 'a0', 'b1', 'a2'), []);
  await rig.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a2', 'b1']);
});

test('a take of an opening before that still waits is left to the new one', async (t) => {
  const lives = new Lives(t);
  const rig = await lives.start();
  const goOn = stall(rig, 'commit', () => true);
  const takes = [
    rig.writeNumbered(LOG, 0, 'a0'),
    rig.writeNumbered(LOG, 1, 'a1'),
    rig.writeNumbered(reopened(2), 0, 'a0', 'a1', 'a2'),
  ];
  goOn();
  await Promise.all(takes);
  await rig.stop();
  assert.deepEqual(lives.lines(), ['a0', 'a1', 'a2']);
});

test('a stop ends while nobody says whether the record of a bucket that was late is made', async (t) => {
  const lives = new Lives(t);
  const rig = await lives.start();
  const goOn = stall(rig, 'commit', (path) => path.startsWith('/d/b'));
  await rig.writeNumbered(LOG, 0, 'a0', 'b1');
  rig.disk.fault = (what, path) => {
    if (!isDraft(path)) return null;
    if (what === 'rename') return new LostAnswer('no answer');
    return what === 'delete' ? unavailable() : null;
  };
  goOn();
  await until('it is asked', () => rig.degraded.some((reason) => /not known whether/.test(reason ?? '')));
  await rig.stop();
  const next = await lives.start();
  await next.writeNumbered(reopened(2), 0, 'a0', 'b1');
  await next.stop();
  assert.deepEqual(lives.lines(), ['a0', 'b1']);
});
