import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readAvroFile } from '../../kit/serialize.ts';
import { HdfsRig } from './rig.ts';

/** The rig's clock at the start. */
const NOW = 1_700_000_000_000;

/** Files below the directory that this process has open. */
function openBelow(directory: string): number {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return targets.filter((target) => target.startsWith(directory)).length;
}

test('a file is in use until it is closed; its number is the clock and one more for each file', async (t) => {
  const hdfs = await HdfsRig.start(t, { 'hdfs.filePrefix': 'file' });
  await hdfs.write('a', 'b');
  assert.deepEqual(hdfs.names(), [`out/file.${NOW + 1}.tmp`]);
  assert.equal(hdfs.read(`out/file.${NOW + 1}.tmp`), 'a\nb\n');
  await hdfs.write('c');
  await hdfs.stop();
  assert.deepEqual(hdfs.names(), [`out/file.${NOW + 1}`]);
  assert.deepEqual(hdfs.texts(), ['a\nb\nc\n']);
});

test('names: prefix, suffix, codec and what marks files in use', async (t) => {
  const cases = [
    [{}, `out/FlumeData.${NOW + 1}.tmp`, `out/FlumeData.${NOW + 1}`],
    [{ 'hdfs.fileSuffix': '.avro' }, `out/FlumeData.${NOW + 1}.avro.tmp`, `out/FlumeData.${NOW + 1}.avro`],
    [
      { 'hdfs.fileSuffix': '.foo', 'hdfs.codeC': 'gzip', 'hdfs.fileType': 'CompressedStream' },
      `out/FlumeData.${NOW + 1}.foo.tmp`,
      `out/FlumeData.${NOW + 1}.foo`,
    ],
    [
      { 'hdfs.codeC': 'gzip', 'hdfs.fileType': 'CompressedStream' },
      `out/FlumeData.${NOW + 1}.gz.tmp`,
      `out/FlumeData.${NOW + 1}.gz`,
    ],
    [{ 'hdfs.inUsePrefix': 'BRNO_' }, `out/BRNO_FlumeData.${NOW + 1}.tmp`, `out/FlumeData.${NOW + 1}`],
    [{ 'hdfs.inUseSuffix': 'HELL' }, `out/FlumeData.${NOW + 1}HELL`, `out/FlumeData.${NOW + 1}`],
    [
      { 'hdfs.inUseSuffix': 'aaaa', 'hdfs.emptyInUseSuffix': 'true' },
      `out/FlumeData.${NOW + 1}`,
      `out/FlumeData.${NOW + 1}`,
    ],
    [
      { 'hdfs.inUseSuffix': 'aaaa', 'hdfs.emptyInUseSuffix': 'false' },
      `out/FlumeData.${NOW + 1}aaaa`,
      `out/FlumeData.${NOW + 1}`,
    ],
  ] as const;
  for (const [properties, inUse, final] of cases) {
    const hdfs = await HdfsRig.start(t, properties as Record<string, string>);
    await hdfs.write('x');
    assert.deepEqual(hdfs.names(), [inUse]);
    await hdfs.stop();
    assert.deepEqual(hdfs.names(), [final]);
  }
});

test('rollCount: 1000 events in files of 100, whatever the takes are', async (t) => {
  for (const take of [1, 7, 100, 1000]) {
    const hdfs = await HdfsRig.start(t, { 'hdfs.rollCount': '100' });
    const bodies = Array.from({ length: 1000 }, (_, n) => `foo${n}`);
    for (let from = 0; from < 1000; from += take) await hdfs.write(...bodies.slice(from, from + take));
    await hdfs.stop();
    const texts = hdfs.texts();
    assert.equal(texts.length, 10);
    for (const [n, text] of texts.entries()) {
      assert.deepEqual(text.trimEnd().split('\n'), bodies.slice(n * 100, n * 100 + 100));
    }
    assert.deepEqual(
      hdfs.names(),
      Array.from({ length: 10 }, (_, n) => `out/FlumeData.${NOW + 1 + n}`),
    );
  }
});

test('rollSize counts bodies only', async (t) => {
  const hdfs = await HdfsRig.start(t, { 'hdfs.rollSize': '300' });
  await hdfs.write(...Array.from({ length: 1000 }, () => 'foo'));
  await hdfs.stop();
  assert.deepEqual(
    hdfs.texts().map((text) => text.length),
    Array.from({ length: 10 }, () => 400),
  );
});

