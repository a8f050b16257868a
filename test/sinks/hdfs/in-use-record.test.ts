import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { InUseRecord } from '../../../src/sinks/hdfs/in-use-record.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { until } from '../../kit/until.ts';
import { HdfsRig } from './rig.ts';

const NOW = 1_700_000_000_000;
const fails = (error: unknown) => assert.fail(String(error));
const open = (directory: string, owner = 'o', sink = 'k1') => InUseRecord.open(directory, sink, owner, fails);

test('what is in use outlives the agent; what is done does not', () => {
  const directory = temporaryDirectory();
  const first = open(directory);
  first.add('hdfs://a', '/1.tmp', '/1');
  first.add('hdfs://a', '/2.tmp', '/2');
  first.add('', '/3.tmp', '/3');
  first.commit('hdfs://a', '/2.tmp', 77);
  first.commit('hdfs://a', '/2.tmp', 78);
  first.done('hdfs://a', '/1.tmp');
  first.flush();
  // Its owner died: the same one of the same process takes over.
  const second = open(directory);
  assert.deepEqual(second.files, [
    { root: 'hdfs://a', inUse: '/2.tmp', final: '/2', length: 78, records: null },
    { root: '', inUse: '/3.tmp', final: '/3', length: 0, records: null },
  ]);
  second.done('hdfs://a', '/2.tmp');
  second.done('', '/3.tmp');
  second.close();
  assert.deepEqual(readdirSync(directory), []);
});

test('a length that was not flushed does not count, nor does a line that is cut short', () => {
  const directory = temporaryDirectory();
  const record = open(directory);
  record.add('', '/1.tmp', '/1');
  record.commit('', '/1.tmp', 5);
  record.flush();
  record.commit('', '/1.tmp', 9);
  appendFileSync(join(directory, 'k1', 'in-use.jsonl'), '["=","","/1.tmp",1');
  assert.equal(open(directory).files[0]!.length, 5);
});

test('after another boot lengths are not trusted: all bytes are kept', () => {
  const directory = temporaryDirectory();
  const record = open(directory);
  record.add('', '/1.tmp', '/1');
  record.commit('', '/1.tmp', 5);
  record.add('', '/2.tmp', '/2');
  record.flush();
  const path = join(directory, 'k1', 'in-use.jsonl');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"boot":"[^"]*"/, '"boot":"another"'));
  assert.deepEqual(
    open(directory).files.map(({ length }) => length),
    [null, null],
  );
  // And stay so, in the record of this boot.
  assert.deepEqual(
    open(directory).files.map(({ length }) => length),
    [null, null],
  );
});

test('another sink of that name has a directory of its own, and leaves the files of one that lives alone', () => {
  const directory = temporaryDirectory();
  const one = open(directory, 'path 1');
  one.add('', '/1.tmp', '/1');
  const two = open(directory, 'path 2');
  assert.deepEqual(two.files, []);
  assert.deepEqual(readdirSync(directory).sort(), ['k1', 'k1.2']);
  two.add('', '/2.tmp', '/2');
  two.close();
  // The first one starts again, and finds what the second one left.
  const again = open(directory, 'path 1');
  assert.deepEqual(
    again.files.map(({ inUse }) => inUse),
    ['/1.tmp', '/2.tmp'],
  );
  assert.deepEqual(readdirSync(directory), ['k1']);
  assert.deepEqual(open(directory, 'path 3', 'k').files, []);
});

test('the record does not grow without end', () => {
  const directory = temporaryDirectory();
  const record = open(directory);
  record.add('', `/${'x'.repeat(1000)}.tmp`, '/1');
  for (let n = 0; n < 5000; n++) {
    record.commit('', `/${'x'.repeat(1000)}.tmp`, n);
    record.flush();
  }
  assert.ok(statSync(join(directory, 'k1', 'in-use.jsonl')).size < 4 * 1024 * 1024);
  assert.equal(open(directory).files[0]!.length, 4999);
});

/** What an agent leaves that was killed in the middle of a take: its sink is not stopped. */
async function killed(state: string, directory: string): Promise<void> {
  const rig = await HdfsRig.create({ 'hdfs.filePrefix': '%{h}' }, directory, state);
  await rig.rig.sink.start?.();
  await rig.events([[{ h: 'a' }, 'kept']]);
  appendFileSync(join(directory, 'out', `a.${NOW + 1}.tmp`), 'half of an ev');
}

test('a start finishes what a killed agent left: cut to its last commit, renamed; nothing else is touched', async () => {
  const [state, directory] = [temporaryDirectory(), temporaryDirectory()];
  mkdirSync(join(directory, 'out'));
  writeFileSync(join(directory, 'out', `a.${NOW - 5}.tmp`), 'of somebody else');
  await killed(state, directory);
  const next = await HdfsRig.create({ 'hdfs.filePrefix': '%{h}' }, directory, state);
  next.rig.clock.nowMs += 100;
  await next.rig.sink.start?.();
  await next.events([[{ h: 'a' }, 'new']]);
  await next.stop();
  assert.deepEqual(
    next.names().map((name) => [name, next.read(name)]),
    [
      [`out/a.${NOW - 5}.tmp`, 'of somebody else'],
      [`out/a.${NOW + 1}`, 'kept\n'],
      [`out/a.${NOW + 101}`, 'new\n'],
    ],
  );
  assert.deepEqual(readdirSync(state), []);
});

test('a file of which nothing was committed is removed', async (t) => {
  const [state, directory] = [temporaryDirectory(), temporaryDirectory()];
  const record = open(state, `sink k1 of file://${directory}/out`);
  mkdirSync(join(directory, 'out'));
  writeFileSync(join(directory, 'out/x.1.tmp'), 'half');
  record.add('file://', `${directory}/out/x.1.tmp`, `${directory}/out/x.1`);
  record.add('file://', `${directory}/out/gone.1.tmp`, `${directory}/out/gone.1`);
  const next = await HdfsRig.start(t, {}, directory, state);
  await until('it is removed', () => next.names().length === 0);
});

test('recoverInUse = false keeps no record', async (t) => {
  const hdfs = await HdfsRig.start(t, { 'hdfs.recoverInUse': 'false' });
  await hdfs.write('x');
  assert.deepEqual(readdirSync(hdfs.stateDirectory), []);
});

test('a state directory that cannot be used is told, and files are written all the same', async (t) => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'file'), '');
  const hdfs = await HdfsRig.start(t, { 'hdfs.stateDir': `${directory}/file/x` });
  await hdfs.write('x');
  await hdfs.stop();
  assert.match(hdfs.rig.log.texts('warn')[0]!, /hdfs\.stateDir .* cannot be used/);
  assert.deepEqual(hdfs.texts(), ['x\n']);
});
