/** What makes a file the same file: it is neither read again nor left unread, whatever its name becomes. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, test } from 'node:test';
import { until } from '../../kit/until.ts';
import { numbered, TailRig, text } from './rig.ts';

/** Matches what logrotate makes, too. */
const ROTATED = { 'filegroups.f1': '@/.*\\.log.*' };
const first = numbered('first', 100);
const second = numbered('second', 100);
const third = numbered('third', 3);

async function withFirst(t: Parameters<typeof TailRig.open>[0], properties = {}): Promise<TailRig> {
  const rig = await TailRig.open(t, properties, (it) => writeFileSync(it.path('a.log'), text(first)));
  await rig.untilStored('a.log', text(first).length);
  return rig;
}

/** Everything came once, in order, and a while later nothing more has. */
async function exactly(rig: TailRig, wanted: readonly string[]): Promise<void> {
  await rig.untilCount(wanted.length);
  writeFileSync(rig.path('marker.log'), 'marker\n');
  await until('the marker', () => rig.bodies.includes('marker'));
  assert.deepEqual(
    rig.bodies.filter((body) => body !== 'marker'),
    wanted,
  );
}

describe('a file that is renamed', () => {
  test('to a name that matches goes on where it was', async (t) => {
    const rig = await withFirst(t, ROTATED);
    renameSync(rig.path('a.log'), rig.path('a.log.1'));
    appendFileSync(rig.path('a.log.1'), text(third));
    await exactly(rig, [...first, ...third]);
    await rig.untilStored('a.log.1', text(first).length + text(third).length);
    assert.equal(rig.stored().has(rig.path('a.log')), false);
  });

  test('to a name that does not match is read to its end, and its successor from the beginning', async (t) => {
    const rig = await withFirst(t);
    rig.channel = () => 0;
    appendFileSync(rig.path('a.log'), text(second));
    await until('a put is refused', () => rig.counters.get('ChannelWriteFail') > 0);
    renameSync(rig.path('a.log'), rig.path('a.log.1'));
    writeFileSync(rig.path('a.log'), text(third));
    rig.channel = (count) => count;
    // The writer still has the old one open.
    appendFileSync(rig.path('a.log.1'), 'late\n');
    await rig.untilCount(first.length + second.length + third.length + 1);
    assert.deepEqual(new Set(rig.bodies), new Set([...first, ...second, ...third, 'late']));
    assert.equal(rig.bodies.length, 204);
  });

  test('and was closed before is found again by its inode and read to its end', async (t) => {
    const rig = await withFirst(t, { watch: 'false', backoffSleepIncrement: '20', idleTimeout: '60' });
    await until('it is closed', () => rig.disk.openPaths.length === 0);
    appendFileSync(rig.path('a.log'), text(second));
    renameSync(rig.path('a.log'), rig.path('old'));
    await exactly(rig, [...first, ...second]);
  });

  test('and has no end of its last line gives that line when it is idle, and is let go', async (t) => {
    const rig = await withFirst(t, { idleTimeout: '200' });
    appendFileSync(rig.path('a.log'), 'no end');
    renameSync(rig.path('a.log'), rig.path('old'));
    await exactly(rig, [...first, 'no end']);
    await until('it is let go', () => rig.progress().every((row) => row.state !== 'renamed or deleted'));
    assert.ok(!rig.disk.openPaths.includes(rig.path('a.log')));
  });

  test('round by round, as log4j does it, gives every line once', async (t) => {
    const rig = await TailRig.open(t, ROTATED);
    const wanted: string[] = [];
    for (let round = 0; round < 12; round++) {
      const lines = numbered(`round ${round}`, 40);
      wanted.push(...lines);
      writeFileSync(rig.path('a.log'), text(lines.slice(0, 20)));
      if (round % 3 === 0) await rig.untilCount(wanted.length - 20);
      appendFileSync(rig.path('a.log'), text(lines.slice(20)));
      if (round % 2 === 0) await rig.untilCount(wanted.length);
      for (let n = 3; n >= 1; n--) {
        try {
          renameSync(rig.path(`a.log.${n}`), rig.path(`a.log.${n + 1}`));
        } catch {
          // Not so many yet.
        }
      }
      renameSync(rig.path('a.log'), rig.path('a.log.1'));
    }
    await rig.untilCount(wanted.length);
    assert.deepEqual([...rig.bodies].sort(), [...wanted].sort());
  });

  test('while the source is stopped goes on, under a name that matches or not', async (t) => {
    for (const name of ['a.log.1', 'old']) {
      const rig = await withFirst(t, ROTATED);
      await rig.stop();
      appendFileSync(rig.path('a.log'), text(second));
      renameSync(rig.path('a.log'), rig.path(name));
      writeFileSync(rig.path('a.log'), text(third));
      await rig.start();
      await rig.untilCount(203);
      assert.deepEqual([...rig.bodies].sort(), [...first, ...second, ...third].sort());
      await rig.stop();
    }
  });

  test('while the source is stopped into another directory that is watched goes on there', async (t) => {
    const groups = { filegroups: 'f1 f2', 'filegroups.f2': '@/other/.*', 'headers.f2.place': 'other' };
    const rig = await TailRig.open(t, groups, (it) => {
      mkdirSync(it.path('other'));
      writeFileSync(it.path('a.log'), text(first));
    });
    await rig.untilCount(100);
    await rig.stop();
    renameSync(rig.path('a.log'), rig.path('other/a'));
    appendFileSync(rig.path('other/a'), text(second));
    writeFileSync(rig.path('a.log'), text(third));
    await rig.start();
    await rig.untilCount(203);
    assert.deepEqual([...rig.bodies].sort(), [...first, ...second, ...third].sort());
    assert.equal(rig.events.filter(({ headers }) => headers.get('place') === 'other').length, 100);
  });

  test('goes on over several starts, however far each of them came', async (t) => {
    const rig = await TailRig.open(
      t,
      { filegroups: 'f2 f1', 'filegroups.f2': '@/b\\.log', 'headers.f2.of': 'b', writePosInterval: '10' },
      (it) => writeFileSync(it.path('b.log'), text(first)),
    );
    await rig.untilCount(100);
    await rig.stop();
    renameSync(rig.path('b.log'), rig.path('b.log.1'));
    for (let start = 0; start < 3; start++) {
      appendFileSync(rig.path('b.log.1'), text(second));
      // Nothing of it may be accepted before the next start.
      rig.channel = () => 0;
      await rig.start();
      await until('the source knows it', () =>
        rig.progress().some(({ file }) => file === rig.path('b.log.1')),
      );
      await rig.stop();
      rig.channel = (count) => count;
      await rig.start();
      await rig.untilCount(100 * (start + 2));
      await rig.stop();
    }
    assert.deepEqual(rig.bodies, [...first, ...second, ...second, ...second]);
    assert.equal(rig.events.filter(({ headers }) => headers.get('of') === 'b').length, 400);
  });

  test('to another directory that is watched goes on there, with that group’s headers', async (t) => {
    const rig = await TailRig.open(
      t,
      {
        filegroups: 'f1 f2',
        'filegroups.f2': '@/other/.*',
        'headers.f2.place': 'other',
      },
      (it) => {
        mkdirSync(it.path('other'));
        writeFileSync(it.path('a.log'), text(first));
      },
    );
    await rig.untilCount(100);
    renameSync(rig.path('a.log'), rig.path('other/a'));
    await until('it is known there', () => rig.progress().some(({ file }) => file === rig.path('other/a')));
    appendFileSync(rig.path('other/a'), text(third));
    await exactly(rig, [...first, ...third]);
    assert.equal(rig.events.find(({ body }) => body === third[0])!.headers.get('place'), 'other');
  });
});