test('a file at its limit stays open until another event comes', async (t) => {
  const hdfs = await HdfsRig.start(t, { 'hdfs.rollCount': '2' });
  await hdfs.write('a', 'b');
  assert.deepEqual(hdfs.names(), [`out/FlumeData.${NOW + 1}.tmp`]);
  await hdfs.write('c');
  await hdfs.untilNames(`out/FlumeData.${NOW + 1}`, `out/FlumeData.${NOW + 2}.tmp`);
});

test('events larger than what is written at a time, and without bytes', async (t) => {
  const hdfs = await HdfsRig.start(t, { 'hdfs.rollSize': '5000000' });
  const bodies = ['x'.repeat(3_000_000), '', 'y'.repeat(2_500_000), '', 'z'];
  await hdfs.write(...bodies);
  await hdfs.stop();
  assert.deepEqual(hdfs.texts(), [bodies.slice(0, 3).join('\n').concat('\n'), '\nz\n']);
});

test('rollInterval: closed that long after it was opened; the next file begins with the clock', async (t) => {
  const hdfs = await HdfsRig.start(t, { 'hdfs.rollInterval': '1' });
  for (let n = 0; n < 9; n++) await hdfs.write(`e${n}`);
  await hdfs.pass(999);
  assert.deepEqual(hdfs.names(), [`out/FlumeData.${NOW + 1}.tmp`]);
  await hdfs.pass(1001);
  await hdfs.untilNames(`out/FlumeData.${NOW + 1}`);
  await hdfs.write('last');
  await hdfs.untilNames(`out/FlumeData.${NOW + 1}`, `out/FlumeData.${NOW + 2001}.tmp`);
  await hdfs.pass(2000);
  await hdfs.untilNames(`out/FlumeData.${NOW + 1}`, `out/FlumeData.${NOW + 2001}`);
  assert.equal(hdfs.count('ConnectionCreatedCount'), 2);
  assert.equal(hdfs.count('ConnectionClosedCount'), 2);
});

test('rollInterval keeps its time while takes come, and by its own timer', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const hdfs = await HdfsRig.start(t, { 'hdfs.rollInterval': '10', 'hdfs.callTimeout': '0' });
  await hdfs.write('a');
  hdfs.rig.clock.nowMs += 9000;
  await hdfs.write('b');
  hdfs.rig.clock.nowMs += 1000;
  t.mock.timers.tick(1000);
  t.mock.timers.reset();
  await hdfs.untilNames(`out/FlumeData.${NOW + 1}`);
  assert.deepEqual(hdfs.texts(), ['a\nb\n']);
});

test('idleTimeout begins again with each take', async (t) => {
  const hdfs = await HdfsRig.start(t, { 'hdfs.idleTimeout': '1', 'hdfs.batchSize': '2' });
  await hdfs.write('a', 'b', 'c', 'd');
  await hdfs.pass(1001);
  await hdfs.untilNames(`out/FlumeData.${NOW + 1}`);
  await hdfs.write('e', 'f', 'g', 'h');
  await hdfs.pass(500);
  await hdfs.write('i', 'j');
  await hdfs.pass(600);
  assert.deepEqual(hdfs.names(), [`out/FlumeData.${NOW + 1}`, `out/FlumeData.${NOW + 1002}.tmp`]);
  await hdfs.stop();
  assert.deepEqual(hdfs.texts(), ['a\nb\nc\nd\n', 'e\nf\ng\nh\ni\nj\n']);
});

/** Five minutes, a megabyte, ten events: each closes files that minFileSize = 100 keeps open. */
const SMALL = {
  'hdfs.minFileSize': '100',
  'hdfs.maxFileAge': '3600',
  'hdfs.rollInterval': '300',
  'hdfs.idleTimeout': '60',
  'hdfs.rollCount': '2',
  'hdfs.rollSize': '50',
};
const line = (n: number) => `${n}`.padStart(30, '.');

test('minFileSize: a file with fewer bytes is not closed because of its age, idleness, size or count', async (t) => {
  const hdfs = await HdfsRig.start(t, SMALL);
  const first = `out/FlumeData.${NOW + 1}`;
  await hdfs.write(line(1), line(2), line(3));
  await hdfs.pass(3_599_000);
  assert.deepEqual(hdfs.names(), [`${first}.tmp`]);
  await hdfs.write(line(4));
  await hdfs.untilNames(first);
  assert.deepEqual(hdfs.read(first), [1, 2, 3, 4].map((n) => `${line(n)}\n`).join(''));
});

