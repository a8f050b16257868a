/** What disks, directories and names do to the source. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { until } from '../../kit/until.ts';
import { numbered, TailRig, text } from './rig.ts';

describe('names', () => {
  test('with blanks, line ends, letters of any script and bytes that are no UTF-8 are read and kept', async (t) => {
    const names = ['a b.log', 'ünï ☃ 漢.log', 'quote\'".log', 'back\\slash.log', '-n.log'];
    const rig = await TailRig.open(t, { 'filegroups.f1': '@/(?s).*\\.log', fileHeader: 'true' });
    for (const name of [...names, 'line\nend.log']) writeFileSync(rig.path(name), 'one\n');
    const odd = Buffer.concat([Buffer.from(rig.path('odd ')), Buffer.from('\xff\xfe.log', 'latin1')]);
    writeFileSync(odd, 'one\n');
    await rig.untilCount(names.length + 2);
    assert.deepEqual(
      rig.events.map(({ headers }) => headers.get('file')).sort(),
      [...names, 'line\nend.log', 'odd \ufffd\ufffd.log'].map((name) => rig.path(name)).sort(),
    );
    await rig.untilStored('line\nend.log', 4);
    await rig.stop();
    for (const path of [odd, rig.path('line\nend.log')]) appendFileSync(path, 'two\n');
    await rig.start();
    await rig.untilCount(names.length + 4);
    assert.equal(rig.bodies.filter((body) => body === 'two').length, 2);
  });

  test('that match and are no files are passed over: directories, pipes, links to nothing', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => {
      mkdirSync(it.path('directory.log'));
      execFileSync('mkfifo', [it.path('pipe.log')]);
      execFileSync('ln', ['-s', 'nothing', it.path('link.log')]);
      writeFileSync(it.path('a.log'), 'one\n');
    });
    await rig.untilCount(1);
    assert.equal(rig.progress().length, 1);
  });
});

describe('a file', () => {
  test('that cannot be opened or read is told once, degrades the source and harms no other', async (t) => {
    for (const call of ['open', 'read'] as const) {
      const rig = await TailRig.open(t, { maxBackoffSleep: '50', idleTimeout: '400' }, (it) => {
        it.disk.fails = (one, path) => (one === call && path.endsWith('bad.log') ? 'EACCES' : null);
        writeFileSync(it.path('bad.log'), 'bad\n');
        writeFileSync(it.path('good.log'), 'good\n');
      });
      await rig.untilCount(1);
      assert.deepEqual(rig.bodies, ['good']);
      assert.match(await until('it is degraded', () => rig.degraded), /bad\.log cannot be read: EACCES/);
      await until('it was tried again', () => rig.counters.get('EventReadFail') > 2);
      assert.equal(rig.log.texts('error').length, 1);
      assert.match(rig.log.texts('error')[0]!, /Failed opening file: .*bad\.log/);
      assert.match(
        String(rig.progress().find((row) => row.file === rig.path('bad.log'))!.state),
        /^failed: EACCES/,
      );
      appendFileSync(rig.path('good.log'), 'more\n');
      await rig.untilCount(2);
      rig.disk.fails = () => null;
      await rig.untilCount(3);
      assert.deepEqual(rig.bodies, ['good', 'more', 'bad']);
      await until('it is well again', () => rig.degraded === null);
      await rig.stop();
    }
  });

  test('that fails in the middle goes on where it failed', async (t) => {
    const lines = numbered('line', 60_000);
    let reads = 0;
    const rig = await TailRig.open(t, { maxBackoffSleep: '50', idleTimeout: '400' }, (it) => {
      it.disk.fails = (call) => (call === 'read' && ++reads % 3 === 0 ? 'EIO' : null);
      writeFileSync(it.path('a.log'), text(lines));
    });
    await rig.untilCount(lines.length);
    assert.deepEqual(rig.bodies, lines);
  });

  test('that is deleted before it was read, while the channel refuses, is read all the same', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), 'one\n'));
    await rig.untilCount(1);
    rig.channel = () => 0;
    appendFileSync(rig.path('a.log'), 'two\n');
    await until('it is refused', () => rig.counters.get('ChannelWriteFail') > 0);
    unlinkSync(rig.path('a.log'));
    writeFileSync(rig.path('a.log'), 'three\n');
    const held = () => rig.disk.openPaths.filter((path) => path === rig.path('a.log')).length;
    await until('both are held', () => held() === 2);
    unlinkSync(rig.path('a.log'));
    rig.channel = (count) => count;
    await rig.untilCount(3);
    assert.deepEqual([...rig.bodies].sort(), ['one', 'three', 'two']);
  });
});

describe('a directory', () => {
  test('that is removed and made again is read again; what was open is read to its end', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), 'one\n'));
    await rig.untilCount(1);
    appendFileSync(rig.path('a.log'), 'two\n');
    rmSync(rig.directory, { recursive: true });
    await rig.untilCount(2);
    const reason = await until('it is degraded', () => rig.degraded);
    assert.match(reason, /directory .*logs cannot be read: it is gone/);
    mkdirSync(rig.directory);
    writeFileSync(rig.path('a.log'), 'three\n');
    await rig.untilCount(3);
    await until('it is well again', () => rig.degraded === null);
    appendFileSync(rig.path('a.log'), 'four\n');
    await rig.untilCount(4);
    assert.deepEqual(rig.bodies, ['one', 'two', 'three', 'four']);
  });

  test('that is away for a while (another one stands there) comes back with its positions', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), 'one\n'));
    await rig.untilCount(1);
    renameSync(rig.directory, `${rig.directory}.away`);
    mkdirSync(rig.directory);
    writeFileSync(rig.path('b.log'), 'other\n');
    await rig.untilCount(2);
    rmSync(rig.directory, { recursive: true });
    renameSync(`${rig.directory}.away`, rig.directory);
    appendFileSync(rig.path('a.log'), 'two\n');
    await rig.untilCount(3);
    assert.deepEqual(rig.bodies, ['one', 'other', 'two']);
  });

  test('that is looked at while the source stops keeps its files: none is read again', async (t) => {
    const names = Array.from({ length: 100 }, (_, n) => `${n}.log`);
    const held: (() => void)[] = [];
    let isNext = false;
    let holds = false;
    const rig = await TailRig.open(
      t,
      { watch: 'false', backoffSleepIncrement: '20', maxBackoffSleep: '20' },
      (it) => {
        const { stat, names: list } = it.disk;
        it.disk.names = async (directory) => {
          // From the first name on: behind the middle fewer than are looked at at once may be left.
          holds ||= isNext;
          return await list(directory);
        };
        it.disk.stat = async (path) => {
          if (holds && path !== it.directory) await new Promise<void>((resolve) => held.push(resolve));
          return await stat(path);
        };
        for (const name of names) writeFileSync(it.path(name), 'one\n');
      },
    );
    await rig.untilCount(names.length);
    isNext = true;
    await until('as many files as at once are looked at', () => held.length >= 32);
    const stopped = rig.stop();
    isNext = false;
    holds = false;
    for (const resolve of held) resolve();
    await stopped;
    assert.equal(rig.stored().size, names.length);
    appendFileSync(rig.path('99.log'), 'two\n');
    await rig.start();
    await rig.untilCount(names.length + 1);
    assert.deepEqual(rig.bodies.slice(names.length), ['two']);
  });

  test('that cannot be watched is polled, which is said once, with the remedy', async (t) => {
    const rig = await TailRig.open(t, { backoffSleepIncrement: '20', maxBackoffSleep: '20' }, (it) => {
      it.disk.fails = (call) => (call === 'watch' ? 'ENOSPC' : null);
      writeFileSync(it.path('a.log'), 'one\n');
    });
    await rig.untilCount(1);
    appendFileSync(rig.path('a.log'), 'two\n');
    await rig.untilCount(2);
    writeFileSync(rig.path('b.log'), 'three\n');
    await rig.untilCount(3);
    // It is opened anew, and still not watched.
    rmSync(rig.directory, { recursive: true });
    await until('it is gone', () => rig.degraded);
    mkdirSync(rig.directory);
    writeFileSync(rig.path('c.log'), 'four\n');
    await rig.untilCount(4);
    assert.deepEqual(rig.bodies, ['one', 'two', 'three', 'four']);
    const told = rig.log.texts('warn').filter((line) => line.includes('cannot be watched'));
    assert.equal(told.length, 1);
    assert.match(
      told[0]!,
      /logs cannot be watched and is polled instead: ENOSPC.*fs\.inotify\.max_user_watches/,
    );
  });

  test('that cannot be listed is tried again', async (t) => {
    const rig = await TailRig.open(t, {}, (it) => {
      writeFileSync(it.path('a.log'), 'one\n');
      it.disk.fails = (call) => (call === 'names' ? 'EACCES' : null);
    });
    assert.match(await until('it is degraded', () => rig.degraded), /cannot be read: EACCES/);
    rig.disk.fails = () => null;
    await rig.untilCount(1);
    await until('it is well again', () => rig.degraded === null);
  });

  test('that cannot be listed for a while: files that were closed go on where they were', async (t) => {
    const polled = { watch: 'false', cachePatternMatching: 'false', backoffSleepIncrement: '20' };
    const rig = await TailRig.open(t, { ...polled, idleTimeout: '100' }, (it) =>
      writeFileSync(it.path('a.log'), 'one\n'),
    );
    await rig.untilCount(1);
    await until('it is closed', () => rig.disk.openPaths.length === 0);
    rig.disk.fails = (call) => (call === 'names' ? 'EIO' : null);
    assert.match(await until('it is degraded', () => rig.degraded), /cannot be read: EIO/);
    appendFileSync(rig.path('a.log'), 'two\n');
    rig.disk.fails = () => null;
    await rig.untilCount(2);
    await until('it is well again', () => rig.degraded === null);
    writeFileSync(rig.path('b.log'), 'three\n');
    await rig.untilCount(3);
    assert.deepEqual(rig.bodies, ['one', 'two', 'three']);
  });

  test('that is not there at the start keeps the source from starting, with Flume’s words', async (t) => {
    const rig = await TailRig.open(t);
    await rig.stop();
    rmSync(rig.directory, { recursive: true });
    await assert.rejects(rig.start(), /Directory does not exist: .*logs/);
  });
});