describe('a file that is cut', () => {
  test('and grows anew is read from its beginning', async (t) => {
    const rig = await withFirst(t);
    truncateSync(rig.path('a.log'));
    appendFileSync(rig.path('a.log'), text(third));
    await exactly(rig, [...first, ...third]);
    assert.match(rig.log.texts('info').join('\n'), /Pos \d+ is larger than file size! Restarting from pos 0/);
  });

  test('and has grown beyond its old length before anybody looked is read from its beginning', async (t) => {
    const rig = await withFirst(t, { watch: 'false', backoffSleepIncrement: '50', maxBackoffSleep: '50' });
    // In one turn: no look comes between.
    truncateSync(rig.path('a.log'));
    appendFileSync(rig.path('a.log'), text(second) + text(third));
    assert.ok(statSync(rig.path('a.log')).size > text(first).length);
    await exactly(rig, [...first, ...second, ...third]);
  });

  test('while a put of it is refused goes on with what it holds now', async (t) => {
    const rig = await withFirst(t);
    rig.channel = () => 0;
    appendFileSync(rig.path('a.log'), text(second));
    await until('a put is refused', () => rig.counters.get('ChannelWriteFail') > 0);
    truncateSync(rig.path('a.log'));
    appendFileSync(rig.path('a.log'), text(third));
    rig.channel = (count) => count;
    await exactly(rig, [...first, ...third]);
  });

  test('with a copy kept (copytruncate): the copy is not read again, its end that nobody had read is', async (t) => {
    const rig = await withFirst(t, ROTATED);
    rig.channel = () => 0;
    appendFileSync(rig.path('a.log'), text(second));
    await until('a put is refused', () => rig.counters.get('ChannelWriteFail') > 0);
    copyFileSync(rig.path('a.log'), rig.path('a.log.1'));
    truncateSync(rig.path('a.log'));
    rig.channel = (count) => count;
    await rig.untilCount(200);
    appendFileSync(rig.path('a.log'), text(third));
    await exactly(rig, [...first, ...second, ...third]);
    assert.match(rig.log.texts('info').join('\n'), /a\.log\.1 is a copy of .*a\.log/);
  });

  test('while the source is stopped, with a copy kept (copytruncate): the end of it is in the copy', async (t) => {
    const rig = await withFirst(t, ROTATED);
    await rig.stop();
    appendFileSync(rig.path('a.log'), text(second));
    copyFileSync(rig.path('a.log'), rig.path('a.log.1'));
    truncateSync(rig.path('a.log'));
    appendFileSync(rig.path('a.log'), text(third));
    await rig.start();
    await rig.untilCount(203);
    writeFileSync(rig.path('marker.log'), 'marker\n');
    await until('the marker', () => rig.bodies.includes('marker'));
    assert.deepEqual([...rig.bodies].sort(), [...first, ...second, ...third, 'marker'].sort());
  });

  test('after its copy was seen: the copy waits for what becomes of the original', async (t) => {
    const rig = await withFirst(t, ROTATED);
    copyFileSync(rig.path('a.log'), rig.path('a.log.1'));
    await until('the copy is known', () => rig.progress().length === 2);
    await until('the original is at its end', () => rig.progress().every((row) => row['lag ms'] === 0));
    truncateSync(rig.path('a.log'));
    appendFileSync(rig.path('a.log'), text(third));
    await exactly(rig, [...first, ...third]);
  });
});

