/** Many more files than are held open, and a system that lets fewer be opened than the source would. */
import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { until } from '../../kit/until.ts';
import { TailRig } from './rig.ts';

const FILES = 10_000;
const OPEN_MAX = 100;
const WAIT_MS = 120_000;

const namesOf = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}.log`);

/** What was put since the last look, sorted. */
async function next(rig: TailRig, count: number): Promise<string[]> {
  await until(`${count} events`, () => rig.events.length >= count, WAIT_MS);
  return rig.events
    .splice(0)
    .map(({ body }) => body)
    .sort();
}

describe('10,000 files, of which 100 may be open', { timeout: 300_000 }, () => {
  test('are read, followed, closed when idle, and go on where they were', async (t) => {
    const names = namesOf(FILES);
    const sorted = [...names].sort();
    const active = names.filter((_, n) => n % 100 === 0);
    const rig = await TailRig.open(
      t,
      { maxOpenFiles: String(OPEN_MAX), idleTimeout: '1000', writePosInterval: '500' },
      (it) => {
        for (const name of names) writeFileSync(it.path(name), `${name}\n`);
      },
    );
    assert.deepEqual(await next(rig, FILES), sorted);
    for (const name of active) appendFileSync(rig.path(name), `more ${name}\n`);
    assert.deepEqual(await next(rig, active.length), active.map((name) => `more ${name}`).sort());
    for (const name of names) appendFileSync(rig.path(name), `all ${name}\n`);
    assert.deepEqual(
      await next(rig, FILES),
      sorted.map((name) => `all ${name}`),
    );
    assert.ok(rig.disk.mostOpen <= OPEN_MAX, `${rig.disk.mostOpen} open at once`);
    await until('the idle ones are closed', () => rig.disk.openPaths.length === 0, WAIT_MS);
    await rig.stop();
    assert.equal(rig.stored().size, FILES);
    for (const name of active) appendFileSync(rig.path(name), `later ${name}\n`);
    await rig.start();
    assert.deepEqual(await next(rig, active.length), active.map((name) => `later ${name}`).sort());
    assert.equal(rig.degraded, null);
  });
});

describe('the system lets no more files be opened', () => {
  const FEWER =
    /lets no more files be opened\. From now on (\d+) files are held open, not maxOpenFiles = 1000/;

  test('at the start: all are read and followed with fewer, and some are left to others', async (t) => {
    const names = namesOf(400);
    const rig = await TailRig.open(t, {}, (it) => {
      it.disk.descriptors = OPEN_MAX;
      for (const name of names) writeFileSync(it.path(name), `${name}\n`);
    });
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(await next(rig, names.length), [...names].sort());
      if (round < 2) for (const name of names) appendFileSync(rig.path(name), `${name}\n`);
    }
    await rig.untilStored('399.log', 3 * '399.log\n'.length);
    const max = Number(FEWER.exec(rig.log.texts('warn').at(-1)!)?.[1]);
    assert.ok(max >= 32 && max < OPEN_MAX, `${max}`);
    await until('others have room', () => rig.disk.openPaths.length <= max);
    assert.match(rig.log.texts('warn')[0]!, /ulimit -n/);
    assert.deepEqual([rig.degraded, rig.log.texts('error')], [null, []]);
  });

  test('because others have taken them: the position file is written all the same', async (t) => {
    const names = namesOf(60);
    const rig = await TailRig.open(t, {}, (it) => {
      for (const name of names) writeFileSync(it.path(name), `${name}\n`);
    });
    await rig.untilStored('59.log', '59.log\n'.length);
    await until('all are open', () => rig.disk.openPaths.length === names.length);
    rig.disk.descriptors = names.length;
    appendFileSync(rig.path('7.log'), 'more\n');
    await rig.untilStored('7.log', '7.log\nmore\n'.length);
    assert.match(rig.log.texts('warn')[0]!, FEWER);
    assert.ok(rig.disk.openPaths.length < names.length);
    for (const name of names) appendFileSync(rig.path(name), 'more\n');
    assert.equal((await next(rig, 2 * names.length + 1)).length, 2 * names.length + 1);
    assert.deepEqual([rig.degraded, rig.log.texts('error')], [null, []]);
  });

  test('and nothing can make way: told, and over when there is room', async (t) => {
    const rig = await TailRig.open(t, { maxBackoffSleep: '50' });
    rig.disk.descriptors = 0;
    writeFileSync(rig.path('a.log'), 'one\n');
    await until('it is degraded', () => rig.degraded);
    assert.match(rig.degraded!, /EMFILE/);
    rig.disk.descriptors = 10;
    assert.deepEqual(await next(rig, 1), ['one']);
    await until('it is well again', () => rig.degraded === null);
  });
});