test('minFileSize: a file that is large enough is closed when its interval is over, no sooner', async (t) => {
  const hdfs = await HdfsRig.start(t, { ...SMALL, 'hdfs.idleTimeout': '0', 'hdfs.rollCount': '0' });
  await hdfs.write(line(1), line(2), line(3), line(4));
  await hdfs.pass(299_000);
  assert.deepEqual(hdfs.names(), [`out/FlumeData.${NOW + 1}.tmp`]);
  await hdfs.pass(1000);
  await hdfs.untilNames(`out/FlumeData.${NOW + 1}`);
});

test('maxFileAge: a small file is closed then, by a timer of its own', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const hdfs = await HdfsRig.start(t, { ...SMALL, 'hdfs.callTimeout': '0' });
  await hdfs.write(line(1));
  hdfs.rig.clock.nowMs += 3_599_999;
  t.mock.timers.tick(3_599_999);
  assert.deepEqual(hdfs.names(), [`out/FlumeData.${NOW + 1}.tmp`]);
  hdfs.rig.clock.nowMs += 1;
  t.mock.timers.tick(1);
  t.mock.timers.reset();
  await hdfs.untilNames(`out/FlumeData.${NOW + 1}`);
});

test('maxFileAge: from then on size and count close a small file, too', async (t) => {
  const hdfs = await HdfsRig.start(t, { ...SMALL, 'hdfs.rollInterval': '0', 'hdfs.idleTimeout': '0' });
  await hdfs.write(line(1), line(2), line(3));
  await hdfs.pass(3_600_000);
  await hdfs.write(line(4));
  await hdfs.untilNames(`out/FlumeData.${NOW + 1}`, `out/FlumeData.${NOW + 2}.tmp`);
});

test('minFileSize: what is too small when the sink stops is closed all the same', async (t) => {
  const hdfs = await HdfsRig.start(t, SMALL);
  await hdfs.write(line(1));
  await hdfs.stop();
  assert.deepEqual(hdfs.names(), [`out/FlumeData.${NOW + 1}`]);
});

test('a large take fills files to minFileSize where their count or size would make them smaller', async (t) => {
  const hdfs = await HdfsRig.start(t, SMALL);
  await hdfs.write(...Array.from({ length: 12 }, (_, n) => line(n)));
  await hdfs.stop();
  assert.deepEqual(
    hdfs.texts().map((text) => text.split('\n').length - 1),
    [4, 4, 4],
  );
});

test('directories by the hour, in the zone that is given', async (t) => {
  const hdfs = await HdfsRig.start(t, {
    'hdfs.path': 'file://@DIR/%Y-%m-%d/%H',
    'hdfs.timeZone': 'UTC',
    'hdfs.filePrefix': '%{host}',
  });
  await hdfs.events([
    [{ timestamp: '1717488550000', host: 'a' }, '1'],
    [{ timestamp: '1717488550001', host: 'b' }, '2'],
    [{ timestamp: '1717492150000', host: 'a' }, '3'],
    [{ timestamp: '1717488550002', host: 'a' }, '4'],
  ]);
  await hdfs.stop();
  assert.deepEqual(
    hdfs.names().map((name) => [name.replace(/\.\d+$/, ''), hdfs.read(name)]),
    [
      ['2024-06-04/08/a', '1\n4\n'],
      ['2024-06-04/08/b', '2\n'],
      ['2024-06-04/09/a', '3\n'],
    ],
  );
});

test('useLocalTimeStamp needs no header; without it the take fails with Flume’s words, and nothing is written', async (t) => {
  const local = await HdfsRig.start(t, { 'hdfs.path': 'file://@DIR/%Y', 'hdfs.useLocalTimeStamp': 'true' });
  await local.write('x');
  assert.equal(local.names()[0]!.slice(0, 5), '2023/');
  const hdfs = await HdfsRig.start(t, { 'hdfs.path': 'file://@DIR/%Y' });
  const events = [[{ timestamp: '0' }, 'a'] as const, [{}, 'b'] as const];
  await assert.rejects(hdfs.events(events), /Expected timestamp in the Flume event headers, but it was null/);
  assert.deepEqual(hdfs.names(), []);
  await hdfs.events([[{ timestamp: '0' }, 'a']]);
  await hdfs.stop();
  assert.deepEqual(hdfs.texts(), ['a\n']);
});

test('a header cannot lead out of the directory', async (t) => {
  const hdfs = await HdfsRig.start(t, { 'hdfs.path': 'file://@DIR/out/%{h}/in' });
  await hdfs.events(['../..', '..', '.', 'a/../b', '..a/b..', '\0'].map((h) => [{ h }, 'x'] as const));
  await hdfs.stop();
  assert.deepEqual(
    hdfs
      .names()
      .map((name) => name.replace(/\/FlumeData.*/, ''))
      .sort(),
    ['out/..a/b../in', 'out/_/in', 'out/__/__/in', 'out/__/in', 'out/a/__/b/in'].sort(),
  );
});