describe('another inode', () => {
  test('with the same content and more in place of the old (rsync, editors): only what is more', async (t) => {
    const rig = await withFirst(t);
    writeFileSync(rig.path('a.new'), text(first) + text(second));
    renameSync(rig.path('a.new'), rig.path('a.log'));
    await exactly(rig, [...first, ...second]);
  });

  test('a copy of a file that stays as it is is read like any other file', async (t) => {
    const rig = await withFirst(t);
    copyFileSync(rig.path('a.log'), rig.path('b.log'));
    await rig.untilCount(200);
    assert.deepEqual(rig.bodies, [...first, ...first]);
  });

  test('a new file with the same beginning is another file', async (t) => {
    const head = text(numbered('head', 20));
    const rig = await TailRig.open(t, {}, (it) => writeFileSync(it.path('a.log'), head + text(first)));
    await rig.untilCount(120);
    writeFileSync(rig.path('b.log'), head + text(second));
    unlinkSync(rig.path('a.log'));
    await rig.untilCount(240);
    assert.deepEqual(rig.bodies.slice(120), [...numbered('head', 20), ...second]);
  });

  test('an inode that is used again for another file begins at 0, while running and after a restart', async (t) => {
    const rig = await withFirst(t, { idleTimeout: '50' });
    await until('it is closed', () => rig.disk.openPaths.length === 0);
    // The same inode with other content is what a new file on the freed inode looks like.
    writeFileSync(rig.path('a.log'), text(second) + text(third));
    await rig.untilCount(203);
    assert.deepEqual(rig.bodies.slice(100), [...second, ...third]);
    await rig.untilStored('a.log', text(second).length + text(third).length);
    await rig.stop();
    const longer = numbered('longer', 300);
    writeFileSync(rig.path('a.log'), text(longer));
    await rig.start();
    await exactly(rig, [...first, ...second, ...third, ...longer]);
  });

  test('two names of one file are one file', async (t) => {
    const rig = await withFirst(t);
    linkSync(rig.path('a.log'), rig.path('b.log'));
    appendFileSync(rig.path('b.log'), text(third));
    await exactly(rig, [...first, ...third]);
    unlinkSync(rig.path('a.log'));
    appendFileSync(rig.path('b.log'), text(second));
    await until('all', () => rig.bodies.includes(second.at(-1)!));
    assert.equal(rig.bodies.length, 100 + 3 + 1 + 100);
  });
});

describe('identity = inode-path', () => {
  test('reads a renamed file that matches again, as Flume does', async (t) => {
    const rig = await withFirst(t, { ...ROTATED, identity: 'inode-path' });
    renameSync(rig.path('a.log'), rig.path('a.log.1'));
    await exactly(rig, [...first, ...first]);
  });

  test('reads a copy, and does not look at content', async (t) => {
    const rig = await withFirst(t, { ...ROTATED, identity: 'inode-path' });
    copyFileSync(rig.path('a.log'), rig.path('a.log.1'));
    truncateSync(rig.path('a.log'));
    await exactly(rig, [...first, ...first]);
    assert.ok(readFileSync(`${rig.positionFile}.millrace`, 'utf8').includes('"tail":null'));
  });
});
