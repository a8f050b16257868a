/** Disks and directories that break: what the operator is told, what stays in the files, how it goes on. */
import assert from 'node:assert/strict';
import fs, { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import declaration from '../../../src/sinks/file_roll/index.ts';
import { ManualClock, refusalOf } from '../../kit/part.ts';
import { readAvroFile } from '../../kit/serialize.ts';
import { SinkRig } from '../../kit/sink.ts';
import { temporaryDirectory } from '../../kit/temporary.ts';
import { FileRoll } from './directory.ts';

const START = new ManualClock().nowMs;

function failure(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}, write`), { code });
}

/** Room on the disk: writes fit as far as it reaches, the rest fails with `code`. */
class Disk {
  roomBytes = Number.POSITIVE_INFINITY;
  code = 'ENOSPC';

  constructor(t: TestContext) {
    const { writeSync, writevSync } = fs;
    const fit = (wanted: number): number => {
      const room = Math.min(wanted, this.roomBytes);
      if (room === 0) throw failure(this.code, 'no space left on device');
      this.roomBytes -= room;
      return room;
    };
    t.mock.method(fs, 'writeSync', (fd: number, bytes: Uint8Array) =>
      writeSync(fd, bytes.subarray(0, fit(bytes.length))),
    );
    t.mock.method(fs, 'writevSync', (fd: number, views: readonly Uint8Array[]) => {
      const bytes = Buffer.concat(views);
      return writevSync(fd, [bytes.subarray(0, fit(bytes.length))]);
    });
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
  }
}

describe('sink file_roll: faults', () => {
  test('a full disk: the file ends with the last commit; the batch goes to a new one once there is room', async (t) => {
    const disk = new Disk(t);
    const sink = await FileRoll.start(t);
    await sink.write('first');
    disk.roomBytes = 7;
    const error = await refusalOf(() => sink.write('second', 'third'));
    assert.equal(error.code, 'SINK_FAILED');
    assert.match(
      error.message,
      /^sink k1 cannot write to .*: ENOSPC.*\(free space on its disk; the batch is kept\)$/,
    );
    assert.equal(error.detail.option, 'sink.directory');
    assert.equal(error.detail.value, sink.directory);
    assert.deepEqual(sink.texts(), ['first\n']);
    disk.roomBytes = Number.POSITIVE_INFINITY;
    await sink.write('second', 'third');
    assert.deepEqual(sink.texts(), ['first\n', 'second\nthird\n']);
    assert.equal(sink.rig.counters.get('EventWriteFail'), 1);
    assert.equal(sink.rig.counters.get('EventDrainAttemptCount'), 5);
    assert.equal(sink.rig.counters.get('EventDrainSuccessCount'), 3);
  });

  test('a disk that stays full is not strewn with empty files', async (t) => {
    const disk = new Disk(t);
    for (const serializer of ['text', 'avro_event']) {
      const sink = await FileRoll.start(t, { serializer });
      await sink.write('first');
      disk.roomBytes = 0;
      for (let n = 0; n < 20; n++) {
        sink.pass(5000);
        await assert.rejects(sink.write('second'), /ENOSPC/);
      }
      assert.equal(sink.files().length, 1, serializer);
      disk.roomBytes = Number.POSITIVE_INFINITY;
      await sink.write('second');
      assert.equal(sink.files().length, 2, serializer);
      const { counters } = sink.rig;
      await sink.rig.sink.stop!();
      assert.equal(counters.get('ConnectionClosedCount'), counters.get('ConnectionCreatedCount'));
    }
  });

  test('short writes are gone on with, wherever they end', async (t) => {
    const { writevSync, writeSync } = fs;
    const bodies = Array.from({ length: 40 }, (_, n) => `${n}`.repeat(n % 5));
    const wanted = bodies.map((body) => `{} ${body}\n`).join('');
    for (let most = 1; most <= 12; most++) {
      t.mock.method(fs, 'writevSync', (fd: number, views: readonly Uint8Array[]) =>
        writevSync(fd, [Buffer.concat(views).subarray(0, most * 7)]),
      );
      t.mock.method(fs, 'writeSync', (fd: number, bytes: Uint8Array) =>
        writeSync(fd, bytes.subarray(0, most)),
      );
      syncBuiltinESMExports();
      try {
        const sink = await FileRoll.start(t, { serializer: 'header_and_text' });
        await sink.write(...bodies);
        assert.deepEqual(sink.texts(), [wanted], `${most}`);
      } finally {
        t.mock.restoreAll();
        syncBuiltinESMExports();
      }
    }
  });

  test('avro_event: a container that was cut back can be read', async (t) => {
    const disk = new Disk(t);
    const sink = await FileRoll.start(t, { serializer: 'avro_event' });
    await sink.write('a');
    disk.roomBytes = 25;
    await assert.rejects(sink.write('b'.repeat(1000)), /ENOSPC/);
    disk.roomBytes = Number.POSITIVE_INFINITY;
    await sink.write('c');
    const events = sink.files().map(([name]) => readAvroFile(fs.readFileSync(sink.path(name))).events);
    assert.deepEqual(
      events.map((list) => list.map((event) => event.body)),
      [['a'], ['c']],
    );
  });

  for (const [code, remedy] of [
    ['EDQUOT', /raise the quota/],
    ['EROFS', /mount its disk writable/],
    ['EACCES', /let this user write there/],
  ] as const) {
    test(`${code} is told with its remedy`, async (t) => {
      const disk = new Disk(t);
      const sink = await FileRoll.start(t);
      disk.roomBytes = 0;
      disk.code = code;
      const { message, detail } = await refusalOf(() => sink.write('x'));
      assert.match(message, new RegExp(code));
      assert.match(detail.remedy!, remedy);
    });
  }

  test('an error that nobody foresaw comes as it is', async (t) => {
    const disk = new Disk(t);
    const sink = await FileRoll.start(t);
    disk.roomBytes = 0;
    disk.code = 'EIO';
    await assert.rejects(sink.write('x'), { code: 'EIO' });
  });

  test('a directory that goes away: told at the next file, also when nothing comes; it is never created', async (t) => {
    const directory = join(temporaryDirectory(), 'out');
    mkdirSync(directory);
    const sink = await FileRoll.start(t, { rollInterval: '10' }, directory);
    await sink.write('a');
    rmSync(directory, { recursive: true });
    sink.pass(10_000);
    for (const what of [() => sink.write('b'), async () => sink.rig.sink.idle!()]) {
      const { message, detail } = await refusalOf(what);
      assert.match(message, /ENOENT.*create the directory again/);
      assert.match(detail.remedy!, /create the directory again/);
    }
    assert.equal(fs.existsSync(directory), false);
    assert.equal(sink.rig.counters.get('ConnectionFailedCount'), 2);
    mkdirSync(directory);
    await sink.write('b');
    assert.deepEqual(sink.texts(), ['b\n']);
  });

  test('a directory that may not be written to is told when the sink starts', async (t) => {
    const directory = temporaryDirectory();
    // By a mock: for root nothing is read-only.
    t.mock.method(fs, 'accessSync', () => {
      throw failure('EACCES', 'permission denied');
    });
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
    const { message, detail } = await refusalOf(() =>
      SinkRig.start(declaration, { 'sink.directory': directory }),
    );
    assert.match(message, /cannot be used: EACCES/);
    assert.match(detail.remedy!, /let this user write there/);
  });

  test('a link under the name of the next file is not followed', async (t) => {
    const directory = temporaryDirectory();
    symlinkSync('/dev/full', join(directory, `${START}-1`));
    const victim = join(temporaryDirectory(), 'victim');
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, join(directory, `${START}-2`));
    const sink = await FileRoll.start(t, {}, directory);
    await sink.write('a');
    assert.equal(fs.readFileSync(victim, 'utf8'), 'untouched');
    assert.equal(fs.readFileSync(sink.path(`${START}-3`), 'utf8'), 'a\n');
  });

  test('when names without end are taken the sink says so', async (t) => {
    t.mock.method(fs, 'openSync', () => {
      throw failure('EEXIST', 'file already exists');
    });
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
    const sink = await FileRoll.start(t);
    const { detail } = await refusalOf(() => sink.write('x'));
    assert.match(detail.remedy!, /move the files away/);
  });

  test('a file that cannot be cut back is closed all the same, and told of', async (t) => {
    const disk = new Disk(t);
    t.mock.method(fs, 'ftruncateSync', () => {
      throw failure('EIO', 'input/output error');
    });
    syncBuiltinESMExports();
    const sink = await FileRoll.start(t);
    await sink.write('a');
    disk.roomBytes = 0;
    await assert.rejects(sink.write('b'), /ENOSPC/);
    assert.match(sink.rig.log.texts('warn')[0]!, /-1 could not be cut back to its last commit/);
    assert.equal(sink.rig.counters.get('ConnectionClosedCount'), 1);
  });
});