test('values that lead to the same directory share its file', async (t) => {
  const hdfs = await HdfsRig.start(t, { 'hdfs.path': 'file://@DIR/out/%{h}/in/' });
  await hdfs.events(['', 'a', '/', '/a', 'a/'].map((h) => [{ h }, h] as const));
  await hdfs.events([[{ h: 'a//' }, 'a//']]);
  await hdfs.stop();
  assert.deepEqual(
    hdfs
      .names()
      .map((name) => [name.replace(/\/FlumeData.*/, ''), hdfs.read(name)])
      .sort(),
    [
      ['out/a/in', 'a\n/a\na/\na//\n'],
      ['out/in', '\n/\n'],
    ],
  );
});

test('more sets of values than are kept in mind: each place still has one file', async (t) => {
  const hdfs = await HdfsRig.start(t, { 'hdfs.path': 'file://@DIR', 'hdfs.filePrefix': '%{h}-%Y' });
  // A path is kept in mind by the minute, and these are all of one year.
  const minute = (n: number) => String(NOW + n * 60_000);
  const events = Array.from(
    { length: 10_050 },
    (_, n) => [{ h: `${n % 50}`, timestamp: minute(n) }, `${n}`] as const,
  );
  await hdfs.events(events);
  await hdfs.stop();
  assert.equal(hdfs.names().length, 50);
  const bodies = hdfs.texts().flatMap((text) => text.trimEnd().split('\n'));
  assert.deepEqual(
    bodies.map(Number).sort((a, b) => a - b),
    events.map((_, n) => n),
  );
});

test('a name that is taken is passed over', async () => {
  const hdfs = await HdfsRig.create();
  mkdirSync(join(hdfs.directory, 'out'));
  writeFileSync(join(hdfs.directory, `out/FlumeData.${NOW + 1}.tmp`), 'mine');
  writeFileSync(join(hdfs.directory, `out/FlumeData.${NOW + 2}`), 'mine');
  await hdfs.rig.sink.start?.();
  await hdfs.write('x');
  await hdfs.stop();
  assert.deepEqual(
    hdfs.names().map((name) => [name, hdfs.read(name)]),
    [
      [`out/FlumeData.${NOW + 1}.tmp`, 'mine'],
      [`out/FlumeData.${NOW + 2}`, 'mine'],
      [`out/FlumeData.${NOW + 2}-2`, 'x\n'],
    ],
  );
});

test('maxOpenFiles: the one that was not written for the longest time is closed', async (t) => {
  const hdfs = await HdfsRig.start(t, {
    'hdfs.path': 'file://@DIR',
    'hdfs.filePrefix': '%{h}',
    'hdfs.maxOpenFiles': '2',
  });
  const to = (h: string) => hdfs.events([[{ h }, 'x']]);
  await to('a');
  await to('b');
  await to('a');
  await to('c');
  await hdfs.untilNames(`a.${NOW + 1}.tmp`, `b.${NOW + 1}`, `c.${NOW + 1}.tmp`);
  hdfs.rig.clock.nowMs += 5;
  // More at once than may be open: all are delivered.
  await hdfs.events(['d', 'e', 'f', 'g', 'a'].map((h) => [{ h }, 'y'] as const));
  await hdfs.stop();
  assert.deepEqual(
    hdfs
      .names()
      .map((name) => name.split('.')[0])
      .sort(),
    ['a', 'a', 'b', 'c', 'd', 'e', 'f', 'g'],
  );
});

test('maxOpenFiles: a thousand directories in a take, and again, with fifty files open', async (t) => {
  const max = 50;
  const hdfs = await HdfsRig.start(t, {
    'hdfs.path': 'file://@DIR/%{h}',
    'hdfs.maxOpenFiles': String(max),
  });
  const hosts = Array.from({ length: 1000 }, (_, n) => `h${n}`);
  let most = 0;
  const counting = setInterval(() => {
    most = Math.max(most, openBelow(hdfs.directory));
  }, 10);
  t.after(() => clearInterval(counting));
  for (const body of ['one', 'two']) await hdfs.events(hosts.map((h) => [{ h }, body] as const));
  assert.ok(openBelow(hdfs.directory) <= 2 * max);
  await hdfs.stop();
  // Files that make room are closed behind the back of those that take it.
  assert.ok(most > 0 && most <= 2 * max + 10, `${most} open at once`);
  const bodies = Map.groupBy(hdfs.names(), (name) => name.slice(0, name.indexOf('/')));
  for (const h of hosts) {
    assert.deepEqual(
      bodies
        .get(h)!
        .flatMap((name) => hdfs.read(name).trim().split('\n'))
        .sort(),
      ['one', 'two'],
    );
  }
  assert.ok(!hdfs.names().some((name) => name.endsWith('.tmp')));
});

