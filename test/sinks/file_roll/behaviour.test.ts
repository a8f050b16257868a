import assert from 'node:assert/strict';
import fs, { readFileSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { describe, test } from 'node:test';
import { batchOf } from '../../kit/editor.ts';
import { ManualClock } from '../../kit/part.ts';
import { readAvroFile } from '../../kit/serialize.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { FileRoll } from './directory.ts';

const START = new ManualClock().nowMs;

/** yyyyMMddHHmmss in the default zone. */
function stamp(ms: number): string {
  const date = new Date(ms);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

describe('sink file_roll: names and rolls', () => {
  test('names of a run share the time at which it began; a file is begun when its time is over', async (t) => {
    const sink = await FileRoll.start(t, { rollInterval: '10' });
    await sink.write('a', 'b');
    sink.pass(9999);
    await sink.write('c');
    sink.pass(1);
    await sink.write('d');
    assert.deepEqual(sink.files(), [
      [`${START}-1`, 'a\nb\nc\n'],
      [`${START}-2`, 'd\n'],
    ]);
    assert.equal(sink.rig.counters.get('ConnectionCreatedCount'), 2);
    assert.equal(sink.rig.counters.get('ConnectionClosedCount'), 1);
    assert.equal(sink.rig.counters.get('EventDrainSuccessCount'), 4);
  });

  test('files are opened and rolled even if nothing comes', async (t) => {
    const sink = await FileRoll.start(t);
    await sink.rig.sink.idle!();
    assert.deepEqual(sink.files(), [[`${START}-1`, '']]);
    for (let n = 0; n < 3; n++) {
      sink.pass(30_000);
      await sink.rig.sink.idle!();
    }
    assert.deepEqual(sink.texts(), ['', '', '', '']);
  });

  for (const interval of ['0', '-1']) {
    test(`rollInterval = ${interval}: one file`, async (t) => {
      const sink = await FileRoll.start(t, { rollInterval: interval });
      for (let n = 0; n < 3; n++) {
        sink.pass(86_400_000);
        await sink.write(`${n}`);
        await sink.rig.sink.idle!();
      }
      assert.deepEqual(sink.files(), [[`${START}-1`, '0\n1\n2\n']]);
    });
  }

  test('prefix and extension stand around the name', async (t) => {
    const sink = await FileRoll.start(t, { 'pathManager.prefix': 'web-', 'pathManager.extension': 'log' });
    await sink.write('a');
    assert.deepEqual(sink.files(), [[`web-${START}-1.log`, 'a\n']]);
  });

  for (const type of ['ROLLTIME', 'org.apache.flume.formatter.output.RollTimePathManager$Builder']) {
    test(`${type}: names have the second in which the file was begun; the count begins anew with each`, async (t) => {
      const own = { pathManager: type, 'pathManager.prefix': 'p', 'pathManager.extension': 'txt' };
      const sink = await FileRoll.start(t, { ...own, rollInterval: '200ms' });
      const names: string[] = [];
      for (const ms of [0, 200, 800, 200]) {
        sink.pass(ms);
        await sink.write('x');
        names.push(`p${stamp(sink.rig.clock.nowMs)}`);
      }
      assert.equal(names[0], names[1]);
      assert.notEqual(names[1], names[2]);
      assert.equal(names[2], names[3]);
      const wanted = [`${names[0]}-1.txt`, `${names[1]}-2.txt`, `${names[2]}-1.txt`, `${names[3]}-2.txt`];
      assert.deepEqual(
        sink
          .files()
          .map(([name]) => name)
          .sort(),
        wanted.sort(),
      );
    });
  }

  test('a name that is taken is passed over, and the file there is left as it is', async (t) => {
    const directory = temporaryDirectory();
    const taken = `${directory}/${START}-1`;
    writeFileSync(taken, 'not ours');
    const sink = await FileRoll.start(t, {}, directory);
    await sink.write('a');
    assert.deepEqual(sink.texts(), ['not ours', 'a\n']);
  });

  test('two sinks made in the same millisecond share a directory', async (t) => {
    const one = await FileRoll.start(t);
    const other = await FileRoll.start(t, {}, one.directory);
    for (const round of ['a', 'b']) {
      await one.write(`one ${round}`);
      await other.write(`other ${round}`);
      for (const sink of [one, other]) sink.pass(30_000);
    }
    assert.deepEqual(one.texts(), ['one a\n', 'other a\n', 'one b\n', 'other b\n']);
  });
});

describe('sink file_roll: serializers', () => {
  test('text with appendNewline = false', async (t) => {
    const sink = await FileRoll.start(t, { serializer: 'Text', 'serializer.appendNewline': 'false' });
    await sink.write('a', 'b\n', 'c');
    assert.deepEqual(sink.texts(), ['ab\nc']);
  });

  test('header_and_text, by its Builder class', async (t) => {
    const type = 'org.apache.flume.serialization.HeaderAndBodyTextEventSerializer$Builder';
    const sink = await FileRoll.start(t, { serializer: type });
    const headers = { header1: 'value1', header2: 'value2' };
    await sink.rig.sink.process(batchOf([[headers, 'event 1']]));
    assert.deepEqual(sink.texts(), ['{header2=value2, header1=value1} event 1\n']);
  });

  for (const codec of ['null', 'deflate']) {
    test(`avro_event with codec ${codec}: each file is whole by itself and can be read at each commit`, async (t) => {
      const own = { serializer: 'avro_event', 'serializer.compressionCodec': codec, rollInterval: '10' };
      const sink = await FileRoll.start(t, own);
      const read = () =>
        sink.files().map(([name]) => {
          const file = readAvroFile(readFileSync(sink.path(name)));
          assert.equal(file.codec, codec);
          return file.events.map((event) => event.body);
        });
      await sink.rig.sink.idle!();
      assert.deepEqual(read(), [[]]);
      await sink.write('a', 'b');
      assert.deepEqual(read(), [['a', 'b']]);
      await sink.write('c');
      sink.pass(10_000);
      await sink.write('d');
      assert.deepEqual(read(), [['a', 'b', 'c'], ['d']]);
      await sink.rig.sink.stop!();
      assert.deepEqual(read(), [['a', 'b', 'c'], ['d']]);
    });
  }
});

describe('sink file_roll: the disk', () => {
  for (const [option, wanted] of [
    ['never', 0],
    ['batch', 3],
  ] as const) {
    test(`fsync = ${option}: ${wanted} of 3 batches are forced to the disk before they are committed`, async (t) => {
      const sync = t.mock.method(fs, 'fdatasyncSync');
      syncBuiltinESMExports();
      t.after(() => {
        t.mock.restoreAll();
        syncBuiltinESMExports();
      });
      const sink = await FileRoll.start(t, { fsync: option });
      for (let n = 0; n < 3; n++) await sink.write(`${n}`);
      assert.equal(sync.mock.callCount(), wanted);
      assert.deepEqual(sink.texts(), ['0\n1\n2\n']);
    });
  }

  test('a batch of many pieces is whole and in order', async (t) => {
    const sink = await FileRoll.start(t, { serializer: 'header_and_text' });
    const bodies = Array.from({ length: 3000 }, (_, n) => `body ${n}`);
    await sink.write(...bodies);
    assert.deepEqual(sink.texts(), [bodies.map((body) => `{} ${body}\n`).join('')]);
  });
});