test('compressed: whole after each take, before the file is closed', async (t) => {
  const hdfs = await HdfsRig.start(t, { 'hdfs.fileType': 'CompressedStream', 'hdfs.codeC': 'gzip' });
  await hdfs.write('yarf!');
  const inUse = () => readFileSync(join(hdfs.directory, hdfs.names()[0]!));
  assert.equal(gunzipSync(inUse()).toString(), 'yarf!\n');
  await hdfs.write('yarfing!');
  assert.equal(gunzipSync(inUse()).toString(), 'yarf!\nyarfing!\n');
  await hdfs.stop();
  assert.equal(gunzipSync(inUse()).toString(), 'yarf!\nyarfing!\n');
});

test('compressed Avro: whole after each take', async (t) => {
  const hdfs = await HdfsRig.start(t, {
    'hdfs.fileType': 'CompressedStream',
    'hdfs.codeC': 'gzip',
    serializer: 'AVRO_EVENT',
  });
  await hdfs.write('yarf!');
  await hdfs.write('yarfing!');
  const { events } = readAvroFile(gunzipSync(readFileSync(join(hdfs.directory, hdfs.names()[0]!))));
  assert.deepEqual(
    events.map(({ body }) => body),
    ['yarf!', 'yarfing!'],
  );
});

test('a serializer by its Builder class and with options; rollCount over takes of two', async (t) => {
  const hdfs = await HdfsRig.start(t, {
    serializer: 'org.apache.flume.serialization.HeaderAndBodyTextEventSerializer$Builder',
    'serializer.appendNewline': 'false',
    'hdfs.rollCount': '10',
  });
  for (let n = 0; n < 50; n++) await hdfs.events([0, 1].map((i) => [{ k: 'v' }, `${i};`] as const));
  await hdfs.stop();
  assert.deepEqual(
    hdfs.texts(),
    Array.from({ length: 10 }, () => '{k=v} 0;{k=v} 1;'.repeat(5)),
  );
});

test('SequenceFiles: the classes of writeFormat, records in place after each take', async (t) => {
  for (const [format, name] of [
    ['Text', 'Text'],
    ['Writable', 'BytesWritable'],
    ['org.apache.flume.sink.hdfs.HDFSTextSerializer$Builder', 'Text'],
  ] as const) {
    const hdfs = await HdfsRig.start(t, { 'hdfs.fileType': 'SequenceFile', 'hdfs.writeFormat': format });
    await hdfs.write('first', 'second');
    const text = readFileSync(join(hdfs.directory, hdfs.names()[0]!), 'latin1');
    assert.ok(text.startsWith('SEQ\u0006\u0021org.apache.hadoop.io.LongWritable'));
    assert.ok(text.includes(`org.apache.hadoop.io.${name}\u0000\u0000`));
    assert.ok(text.includes('first') && text.includes('second'));
  }
});

test('counters are Flume’s', async (t) => {
  const hdfs = await HdfsRig.start(t, { 'hdfs.batchSize': '2' });
  await hdfs.write('a', 'b', 'c', 'd', 'e');
  await hdfs.write('f');
  await hdfs.pass(1000);
  assert.equal(hdfs.count('EventDrainAttemptCount'), 6);
  assert.equal(hdfs.count('EventDrainSuccessCount'), 6);
  assert.equal(hdfs.count('BatchCompleteCount'), 2);
  assert.equal(hdfs.count('BatchUnderflowCount'), 2);
  assert.equal(hdfs.count('BatchEmptyCount'), 1);
  assert.equal(hdfs.count('ConnectionCreatedCount'), 1);
  await hdfs.stop();
  assert.equal(hdfs.count('ConnectionClosedCount'), 1);
});

test('Flume’s log lines: Creating, Closing, Renaming', async (t) => {
  const hdfs = await HdfsRig.start(t);
  await hdfs.write('x');
  await hdfs.stop();
  const path = `file://${hdfs.directory}/out/FlumeData.${NOW + 1}`;
  assert.deepEqual(hdfs.rig.log.texts('info'), [
    `Creating ${path}.tmp`,
    `Closing ${path}.tmp`,
    `Renaming ${path}.tmp to ${path}`,
  ]);
});
